import numpy as np
import pytest

from napari_nucleus.core import Image, NucleusError
from napari_nucleus.inference import Thresholds, reading, segment, segment_steps
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.metrics import panoptic_quality


@pytest.fixture(scope="module")
def tile():
    image, truth = consep_tile()
    return image.array[:384, :512].copy(), truth.labels[:384, :512]


@pytest.fixture(scope="module")
def result(tile):
    return segment(Image((tile[0],), mpp=0.25, name="tile"))


def test_finds_the_nuclei_of_real_tissue(tile, result):
    assert panoptic_quality(tile[1], result.nuclei.labels).pq > 0.3
    assert result.nuclei.scheme.name == "consep"
    assert result.maps.shape == result.nuclei.labels.shape == (384, 512)
    np.testing.assert_allclose(result.maps.type_prob.sum(0), 1, atol=1e-3)
    assert result.notes == ()


def test_same_again(tile, result):
    again = segment(Image((tile[0],), mpp=0.25))
    np.testing.assert_array_equal(again.nuclei.labels, result.nuclei.labels)


def test_other_pixel_sizes_find_the_same_nuclei(tile, result):
    import cv2

    half = cv2.resize(tile[0], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    coarse = segment(Image((half,), mpp=0.5))
    assert coarse.nuclei.labels.shape == (192, 256)
    assert coarse.maps.mpp == 0.5
    grown = cv2.resize(coarse.nuclei.labels, (512, 384), interpolation=cv2.INTER_NEAREST)
    assert panoptic_quality(result.nuclei.labels, grown).pq > 0.5
    assert coarse.nuclei.table["area_um2"].median() == pytest.approx(result.nuclei.table["area_um2"].median(), rel=0.2)


def test_blocks_agree_with_the_whole(tile, result, monkeypatch):
    """A large image goes in blocks; at a block size that a test can afford the nuclei are the same."""
    monkeypatch.setattr(reading, "_BLOCK", 208)
    blocked = segment(Image((tile[0],), mpp=0.25))
    assert panoptic_quality(result.nuclei.labels, blocked.nuclei.labels).pq > 0.97
    assert set(blocked.nuclei.table.columns) == set(result.nuclei.table.columns)
    assert blocked.maps.shape == (384, 512)


def test_missing_pixel_size_is_assumed_and_said(tile):
    result = segment(tile[0][:64, :64])
    assert result.nuclei.mpp == 0.25
    assert "0.25 µm assumed" in result.notes[0]


def test_stops_between_tiles(tile):
    steps = segment_steps(np.tile(tile[0], (3, 3, 1)), mpp=0.25)
    assert next(steps).total == 0
    assert next(steps).done == 1
    steps.close()


def test_doubt_of_each_nucleus_comes_with_it(tile, result):
    assert result.passes == 1
    assert result.disagreement is None
    assert result.nuclei.table["entropy"].between(0, 1).all()
    assert "disagreement" not in result.nuclei.table
    sure = result.nuclei.table.filter(like="p_").max(axis=1)
    assert result.nuclei.table["entropy"].corr(sure, method="spearman") < -0.8


def test_ensembles_say_where_their_members_differ(tile):
    both = segment(tile[0][:128, :160], ["default", "nucleus_small"], mpp=0.25, tta=True)
    assert both.passes == 6
    assert both.disagreement.shape == (128, 160)
    assert both.nuclei.table["disagreement"].between(0, 1).all()
    assert both.nuclei.table["disagreement"].max() > 0


def test_blocks_of_ensembles_keep_the_doubt(tile, monkeypatch):
    monkeypatch.setattr(reading, "_BLOCK", 128)
    blocked = segment(tile[0][:200, :200], tta=True, mpp=0.25)
    assert blocked.nuclei.table[["entropy", "disagreement"]].notna().all(axis=None)
    assert blocked.disagreement.shape == (200, 200)


def test_thresholds_decide(tile, result):
    strict = segment(tile[0], mpp=0.25, thresholds=Thresholds(0.9, 0.4, 20.0))
    assert 0 < len(strict.nuclei) < len(result.nuclei)


def test_maps_can_be_dropped(tile):
    assert segment(tile[0][:64, :64], mpp=0.25, keep_maps=False).maps is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (17, 3)])
def test_tiny_images(shape):
    result = segment(np.full((*shape, 3), 240, np.uint8), mpp=0.25)
    assert result.nuclei.labels.shape == result.maps.shape == shape


def test_blank_glass_has_no_nuclei():
    result = segment(np.full((200, 200, 3), 244, np.uint8), mpp=0.25)
    assert len(result.nuclei) == 0


def test_flips_change_little(tile, result):
    flipped = segment(tile[0], mpp=0.25, tta=True)
    assert panoptic_quality(result.nuclei.labels, flipped.nuclei.labels).pq > 0.7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "nothing"}, "Expected a model"),
        ({"model": []}, "Expected a model"),
        ({"device": "abacus"}, "Expected a device"),
        ({"mpp": 0}, "between 0.01 and 100"),
    ],
)
def test_bad_choices(tile, options, message):
    with pytest.raises(NucleusError, match=message):
        segment(tile[0], **({"mpp": 0.25} | options))
