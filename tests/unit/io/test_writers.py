import os

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import WRITERS, write_results

IMAGE = np.full((300, 300, 3), 230, np.uint8)
# Noise does not compress: every format needs more than the limit below.
NUCLEI = NucleusMap.from_labels(np.random.default_rng(0).integers(0, 900, (300, 300)).astype(np.int32))


@pytest.mark.parametrize("name", sorted(WRITERS))
class TestEveryWriter:
    def test_writes_one_whole_file_and_replaces_it(self, name, tmp_path):
        path = tmp_path / f"tile{WRITERS[name].suffix}"
        path.write_text("old")
        WRITERS[name].write(path, NUCLEI, IMAGE)
        assert path.stat().st_size > 1000
        assert list(tmp_path.iterdir()) == [path]

    def test_a_missing_folder_is_one_line(self, name, tmp_path):
        self._refused(name, tmp_path / "none" / "tile")

    def test_a_file_in_place_of_the_folder_is_one_line(self, name, tmp_path):
        (tmp_path / "file").write_text("x")
        self._refused(name, tmp_path / "file" / "tile")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
    def test_no_permission_is_one_line(self, name, tmp_path):
        (tmp_path / "locked").mkdir(mode=0o500)
        self._refused(name, tmp_path / "locked" / "tile")

    def test_a_full_disk_leaves_what_was_there(self, name, tmp_path):
        resource = pytest.importorskip("resource")
        path = tmp_path / f"tile{WRITERS[name].suffix}"
        path.write_text("old")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
        try:
            self._refused(name, tmp_path / "tile")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def _refused(self, name, stem):
        with pytest.raises(NucleusError, match=r"^Expected .*, got .*\. .*\.$") as error:
            WRITERS[name].write(stem.with_name(stem.name + WRITERS[name].suffix), NUCLEI, IMAGE)
        assert str(stem) in str(error.value)
        assert "\n" not in str(error.value)


def test_results_are_written_side_by_side(tmp_path):
    paths = write_results(tmp_path, "tile", NUCLEI, IMAGE)
    assert set(paths) == set(WRITERS)
    for name, path in paths.items():
        alone = tmp_path / "alone" / path.name
        alone.parent.mkdir(exist_ok=True)
        WRITERS[name].write(alone, NUCLEI, IMAGE)
        assert path.read_bytes() == alone.read_bytes()


def test_one_format_that_fails_spoils_no_other(tmp_path):
    (tmp_path / "tile.geojson").mkdir()
    with pytest.raises(NucleusError, match="geojson"):
        write_results(tmp_path, "tile", NUCLEI, IMAGE)
    assert (tmp_path / "tile.nuclei.csv").stat().st_size > 1000


def test_an_unknown_format_writes_nothing(tmp_path):
    with pytest.raises(NucleusError, match="got 'docx'"):
        write_results(tmp_path, "tile", NUCLEI, IMAGE, ["csv", "docx"])
    assert list(tmp_path.iterdir()) == []
