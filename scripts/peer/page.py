"""BENCHMARKS.md's measured part: read, changed row by row, written again with what it comes to."""

import os
import platform
import re
import statistics

IN_FLIGHT = " in flight"
MACHINE = f"{os.cpu_count()} cores, {platform.machine()}"


def spread(values, scale=1.0, digits=2):
    values = [value * scale for value in values]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def reason(text):
    """The last thing it said, for a cell of a table."""
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if line.strip()]
    return lines[-1].strip()[:120].replace("|", "\\|") if lines else "it said nothing"


class Page:
    """The measured part of BENCHMARKS.md, which is all that is kept: what is measured anew takes the old row's place."""

    begin, end = "<!-- peers -->", "<!-- /peers -->"
    headings = {"peers": "Against what people use", "limit": "Against the limit"}

    def __init__(self, file):
        self.file, self.machine, self.versions, self.rows = file, MACHINE, {}, {}
        table = None
        for line in self.file.read_text().split(self.begin, 1)[1].split(self.end, 1)[0].splitlines():
            if machine := re.fullmatch(r"Measured on (.+)\. Versions:", line):
                self.machine = machine[1]
            elif version := re.fullmatch(r"- (.+?): (\S.*)", line):
                if not self.rows:
                    self.versions[version[1]] = version[2]
            elif line.startswith("### "):
                found = re.fullmatch(r"### (.+): (\w+), (\d+) ms injected per call", line)
                table = found and (found[1] == self.headings["limit"], found[2], int(found[3]))
            elif row := re.fullmatch(r"\| ([\d,]+) \| (.+?) \| (.+) \|", line):
                self.rows[(*table, int(row[1].replace(",", "")), row[2])] = row[3]

    def same_machine(self):
        """Figures of two machines do not belong in one table."""
        if self.rows and self.machine != MACHINE:
            raise SystemExit(f"{self.file.name} was measured on {self.machine}, and this is {MACHINE}: take its tables out to begin anew")

    def put(self, limit, world, latency, accounts, way, found):
        if "wrong" in found:
            row = f"not done: {reason(found['wrong'])} | | |"
        else:
            row = " | ".join([spread(found["wall"]), spread(found["cpu"], 1000), spread(found["peak"], 1, 0), str(len(found["wall"]))])
        self.rows[(limit, world, latency, accounts, way)] = row

    def median(self, key, column):
        """Of a row's wall time, CPU or memory; None where there is no row, or it was not done."""
        row = self.rows.get(key, "not done")
        return None if row.startswith("not done") else float(row.split(" | ")[column].split(" ")[0])

    def tables(self):
        lines, table = [], None
        for *head, accounts, way in sorted(self.rows, key=self.order):
            if head != table:
                table, (limit, world, latency) = head, head
                title = self.headings["limit" if limit else "peers"]
                lines += ["", f"### {title}: {world}, {latency} ms injected per call", "",
                          "| accounts | way | wall, s | CPU an account, ms | peak memory, MiB | runs |", "| --- | --- | --- | --- | --- | --- |"]
            lines.append(f"| {accounts:,} | {way} | {self.rows[(*head, accounts, way)]} |")
        return lines

    def order(self, key):
        """By what a row is of; ours first, then the floor, then as they stand in the list of versions."""
        limit, world, latency, accounts, way = key
        name, _, width = way.partition(IN_FLIGHT)
        wide = int(name.rsplit(", ", 1)[1]) if limit else 0
        rank = 0 if way.startswith("turbot-onboard") else 1 if way.startswith("bare") else 2
        return limit, world, latency, accounts, -wide, rank, [*self.versions, way].index(way)

    def comparison(self):
        """How many times our CPU and wall time each other way took, for the same accounts."""
        ours, lines = "turbot-onboard (library)", []
        for table in sorted({key[:3] for key in self.rows if not key[0]}):
            for way in self.versions:
                sizes = [key[3] for key in sorted(self.rows) if key[:3] == table and key[4] == way]
                pairs = [((*table, size, way), (*table, size, ours)) for size in sizes]
                pairs = [(other, own) for other, own in pairs if self.median(own, 0) and self.median(other, 0)]
                if not pairs:
                    continue
                times = lambda column: ", ".join(f"{self.median(a, column) / self.median(b, column):.0f}" for a, b in pairs)  # noqa: E731
                accounts = ", ".join(f"{other[3]:,}" for other, _ in pairs)
                lines.append(f"| {table[1]}, {table[2]} ms | {way} | {accounts} | {times(1)} | {times(0)} |")
        head = ["| where | way | accounts | CPU, times ours | wall time, times ours |", "| --- | --- | --- | --- | --- |"]
        return ["", "### What the comparison comes to", "", *head, *lines] if lines else []

    def ratios(self):
        """What the limit comes to: makespan over its optimum, CPU over the bare loop's, growth."""
        lines = []
        for key in sorted(self.rows, key=self.order):
            limit, world, latency, accounts, way = key
            if not limit or not way.startswith("turbot-onboard") or self.median(key, 0) is None:
                continue
            width = int(way.removesuffix(IN_FLIGHT).rsplit(", ", 1)[1])
            facts = [f"peak memory {self.median(key, 2):.0f} MiB"]
            bare = (*key[:4], f"bare loop of the same requests, {width}{IN_FLIGHT}")
            if self.median(bare, 1):
                facts.append(f"CPU {self.median(key, 1) / self.median(bare, 1):.2f} times the bare loop's")
            if latency:
                # Four calls on the critical path: the two that read back are made side by side. Whole rounds of the width.
                optimum = 4 * latency / 1000 * -(-accounts // width)
                facts.append(f"makespan {self.median(key, 0) / optimum:.3f} of the latency-bound optimum of {optimum:.1f} s")
            smaller = (limit, world, latency, accounts // 10, way)
            if self.median(smaller, 0):
                facts.append(f"{self.median(key, 0) / self.median(smaller, 0):.1f} times the time of a tenth")
            lines.append(f"- {world}, {latency} ms, {accounts:,} accounts, {width} in flight: {'; '.join(facts)}.")
        return ["", "### What the limit comes to", "", *lines] if lines else []

    def write(self):
        versions = [f"- {name}: {version}" for name, version in self.versions.items()]
        text = "\n".join([f"Measured on {self.machine}. Versions:", "", *versions, *self.tables(), *self.comparison(), *self.ratios(), ""])
        before, rest = self.file.read_text().split(self.begin, 1)
        self.file.write_text(f"{before}{self.begin}\n{text}{self.end}{rest.split(self.end, 1)[1]}")
