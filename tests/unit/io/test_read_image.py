import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_nucleus.core import NucleusError
from napari_nucleus.io import READERS, read_image

TISSUE = np.random.default_rng(0).integers(60, 256, (48, 64, 3)).astype(np.uint8)
SLIDES = {".svs", ".ndpi", ".mrxs", ".scn", ".vms", ".vmu", ".bif", ".svslide"}


def write(path: Path, pixels: np.ndarray = TISSUE) -> Path:
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".npz":
        np.savez(path, image=pixels)
    elif path.suffix in (".tif", ".tiff", ".btf"):
        tifffile.imwrite(path, pixels, photometric="rgb", compression="zlib", bigtiff=path.suffix == ".btf")
    else:
        Picture.fromarray(pixels).save(path, **({"quality": 100, "subsampling": 0} if "jp" in path.suffix else {}))
    return path


WRITABLE = sorted(READERS.keys() - SLIDES)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_every_format_gives_the_pixels(suffix, tmp_path):
    image = read_image(write(tmp_path / f"tile{suffix}"))
    assert image.name == "tile"
    assert image.mpp is None
    np.testing.assert_allclose(image.array, TISSUE.astype(float), atol=16 if "jp" in suffix else 0)
    assert read_image(tmp_path / f"tile{suffix}", mpp=0.5).mpp == 0.5


@pytest.mark.parametrize("suffix", sorted(READERS))
@pytest.mark.parametrize(
    "content", [b"", b"this is a letter, not an image\n" * 9, b"II*\0", b"\x89PNG\r\n\x1a\n", b"PK\3\4"]
)
def test_every_format_explains_what_it_cannot_read(suffix, content, tmp_path):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    _refused(path)


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.97])
def test_a_truncated_file_is_refused(suffix, part, tmp_path):
    path = write(tmp_path / f"tile{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    _refused(path)


def _refused(path, words=""):
    with pytest.raises(NucleusError, match=r"^Expected .*, got .*\. .*\. File: ") as error:
        read_image(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_folder_and_unknown_suffix(tmp_path):
    _refused(tmp_path / "none.png", "nothing of that name")
    _refused(tmp_path, "a folder")
    (tmp_path / "tile.doc").write_bytes(b"x")
    _refused(tmp_path / "tile.doc", ".png")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = write(tmp_path / "tile.png")
    path.chmod(0)
    _refused(path, "right to read")


def test_a_broken_file_prints_nothing(tmp_path):
    for suffix in (".tif", ".png", ".npz"):
        path = write(tmp_path / f"tile{suffix}")
        path.write_bytes(path.read_bytes()[:-40])
    code = (
        "import sys; from napari_nucleus.io import read_image; from napari_nucleus.core import NucleusError\n"
        "for path in sys.argv[1:]:\n"
        "    try: read_image(path)\n"
        "    except NucleusError: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code, *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "TiffFile" in line] == []


def test_stacks_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([TISSUE] * 3), photometric="rgb")
    _refused(tmp_path / "stack.tif", "stack of 3")
    np.save(tmp_path / "stack.npy", np.stack([TISSUE] * 5))
    _refused(tmp_path / "stack.npy", "stack of 5")


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([object()]), allow_pickle=True)
    _refused(tmp_path / "evil.npy")
    np.savez(tmp_path / "evil.npz", image=np.array([{}], dtype=object))
    _refused(tmp_path / "evil.npz")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_header_that_lies_about_the_size_costs_nothing(tmp_path):
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    content = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 99)) + _chunk(b"IEND", b"")
    (tmp_path / "lie.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    _refused(tmp_path / "lie.png", "30000")


def test_past_the_limit_of_pillow(tmp_path):
    side = 13_400  # 180 megapixels; Pillow itself stops at 179
    Picture.new("1", (side, side), 1).save(tmp_path / "large.png", compress_level=1)
    assert read_image(tmp_path / "large.png").shape == (side, side)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_modes_of_png(mode, tmp_path):
    grey = Picture.fromarray(TISSUE[..., 0])
    picture = Picture.fromarray(TISSUE[..., 0].astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    picture.save(tmp_path / "tile.png")
    expected = (np.asarray(picture) * 255 if mode == "1" else TISSUE[..., 0])[..., None].repeat(3, axis=2)
    np.testing.assert_array_equal(read_image(tmp_path / "tile.png").array, expected)


def test_cmyk_jpeg_and_cmyk_tiff(tmp_path):
    Picture.fromarray(TISSUE).convert("CMYK").save(tmp_path / "tile.jpg")
    assert read_image(tmp_path / "tile.jpg").shape == (48, 64)
    Picture.fromarray(TISSUE).convert("CMYK").save(tmp_path / "tile.tif")
    _refused(tmp_path / "tile.tif", "CMYK")


def test_palette_tiff_has_its_colors(tmp_path):
    picture = Picture.fromarray(TISSUE).convert("P")
    picture.save(tmp_path / "tile.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "tile.tif").array, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("bad", [0, -1, float("nan"), 1000])
def test_an_impossible_mpp_is_refused(bad, tmp_path):
    with pytest.raises(NucleusError, match="mpp"):
        read_image(write(tmp_path / "tile.png"), mpp=bad)
