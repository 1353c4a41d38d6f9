"""What a run was made with: packages, commit, device, threads, command."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import torch

from napari_nucleus import __version__
from napari_nucleus.training.whole_file import whole_file

# What changes the results or the speed of torch from outside.
_VARIABLES = ("CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "WORLD_SIZE")


def environment(device: str) -> dict[str, Any]:
    """Everything outside the recipe that a run depends on, as plain values.

    Parameters
    ----------
    device : str
        Of torch.
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(sys.orig_argv),
        "napari_nucleus": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": device,
        "device_name": _device_name(device),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if torch.cuda.is_available() else None,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "packages": dict(sorted((d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"])),
    }


def record_environment(folder: Path, device: str, first: int) -> None:
    """Write ``environment.json``: a list with one entry for each time that the run was started or resumed.

    Parameters
    ----------
    folder : Path
        Of the run.
    device : str
    first : int
        Steps that were done by then.
    """
    path = folder / "environment.json"
    starts = json.loads(path.read_text(encoding="utf-8")) if first and path.exists() else []
    starts.append({"first_step": first + 1, **environment(device)})
    with whole_file(path) as file:
        file.write((json.dumps(starts, indent=2) + "\n").encode())


def commit() -> str | None:
    """The commit of this package's own repository, with ``+`` behind it where files were changed; else None."""
    here = Path(__file__)

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=here.parent, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    # An installed package may lie in a repository of somebody else's, which doesn't track it.
    if git("ls-files", "--error-unmatch", here.name) is None:
        return None
    found = git("rev-parse", "HEAD")
    return found and found + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def _device_name(device: str) -> str:
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
