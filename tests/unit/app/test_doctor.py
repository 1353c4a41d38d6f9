import json
import re
import sys

import pytest
from typer.testing import CliRunner

from napari_nucleus.app import doctor
from napari_nucleus.app.doctor import Check, examine, try_window, works
from napari_nucleus.cli import app


def test_every_subject_is_examined_whatever_is_missing():
    checks = examine()
    assert len(checks) == len(doctor.CHECKS)
    assert {"torch", "weights", "slides", "window", "memory", "disk"} <= {check.name for check in checks}
    assert all(check.found for check in checks)


def test_segmenting_works_unless_something_is_broken():
    good, absent, broken = (Check("x", state, "found") for state in ("good", "absent", "broken"))
    assert works([good, absent])
    assert not works([good, absent, broken])


def test_a_line_has_its_mark_and_its_fix():
    assert re.fullmatch(
        r"– napari +not installed\. Install it\.", str(Check("napari", "absent", "not installed", "Install it."))
    )


def test_a_check_that_fails_is_a_finding(monkeypatch):
    def check_nothing():
        raise OSError("libfoo.so: cannot open")

    monkeypatch.setattr(doctor, "CHECKS", (check_nothing,))
    assert examine()[0].state == "broken"
    assert "libfoo.so" in examine()[0].found


@pytest.mark.parametrize(
    "program",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import a_module_that_is_not_there",
        "raise SystemExit(3)",
    ],
)
def test_a_window_that_crashes_takes_nothing_down(program):
    check = try_window([sys.executable, "-c", program])
    assert check.state == "absent"
    assert check.fix


def test_without_a_display_no_window_is_tried(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert doctor.check_window().state == "absent"
    assert "xvfb-run" in doctor.check_window().fix


@pytest.mark.window
def test_a_real_context_is_opened():
    check = doctor.check_window()
    assert check.state == "good", check.found
    assert "OpenGL" in check.found


def test_the_command_prints_json_and_its_exit_code_says_whether_segmenting_works():
    result = CliRunner().invoke(app, ["doctor", "--json"])
    findings = json.loads(result.stdout)
    assert result.exit_code == (0 if findings["works"] else 1)
    assert {"name", "state", "found", "fix"} == set(findings["checks"][0])
