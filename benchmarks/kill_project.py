"""What becomes of corrections when the program is killed, the power fails, or two programs write at once.

``kills``: a process corrects nuclei, and is killed (SIGKILL) at a random moment, again and again. ``power``: the
writes and syncs of a process that corrects nuclei are recorded (strace); for random moments the disk is laid out as a
power cut may leave it: writes that weren't synced by then are there, gone or torn, each by chance. ``together``: two
processes correct the same nuclei. Each time, every correction that was acknowledged must be in the journal, the journal
must explain every byte of the nuclei, and the database must pass its integrity check. Linux only.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_nucleus.app.correct import Workbench
from napari_nucleus.app.correct.memory import ImageMemory
from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.project import OvertakenError, Project

SIDE, PITCH = 600, 24
SECTOR = 512


def new_project(folder: Path) -> None:
    """A grid of discs."""
    y, x = np.mgrid[:SIDE, :SIDE]
    number = (y // PITCH) * (SIDE // PITCH) + x // PITCH + 1
    inside = (y % PITCH - PITCH // 2) ** 2 + (x % PITCH - PITCH // 2) ** 2 <= 64
    with Project.create(folder, "consep") as project:
        project.add_image(folder / "none.png", NucleusMap.from_labels(np.where(inside, number, 0), classes="consep"))


def correct(bench: Workbench, rng: np.random.Generator) -> int:
    """One command; the number of its line in the journal, or 0 where there was nothing to do."""
    label = int(rng.choice(bench.rows.columns["label"]))
    y, x = round(bench.rows[label].y), round(bench.rows[label].x)
    stroke = (y - 2, x, y + 2, x + 4), np.ones((4, 4), bool)
    commands = (
        lambda: bench.set_class(label, int(rng.integers(1, 5))),
        lambda: bench.comment(label, f"seen {rng.integers(1000)}"),
        lambda: bench.erase(*stroke),
        lambda: bench.extend(label, (y - 1, x, y + 1, x + 11), np.ones((2, 11), bool)),
        lambda: bench.split(label, [[y - 20, x], [y + 20, x]]),
        bench.undo,
        bench.redo,
    )
    try:
        commands[rng.integers(len(commands))]()
    except NucleusError:
        return 0
    return bench.last_line


def work(folder: Path, seed: int, count: int, out: int) -> None:
    """Correct, and say so: a line of text for each correction, after it is acknowledged."""
    with Project.open(folder) as project:
        bench, rng = Workbench.open(project, 1, f"worker {seed}"), np.random.default_rng(seed)
        for _ in range(count):
            os.write(out, f"ack {correct(bench, rng)}\n".encode())


class Known:
    """What a project must hold: the image as it was, and every line since."""

    def __init__(self, folder: Path) -> None:
        with Project.open(folder) as project:
            self.memory, self.lines = ImageMemory.read(project, 1), [line.number for line in project.lines()]

    def check(self, folder: Path, acknowledged: set[int]) -> set[int]:
        """Whether everything is there; the lines since the last look."""
        with Project.open(folder) as project:
            assert project.base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            new = [line.number for line in project.lines(after=self.lines[-1] if self.lines else 0)]
            for number in new:
                self.memory.take_in(project.edit(number))
            self.lines += new
            assert acknowledged - {0} <= set(self.lines), "a correction is lost"
            assert np.array_equal(project.labels(1), self.memory.labels)
            assert project.rows(1) == self.memory.table.rows()
        return set(new)


def kills(folder: Path, count: int) -> None:
    new_project(folder)
    known, rng, acknowledged, cut = Known(folder), np.random.default_rng(0), set(), 0
    for i in range(count):
        child, pipe = forked(folder, i, 1_000_000)
        time.sleep(float(rng.uniform(0.05, 0.6)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = acks(pipe)
        acknowledged |= told
        cut += len(known.check(folder, acknowledged) - acknowledged)
    print(f"{count} kills, {len(acknowledged):,} corrections acknowledged, none lost; {cut} more were on the disk")


def forked(folder: Path, seed: int, count: int) -> tuple[int, int]:
    """A process that corrects, and the end of the pipe that it tells of it through."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(folder, seed, count, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    return child, ours


def acks(pipe: int) -> set[int]:
    with os.fdopen(pipe) as told:
        return {int(word) for word in re.findall(r"ack (\d+)\n", told.read())}


def power(folder: Path, count: int, edits: int) -> None:
    new_project(folder / "project")
    shutil.copytree(folder / "project", folder / "begin")
    known = Known(folder / "begin")
    log = folder / "calls.txt"
    calls = "trace=lseek,write,pwrite64,fsync,fdatasync,ftruncate,unlink,close"
    command = [sys.executable, __file__, "work", "--folder", str(folder / "project"), "--edits", str(edits)]
    record = ["strace", "-f", "-y", "-xx", "-s", "999999", "-e", calls, "-o", str(log)]
    subprocess.run([*record, *command], check=True, stdout=subprocess.DEVNULL)
    told = list(operations(log, folder / "project"))
    print(
        f"{edits} commands: {sum(kind == 'write' for kind, *_ in told):,} writes, "
        f"{sum(kind == 'sync' for kind, *_ in told):,} syncs"
    )
    rng, lost = np.random.default_rng(0), 0
    for moment in sorted(rng.integers(1, len(told), count).tolist()):
        acknowledged = {number for kind, number, *_ in told[:moment] if kind == "ack"}
        disk, torn = after_power_cut(told[:moment], folder / "begin", rng)
        target = folder / "cut"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for name, content in disk.items():
            (target / name).write_bytes(content)
        lost += torn
        fresh = Known(folder / "begin")
        fresh.check(target, acknowledged)
    print(f"{count} power cuts with {lost:,} writes not synced by then; nothing acknowledged is lost")
    assert known.lines == []


def operations(log: Path, folder: Path) -> Iterator[tuple]:
    """Writes (name, offset, bytes), syncs, truncations and removals in the project, and acknowledgements, in order."""
    place: dict[str, int] = defaultdict(int)
    pattern = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
    for line in log.open():
        found = pattern.match(line)
        if found is None or int(found[3]) < 0:
            continue
        call, arguments, result = found[1], found[2], int(found[3])
        handle = re.match(r"(\d+)<([^>]*)>", arguments)
        path = Path(_text(handle[2])) if handle else None
        if call == "write" and handle and handle[1] == "1":
            for number in re.findall(r"ack (\d+)\n", _bytes(arguments).decode()):
                yield "ack", int(number)
        if call == "unlink" and _bytes(arguments).decode().startswith(str(folder)):
            yield "remove", Path(_bytes(arguments).decode()).name
        if path is None or path.parent != folder or path.name.endswith("-shm"):
            continue
        if call == "lseek":
            place[handle[0]] = result
        elif call in ("write", "pwrite64"):
            at = int(arguments.rsplit(", ", 1)[1]) if call == "pwrite64" else place[handle[0]]
            place[handle[0]] = at + result
            yield "write", path.name, at, _bytes(arguments)[:result]
        elif call in ("fsync", "fdatasync"):
            yield "sync", path.name
        elif call == "ftruncate":
            yield "truncate", path.name, int(arguments.rsplit(", ", 1)[1])


def _text(escaped: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), escaped)


def _bytes(arguments: str) -> bytes:
    return bytes.fromhex(re.search(r'"((?:\\x[0-9a-f]{2})*)"', arguments)[1].replace("\\x", ""))


def after_power_cut(told: list[tuple], begin: Path, rng: np.random.Generator) -> tuple[dict[str, bytes], int]:
    """The files, each with what was synced, and by chance with some of what wasn't; and how much wasn't."""
    synced: dict[str, int] = {}
    for i, (kind, name, *_) in enumerate(told):
        if kind in ("sync", "remove"):
            synced[name] = i
    disk = {path.name: bytearray(path.read_bytes()) for path in begin.iterdir() if not path.name.endswith("-shm")}
    unsynced = 0
    for i, (kind, name, *values) in enumerate(told):
        if kind == "remove":
            disk.pop(name, None)
        elif kind == "truncate":
            del disk.setdefault(name, bytearray())[values[0] :]
        elif kind == "write":
            sure = i < synced.get(name, -1)
            unsynced += not sure
            write(disk.setdefault(name, bytearray()), *values, 1.0 if sure else rng.choice([0.0, 0.5, 1.0]), rng)
    return {name: bytes(content) for name, content in disk.items()}, unsynced


def write(content: bytearray, at: int, data: bytes, chance: float, rng: np.random.Generator) -> None:
    """Each sector of a write, or not."""
    for start in range(0, len(data), SECTOR):
        if rng.random() < chance:
            part = data[start : start + SECTOR]
            content.extend(bytes(max(0, at + start + len(part) - len(content))))
            content[at + start : at + start + len(part)] = part


def together(folder: Path, edits: int) -> None:
    """Two processes count in the comments of the same nuclei; each reads, adds one, and writes."""
    new_project(folder)
    known, start = Known(folder), time.perf_counter()
    children = [os.fork() or count(folder, seed, edits // 2) for seed in range(2)]
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    seconds = time.perf_counter() - start
    lines = len(known.check(folder, set()))
    total = sum(int(row.comment or 0) for row in known.memory.table.rows())
    assert (lines, total) == (edits, edits)
    print(f"{edits:,} corrections by two processes in {seconds:.0f} s, none lost")


def count(folder: Path, seed: int, edits: int) -> int:
    refused = 0
    with Project.open(folder) as project:
        bench, rng = Workbench.open(project, 1, f"counter {seed}"), np.random.default_rng(seed)
        labels = sorted(bench.rows.columns["label"].tolist())[:20]
        done = 0
        while done < edits:
            label = int(rng.choice(labels))
            try:
                bench.comment(label, str(int(bench.rows[label].comment or 0) + 1))
                done += 1
            except OvertakenError:
                refused += 1
    print(f"process {seed}: {edits:,} corrections, {refused} refused at first and made again", flush=True)
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "power", "together", "work"))
    parser.add_argument("--count", type=int, default=200, help="kills, or power cuts")
    parser.add_argument("--edits", type=int, default=None, help="default: 600 for power, 10,000 for together")
    parser.add_argument("--folder", type=Path, default=None, help="default: a temporary one here")
    given = parser.parse_args()
    if given.what == "work":
        work(given.folder, 0, given.edits, sys.stdout.fileno())
        return
    folder = Path(tempfile.mkdtemp(dir=given.folder or Path.cwd(), prefix="kill-"))
    try:
        if given.what == "kills":
            kills(folder / "project", given.count)
        elif given.what == "power":
            power(folder, given.count, given.edits or 600)
        else:
            together(folder / "project", given.edits or 10_000)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
