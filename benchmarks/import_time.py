"""Seconds that the first things a user meets take: the import, and the command line's help.

python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "python alone": "pass",
    "import napari_nucleus": "import napari_nucleus",
    "napari-nucleus --help": "import sys; sys.argv[1:] = ['--help']; from napari_nucleus.cli import main; main()",
}


def seconds(program: str, runs: int = 11) -> float:
    """Median time of a fresh interpreter that runs the program."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


for name, program in PROGRAMS.items():
    print(f"{name:24} {seconds(program):.3f} s")
