"""The emulators, one of each for all tests, and accounts in them, one for each test."""

import pytest
from command import BINARY, Account
from emulators import start_ministack, start_moto, start_sandbox
from recorder import Recorder
from turbot_stand_in import TurbotStandIn

SHOWN = 60


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


def running(start, logs):
    emulator = start(logs)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def moto(logs):
    yield from running(start_moto, logs)


@pytest.fixture(scope="session")
def ministack(logs):
    yield from running(start_ministack, logs)


@pytest.fixture(scope="session")
def sandbox(logs):
    yield from running(lambda folder: start_sandbox(folder, BINARY), logs)


@pytest.fixture
def account_in(tmp_path):
    """Makes an untouched account in an emulator, with a Turbot of its own."""
    assert BINARY.exists(), f"{BINARY} is not built"
    closing = []

    def make(emulator, partition="aws"):
        turbot, recorder = TurbotStandIn(emulator, partition), Recorder(emulator)
        closing.extend([turbot, recorder])
        home = tmp_path / f"home-{len(closing)}"
        home.mkdir()
        return Account(emulator, turbot, recorder, home, partition)

    yield make
    for server in closing:
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows what was called and the end of the servers' logs when a test fails."""
    report = yield
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            recorder = getattr(value, "recorder", None)
            if recorder is not None:
                report.sections.append(("AWS calls", "\n".join(map(str, recorder.calls))))
            server = getattr(value, "server", None)
            if server is not None:
                lines = server.text().splitlines()[-SHOWN:]
                report.sections.append((f"{server.name}'s log", "\n".join(lines)))
    return report
