import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_nucleus.io import read_image

TISSUE = np.full((16, 16, 3), 200, np.uint8)


def _mpp(path, **options):
    tifffile.imwrite(path, TISSUE, photometric="rgb", **options)
    return read_image(path).mpp


@pytest.mark.parametrize(
    ("size", "unit", "expected"),
    [(0.25, "µm", 0.25), (250, "nm", 0.25), (0.0005, "mm", 0.5), (2e-5, "cm", 0.2), (0.25, "pixel", None)],
)
def test_ome(size, unit, expected, tmp_path):
    ome = {"PhysicalSizeX": size, "PhysicalSizeXUnit": unit, "PhysicalSizeY": size, "PhysicalSizeYUnit": unit}
    assert _mpp(tmp_path / "tile.ome.tif", metadata=ome) == (pytest.approx(expected) if expected else None)


def test_the_unit_of_ome_is_microns_where_it_is_left_out(tmp_path):
    assert _mpp(tmp_path / "tile.ome.tif", metadata={"PhysicalSizeX": 0.3, "PhysicalSizeY": 0.3}) == 0.3


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m", "MICRON"])
def test_imagej(unit, tmp_path):
    options = {"imagej": True, "resolution": (4, 4), "metadata": {"unit": unit}}
    assert _mpp(tmp_path / "tile.tif", **options) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("per_unit", "unit", "expected"),
    [
        (40_000, "CENTIMETER", 0.25),
        (25_400 / 0.5, "INCH", 0.5),
        (72, "INCH", None),
        (96, "INCH", None),
        (300, "INCH", None),
        (1, "NONE", None),
        (40_000, "NONE", None),
        (1, "CENTIMETER", None),
    ],
)
def test_resolution_tags(per_unit, unit, expected, tmp_path):
    found = _mpp(tmp_path / "tile.tif", resolution=(per_unit, per_unit), resolutionunit=unit)
    assert found == (pytest.approx(expected) if expected else None)


def test_no_resolution_and_oblong_pixels_are_unknown(tmp_path):
    assert _mpp(tmp_path / "none.tif") is None
    assert _mpp(tmp_path / "oblong.tif", resolution=(40_000, 20_000), resolutionunit="CENTIMETER") is None


@pytest.mark.parametrize(("dpi", "expected"), [(72, None), (300, None), (25_400 / 0.25, 0.25)])
def test_png(dpi, expected, tmp_path):
    Picture.fromarray(TISSUE).save(tmp_path / "tile.png", dpi=(dpi, dpi))
    assert read_image(tmp_path / "tile.png").mpp == (pytest.approx(expected, rel=1e-4) if expected else None)
