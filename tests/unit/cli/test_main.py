import subprocess
import sys

import pytest
import typer

import napari_nucleus
from napari_nucleus import cli
from napari_nucleus.core import NucleusError


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from napari_nucleus.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def ending(monkeypatch, capsys):
    """Runs ``main`` with one command that raises, and returns its exit code and standard error."""

    def ends_with(error):
        def broken():
            raise error

        program = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        program.command()(broken)
        monkeypatch.setattr(cli, "app", program)
        monkeypatch.setattr(sys, "argv", ["napari-nucleus"])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr().err

    return ends_with


def test_version_is_that_of_the_package():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"napari-nucleus {napari_nucleus.__version__}\n")


def test_help_lists_the_commands_without_loading_torch_or_pandas():
    program = (
        "import sys; from napari_nucleus.cli import app; app(['--help'], standalone_mode=False); "
        "sys.exit(sorted({'torch', 'pandas', 'napari', 'qtpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_wrong_usage_exits_with_2():
    done = run("segmnt")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NucleusError("Expected A, got B.\nDo C."), "napari-nucleus: Expected A, got B. Do C.\n"),
        (PermissionError(13, "Permission denied", "out"), "napari-nucleus: Permission denied: out\n"),
        (OSError(28, "No space left on device"), "napari-nucleus: [Errno 28] No space left on device\n"),
        (MemoryError(), "napari-nucleus: Expected more free memory. Close other programs, or give a smaller image.\n"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_1(ending, error, line):
    assert ending(error) == (1, line)


def test_an_interruption_is_one_line_and_exit_130(ending):
    assert ending(KeyboardInterrupt()) == (130, "napari-nucleus: interrupted.\n")


def test_our_own_mistakes_keep_their_traceback(monkeypatch):
    program = typer.Typer(pretty_exceptions_enable=False)

    @program.command()
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", program)
    monkeypatch.setattr(sys, "argv", ["napari-nucleus"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -c 'from napari_nucleus.cli import main; main()' --help | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
