"""What this machine can do: one `Check` a subject, each with its remedy."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from napari_nucleus import __version__
from napari_nucleus.core import NucleusError

_MARKS = {"good": "✓", "absent": "–", "broken": "✗"}
_GIB = 1024**3
_INSTALL_ALL = 'Install it: pip install "napari-nucleus[all]".'


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes
    ----------
    name : str
    state : {"good", "absent", "broken"}
        ``"absent"``: segmenting works without it. ``"broken"``: it doesn't.
    found : str
        What there is.
    fix : str
        What to do; empty where nothing is to be done.
    """

    name: str
    state: Literal["good", "absent", "broken"]
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{_MARKS[self.state]} {self.name:<15} {self.found}{'. ' if self.fix else ''}{self.fix}"


def examine() -> list[Check]:
    """Every finding about this machine; takes a few seconds, and never raises."""
    return [_guarded(check) for check in CHECKS]


def works(checks: Sequence[Check]) -> bool:
    """Whether nuclei can be segmented here, with or without a window."""
    return all(check.state != "broken" for check in checks)


def has_display() -> bool:
    """Whether a window can be shown; on Linux a display must be set."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def check_package() -> Check:
    """Our own version, Python's, and the system."""
    return Check("napari-nucleus", "good", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")


def check_torch() -> Check:
    """Whether the network can run at all."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "broken", _first_line(error), "Install it again: pip install --force-reinstall torch")
    return Check("torch", "good", f"{torch.__version__}, {torch.get_num_threads()} CPU threads")


def check_device() -> Check:
    """Where the network would run, and in which precision."""
    from napari_nucleus.inference.device import list_devices, precision

    best, *_ = devices = list_devices()
    if best == "cpu":
        return Check("device", "good", f"CPU in {precision(best)}; no CUDA or MPS device")
    return Check("device", "good", f"{', '.join(map(_describe, devices))} in {precision(best)}")


def _describe(device: str) -> str:
    if not device.startswith("cuda"):
        return device.upper()
    import torch

    card = torch.cuda.get_device_properties(torch.device(device))
    return f"{device} ({card.name}, {card.total_memory / _GIB:.0f} GiB)"


def check_weights() -> Check:
    """Whether the default model is there and loads."""
    from napari_nucleus.models import load_model

    card = load_model("default").card
    return Check(
        "weights", "good", f"default model {card.name}, {card.parameters / 1e6:.2f} M parameters, {card.mpp} µm"
    )


def check_slides() -> Check:
    """The readers of slides and of TIFF."""
    try:
        openslide = importlib.import_module("openslide")
    except (ImportError, OSError) as error:
        return Check("slides", "absent", f"openslide: {_first_line(error)}", "Install it: pip install openslide-bin.")
    return Check(
        "slides",
        "good",
        f"OpenSlide {openslide.__library_version__}, tifffile {version('tifffile')}, zarr {version('zarr')}",
    )


def check_napari() -> Check:
    """Whether napari is installed."""
    try:
        return Check("napari", "good", version("napari"))
    except PackageNotFoundError:
        return Check("napari", "absent", "not installed (the command line works without it)", _INSTALL_ALL)


def check_window() -> Check:
    """Qt and OpenGL, tried for real in a process of their own: a crash of a driver stays there."""
    if not has_display():
        found = "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
        return Check(
            "window", "absent", found, "Use the command line, or a virtual screen: xvfb-run -a napari-nucleus demo."
        )
    return try_window([sys.executable, "-m", "napari_nucleus.gui.opengl_check"])


def try_window(command: Sequence[str]) -> Check:
    """Run a program that opens an OpenGL context and prints what it got as JSON."""
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return Check("window", "absent", "OpenGL did not answer within 60 s", "Update the graphics driver.")
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"the process ended with {child.returncode}"]
        return Check("window", "absent", lines[-1], _window_fix(child.stderr))
    got = json.loads(child.stdout.splitlines()[-1])
    return Check("window", "good", f"{got['qt']}, OpenGL {got['opengl']} ({got['renderer']})")


def _window_fix(errors: str) -> str:
    if "No module named" in errors or "No Qt bindings" in errors:
        return _INSTALL_ALL
    if sys.platform == "linux":
        return "Install what Qt and OpenGL need: apt-get install libegl1 libgl1 libxcb-cursor0 libxkbcommon-x11-0."
    return "Update the graphics driver."


def check_memory() -> Check:
    """Free memory; maps of a large image need some."""
    memory = psutil.virtual_memory()
    found = f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    if memory.available < _GIB:
        return Check("memory", "absent", found, "Close other programs before segmenting large images.")
    return Check("memory", "good", found)


def check_disk() -> Check:
    """Free disk space where results would be written."""
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    if free < 1:
        return Check("disk", "absent", f"{free:.2f} GiB free in {Path.cwd()}", "Free some space for results.")
    return Check("disk", "good", f"{free:.0f} GiB free in {Path.cwd()}")


CHECKS: tuple[Callable[[], Check], ...] = (
    check_package,
    check_torch,
    check_device,
    check_weights,
    check_slides,
    check_napari,
    check_window,
    check_memory,
    check_disk,
)


def _guarded(check: Callable[[], Check]) -> Check:
    """A finding, even where the check itself fails: that is what is being looked for."""
    name = check.__name__.removeprefix("check_")
    try:
        return check()
    except NucleusError as error:
        return Check(name, "broken", str(error))
    except Exception as error:
        return Check(name, "broken", f"{type(error).__name__}: {_first_line(error)}", "Install napari-nucleus again.")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
