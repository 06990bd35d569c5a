"""A proxy before an emulator that writes down which AWS calls came, and forwards them as they are."""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

READS = ("Get", "List", "Describe", "Simulate")
NOT_FORWARDED = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Recorder:
    """Serves on loopback from a thread of this process; `calls` holds (operation, status, error code) in order."""

    def __init__(self, emulator):
        self.calls = []
        address = urllib.parse.urlsplit(emulator.url)
        handler = type("Handler", (_Handler,), {"recorder": self, "target": (address.hostname, address.port)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def writes(self, since=0):
        """What came that changes something. An AssumeRole changes nothing in an account."""
        names = [name for name, _, _ in self.calls[since:]]
        return [name for name in names if not name.startswith(READS) and name != "AssumeRole"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: Recorder
    target = ("", 0)

    def log_message(self, *_):
        """Nothing is logged: requests carry secrets."""

    def do_POST(self):  # the name is http.server's
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # The Host header is part of the signature, so it goes on as it came.
        connection = http.client.HTTPConnection(*self.target, timeout=60)
        try:
            connection.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in NOT_FORWARDED:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
            headers = answer.getheaders()
        finally:
            connection.close()
        self.recorder.calls.append((operation(self.headers, body), answer.status, error_code(answer.status, text)))
        self.send_response_only(answer.status)
        for name, value in headers:
            if name.lower() not in NOT_FORWARDED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def operation(headers, body):
    """The operation's name: from the target header of a JSON service, from the form of a query service."""
    target = headers.get("X-Amz-Target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    return urllib.parse.parse_qs(body.decode(errors="replace")).get("Action", ["?"])[0]


def error_code(status, text):
    """The error's code, where there is one."""
    if status < 400:
        return None
    decoded = text.decode(errors="replace")
    if decoded.startswith("{"):
        return json.loads(decoded).get("__type", "?").rsplit("#", 1)[-1]
    return decoded.partition("<Code>")[2].partition("</Code>")[0] or "?"
