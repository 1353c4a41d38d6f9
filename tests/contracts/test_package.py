"""What every user of the package relies on: a light import, all public names, and a wheel that is complete."""

import contextlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import napari_nucleus

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
HEAVY = {"torch", "qtpy", "PyQt6", "PySide6", "napari", "pandas", "scipy", "skimage", "cv2", "zarr", "dask"}


def test_importing_the_package_loads_nothing_heavy():
    program = f"import sys, napari_nucleus; sys.exit(' '.join({HEAVY!r} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there():
    assert {"read_image", "segment", "NucleusMap"} <= set(napari_nucleus.__all__)
    assert all(hasattr(napari_nucleus, name) for name in napari_nucleus.__all__)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with contextlib.chdir(ROOT):  # the README is looked for where the build runs
        (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_every_file_of_the_package(wheel):
    files = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*") if path.is_file()}
    files = {name for name in files if "__pycache__" not in name}
    assert {"napari_nucleus/napari.yaml", "napari_nucleus/py.typed"} <= files
    assert files <= set(wheel.namelist())


@pytest.mark.parametrize("kind", ["models/weights/*.safetensors", "models/weights/*.json", "samples/*"])
def test_the_wheel_brings_the_default_model_and_the_samples(wheel, kind):
    assert any(Path(name).match(f"napari_nucleus/{kind}") for name in wheel.namelist())


def test_the_metadata_suit_the_napari_hub(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    metadata = wheel.read(name).decode()
    assert "Classifier: Framework :: napari" in metadata
    assert "Description-Content-Type: text/markdown" in metadata
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "napari_nucleus:napari.yaml" in wheel.read(entry_points).decode()
