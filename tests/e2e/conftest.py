"""The commands as a user types them; in this process, as loading PyTorch anew for each would take minutes."""

import sys
from dataclasses import dataclass

import pytest

from napari_nucleus.cli import main


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["napari-nucleus", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return Done(stop.value.code or 0, *capsys.readouterr())

    return run
