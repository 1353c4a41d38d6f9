"""Nuclei from HoVer maps."""

import cv2
import numpy as np
import pytest

from napari_nucleus.core import ClassScheme, HoverMaps, NucleusError
from napari_nucleus.metrics import panoptic_quality
from napari_nucleus.postprocess import decode_hover
from napari_nucleus.training.targets import hv_targets


def ellipses(shape, seed=0, step=18, size=(7, 11)):
    """Label image of ellipses on a jittered grid, most of them touching others."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int32)
    centres = [(y, x) for y in range(step // 2, shape[0], step) for x in range(step // 2, shape[1], step)]
    for number, (y, x) in enumerate(centres, 1):
        mask = np.zeros(shape, np.uint8)
        axes = tuple(int(v) for v in rng.integers(*size, 2))
        jitter = rng.integers(-3, 4, 2)
        cv2.ellipse(mask, (x + int(jitter[0]), y + int(jitter[1])), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        labels[(mask > 0) & (labels == 0)] = number
    return labels


def maps_of(labels, types=None, n_classes=2, noise=0.0, mpp=0.25, seed=0):
    """The maps that a network would give for a label image; ``types`` (N + 1,) is the class by label."""
    rng = np.random.default_rng(seed)
    hv = hv_targets(labels)
    soft = [cv2.GaussianBlur(rng.standard_normal(labels.shape).astype(np.float32), (0, 0), 2) for _ in range(2)]
    hv = np.clip(hv + noise * np.stack(soft), -1, 1)
    probabilities = None
    if types is not None:
        probabilities = np.full((n_classes + 1, *labels.shape), 0.1 / n_classes, np.float32)
        np.put_along_axis(probabilities, np.asarray(types)[labels][None], 0.9, 0)
    return HoverMaps((labels > 0).astype(np.float32), hv, probabilities, mpp=mpp)


def test_touching_nuclei_are_told_apart():
    labels = np.zeros((40, 60), np.int32)
    labels[10:30, 8:28], labels[10:30, 28:48] = 1, 2
    found = decode_hover(maps_of(labels))
    assert np.array_equal(found.labels, labels)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_crowded_ellipses_come_back(noise):
    labels = ellipses((300, 260))
    quality = panoptic_quality(labels, decode_hover(maps_of(labels, noise=noise)).labels)
    assert quality.dq > 0.95
    assert quality.sq > 0.9


def test_a_row_a_label_numbered_in_reading_order():
    found = decode_hover(maps_of(ellipses((200, 200)), noise=0.3))
    first = [np.flatnonzero(found.labels == i)[0] for i in found.table["label"]]
    assert found.table["label"].tolist() == list(range(1, len(found) + 1))
    assert first == sorted(first)


def test_the_same_maps_give_the_same_labels():
    maps = maps_of(ellipses((150, 150)), noise=0.4)
    assert np.array_equal(decode_hover(maps).labels, decode_hover(maps).labels)


def test_a_crop_gives_what_the_whole_image_gives():
    maps = maps_of(ellipses((400, 400)), noise=0.4)
    whole = decode_hover(maps).labels
    cut = np.s_[100:300, 60:300]
    part = decode_hover(HoverMaps(maps.np_prob[cut], maps.hv[:, *cut])).labels
    inner = np.s_[48:-48, 48:-48]
    quality = panoptic_quality(whole[cut][inner], part[inner])
    assert quality.pq == 1


def test_an_outlier_far_away_changes_nothing():
    maps = maps_of(ellipses((200, 300)), noise=0.3)
    hv = maps.hv.copy()
    hv[:, :, 250:] *= 40
    before, after = decode_hover(maps).labels[:, :200], decode_hover(HoverMaps(maps.np_prob, hv)).labels[:, :200]
    assert panoptic_quality(before, after).pq == 1


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_pixel_size_scales_the_filters(zoom):
    labels = ellipses((240, 240), step=24, size=(8, 12))
    fine = cv2.resize(labels.astype(np.float32), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    found = decode_hover(maps_of(fine.astype(np.int32), mpp=0.25 / zoom))
    assert panoptic_quality(fine.astype(np.int32), found.labels).dq > 0.9
    assert found.mpp == 0.25 / zoom


def test_class_by_vote_and_mean_probability():
    labels = ellipses((120, 120))
    types = np.concatenate([[0], 1 + np.arange(labels.max()) % 2])
    found = decode_hover(maps_of(labels, types), classes=ClassScheme("pair", ("a", "b"), ("#000000",) * 2))
    expected = types[labels[found.table["y_px"].astype(int), found.table["x_px"].astype(int)]]
    assert np.array_equal(found.class_numbers, expected)
    assert np.allclose(found.table["p_a"] + found.table["p_b"], 0.95, atol=0.02)
    assert (found.table.loc[found.table["class"] == "a", "p_a"] > 0.8).all()


def test_classes_get_names_when_none_are_given():
    labels = ellipses((80, 80))
    types = np.minimum(np.arange(labels.max() + 1), 1)
    assert decode_hover(maps_of(labels)).scheme.classes == ("nucleus",)
    generic = decode_hover(maps_of(labels, types, n_classes=9))
    assert generic.scheme.classes == tuple(f"class_{i}" for i in range(1, 10))
    assert set(generic.table["class"]) == {"class_1"}


def test_named_classes_without_type_map_are_unknown():
    found = decode_hover(maps_of(ellipses((80, 80))), classes="consep")
    assert set(found.table["class"]) == {"unknown"}
    assert "p_epithelial" not in found.table


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (1, 1), (1, 30), (2, 2), (64, 64)])
@pytest.mark.parametrize("n_classes", [None, 4])
@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_maps_with_nothing_to_see(shape, n_classes, probability):
    kinds = None if n_classes is None else np.full((1 + n_classes, *shape), 0.2, np.float32)
    maps = HoverMaps(np.full(shape, probability, np.float32), np.zeros((2, *shape), np.float32), kinds)
    found = decode_hover(maps)
    assert found.labels.shape == shape
    assert len(found) == (1 if probability and np.prod(shape) > 24 else 0)  # 1.5 µm² are 24 pixels
    assert list(found.table.columns[:2]) == ["label", "y_px"]


def test_min_area_is_in_square_microns():
    labels = np.zeros((60, 60), np.int32)
    labels[5:15, 5:15], labels[25:55, 25:55] = 1, 2  # 100 and 900 pixels
    for mpp in (0.25, 0.5):
        maps = maps_of(labels, mpp=mpp)
        assert len(decode_hover(maps, min_area_um2=99 * mpp**2)) == 2
        assert len(decode_hover(maps, min_area_um2=101 * mpp**2)) == 1


def test_a_higher_np_threshold_shrinks_and_a_higher_marker_threshold_merges():
    labels = ellipses((200, 200))
    maps = maps_of(labels, noise=0.3)
    soft = HoverMaps(cv2.GaussianBlur(maps.np_prob, (0, 0), 2), maps.hv)
    areas = [np.count_nonzero(decode_hover(soft, np_threshold=t).labels) for t in (0.3, 0.5, 0.7)]
    assert areas == sorted(areas, reverse=True)
    assert len(decode_hover(maps, marker_threshold=1)) < len(decode_hover(maps))
    assert len(decode_hover(maps, marker_threshold=0)) == 0


@pytest.mark.parametrize("name", ["np_threshold", "marker_threshold"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_thresholds_out_of_range_give_one_clear_error(name, value):
    with pytest.raises(NucleusError, match=name):
        decode_hover(maps_of(np.zeros((4, 4), np.int32)), **{name: value})


@pytest.mark.parametrize("name", ["min_area_um2", "min_marker_um2", "max_hole_um2", "smoothing_um"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_sizes_out_of_range_give_one_clear_error(name, value):
    with pytest.raises(NucleusError, match=name):
        decode_hover(maps_of(np.zeros((4, 4), np.int32)), **{name: value})


def test_a_scheme_that_does_not_fit_gives_one_clear_error():
    labels = ellipses((60, 60))
    with pytest.raises(NucleusError, match="class scheme"):
        decode_hover(maps_of(labels, np.ones(labels.max() + 1, int)), classes="consep")
