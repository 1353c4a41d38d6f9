import pytest
from typer.testing import CliRunner

from napari_nucleus.cli import app


@pytest.fixture(autouse=True)
def without_a_display(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_a_display_pictures_and_tables_are_written(tmp_path):
    result = CliRunner().invoke(app, ["demo", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "napari-nucleus-demo"
    assert str(folder) in result.output
    assert {"PQ", "epithelial", "annotated"} <= set(result.output.split())
    assert {path.suffix for path in folder.iterdir()} == {".png", ".csv", ".tif", ".geojson"}


def test_a_folder_that_cannot_be_made_fails_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["demo", "--out", "file"])
    assert isinstance(result.exception, FileExistsError)
    assert result.output == ""
