"""Nuclei from flow maps."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from napari_nucleus.core import FlowMaps, NucleusError
from napari_nucleus.metrics import panoptic_quality
from napari_nucleus.postprocess import decode_flows
from napari_nucleus.training.flow_targets import flow_targets

REFERENCE = np.load(Path(__file__).with_name("flows_reference.npz"), allow_pickle=False)


def discs(shape, *circles):
    """Label image of discs (y, x, radius); later ones lie behind."""
    labels = np.zeros(shape, np.int32)
    y, x = np.indices(shape)
    for number, (cy, cx, radius) in enumerate(circles, 1):
        labels[((y - cy) ** 2 + (x - cx) ** 2 <= radius**2) & (labels == 0)] = number
    return labels


def crowd(shape, seed=0, step=18):
    """Discs on a jittered grid, most of them touching others."""
    rng = np.random.default_rng(seed)
    grid = [(y, x) for y in range(step // 2, shape[0], step) for x in range(step // 2, shape[1], step)]
    return discs(shape, *[(y + rng.integers(-3, 4), x + rng.integers(-3, 4), rng.uniform(6, 11)) for y, x in grid])


def toward_centres(labels):
    """Unit vectors that point straight to each label's centre of mass."""
    flow = np.zeros((2, *labels.shape), np.float32)
    for label in np.unique(labels)[1:]:
        y, x = np.nonzero(labels == label)
        offset = np.stack([y.mean() - y, x.mean() - x])
        flow[:, y, x] = offset / np.maximum(np.hypot(*offset), 1e-6)
    return flow


def maps_of(labels, noise=0.0, mpp=0.25, types=None, seed=0):
    rng = np.random.default_rng(seed)
    soft = np.stack([cv2.GaussianBlur(rng.standard_normal(labels.shape), (0, 0), 2) * 7 for _ in "yx"])
    return FlowMaps(flow_targets(labels) + noise * soft, labels > 0, types, mpp)


def test_flows_drawn_by_hand_give_the_discs_back():
    labels = discs((60, 90), (15, 20, 9), (30, 65, 14), (40, 25, 12))
    found = decode_flows(FlowMaps(toward_centres(labels), labels > 0))
    assert np.array_equal(found.labels, labels)


def test_touching_nuclei_are_told_apart():
    labels = discs((40, 60), (20, 20, 10), (20, 38, 10))
    found = decode_flows(FlowMaps(toward_centres(labels), labels > 0))
    assert np.array_equal(found.labels, labels)


def test_the_values_of_cellpose_for_a_noisy_real_crop():
    maps = FlowMaps(REFERENCE["noisy_flow"] / 100, REFERENCE["noisy_prob"] / 255)
    quality = panoptic_quality(REFERENCE["found"].astype(np.int32), decode_flows(maps, min_area_um2=15 / 16).labels)
    assert quality.pq > 0.95


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_crowded_discs_come_back(noise):
    labels = crowd((300, 260))
    quality = panoptic_quality(labels, decode_flows(maps_of(labels, noise)).labels)
    assert quality.pq > 0.95


def test_a_row_a_label_numbered_in_reading_order():
    found = decode_flows(maps_of(crowd((200, 200)), noise=0.3))
    first = [np.flatnonzero(found.labels == i)[0] for i in found.table["label"]]
    assert found.table["label"].tolist() == list(range(1, len(found) + 1))
    assert first == sorted(first)


def test_the_same_maps_give_the_same_labels():
    maps = maps_of(crowd((150, 150)), noise=0.5)
    assert np.array_equal(decode_flows(maps).labels, decode_flows(maps).labels)


def test_an_outlier_far_away_changes_nothing():
    maps = maps_of(crowd((200, 300)), noise=0.3)
    flow = maps.flow.copy()
    flow[:, :, 250:] *= 40
    before, after = (decode_flows(FlowMaps(f, maps.prob)).labels[:, :200] for f in (maps.flow, flow))
    assert panoptic_quality(before, after).pq == 1


def test_holes_are_filled():
    labels = discs((60, 60), (30, 30, 20))
    prob = (labels > 0).astype(np.float32)
    prob[30, 30] = 0
    assert np.array_equal(decode_flows(FlowMaps(flow_targets(labels), prob)).labels, labels)


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_pixel_size_scales_the_sinks(zoom):
    labels = crowd((240, 240), step=26)
    fine = cv2.resize(labels.astype(np.float32), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    fine = fine.astype(np.int32)
    found = decode_flows(maps_of(fine, noise=0.3, mpp=0.25 / zoom))
    assert panoptic_quality(fine, found.labels).dq > 0.9
    assert found.mpp == 0.25 / zoom


def test_class_by_vote_and_mean_probability():
    labels = crowd((120, 120))
    kinds = np.where(labels > 0, 1 + labels % 4, 0)
    types = np.moveaxis(0.1 / 4 + (0.9 - 0.1 / 4) * np.eye(5)[kinds], -1, 0)
    found = decode_flows(maps_of(labels, types=types), classes="consep")
    expected = kinds[found.table["y_px"].astype(int), found.table["x_px"].astype(int)]
    assert np.array_equal(found.class_numbers, expected)
    assert (found.table.loc[found.table["class"] == "epithelial", "p_epithelial"] > 0.8).all()
    generic = decode_flows(maps_of(labels, types=types))
    assert generic.scheme.classes == ("class_1", "class_2", "class_3", "class_4")
    assert decode_flows(maps_of(labels)).scheme.classes == ("nucleus",)


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (1, 1), (1, 30), (30, 1), (2, 2), (64, 64)])
@pytest.mark.parametrize("n_classes", [None, 4])
@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_maps_with_nothing_to_see(shape, n_classes, probability):
    kinds = None if n_classes is None else np.full((1 + n_classes, *shape), 0.2, np.float32)
    found = decode_flows(FlowMaps(np.zeros((2, *shape)), np.full(shape, probability), kinds))
    assert found.labels.shape == shape
    assert len(found) == 0  # where nothing flows, nothing gathers
    assert list(found.table.columns[:2]) == ["label", "y_px"]


def test_one_pixel_is_dropped_unless_asked_for():
    prob = np.zeros((9, 9))
    prob[4, 4] = 1
    maps = FlowMaps(np.zeros((2, 9, 9)), prob)
    assert len(decode_flows(maps)) == 0
    assert len(decode_flows(maps, min_area_um2=0, min_sink_um2=0)) == 1


def test_below_the_threshold_there_is_nothing():
    labels = crowd((80, 80))
    maps = FlowMaps(flow_targets(labels), 0.49 * (labels > 0))
    assert len(decode_flows(maps)) == 0
    assert len(decode_flows(maps, prob_threshold=0.4)) > 10


def test_min_area_is_in_square_microns():
    labels = discs((60, 60), (12, 12, 6), (38, 38, 16))
    small = np.count_nonzero(labels == 1)
    for mpp in (0.25, 0.5):
        maps = maps_of(labels, mpp=mpp)
        assert len(decode_flows(maps, min_area_um2=(small - 1) * mpp**2)) == 2
        assert len(decode_flows(maps, min_area_um2=(small + 1) * mpp**2)) == 1


def test_the_distance_is_the_farthest_a_pixel_goes():
    maps = FlowMaps(np.stack([np.zeros((9, 400)), np.ones((9, 400))]), np.ones((9, 400)))
    near = decode_flows(maps, max_distance_um=25).labels
    assert not near[4, :250].any()
    assert near[4, 320:].all()
    assert decode_flows(maps, max_distance_um=100).labels[4].all()


@pytest.mark.parametrize("name", ["prob_threshold", "min_area_um2", "min_sink_um2", "max_distance_um"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_numbers_out_of_range_give_one_clear_error(name, value):
    with pytest.raises(NucleusError, match=name):
        decode_flows(maps_of(np.zeros((4, 4), np.int32)), **{name: value})


def test_a_device_that_is_not_there_gives_one_clear_error():
    with pytest.raises(NucleusError, match="device"):
        decode_flows(maps_of(np.ones((4, 4), np.int32)), device="toaster")


def test_a_scheme_that_does_not_fit_gives_one_clear_error():
    labels = crowd((60, 60))
    with pytest.raises(NucleusError, match="class scheme"):
        decode_flows(maps_of(labels, types=np.full((3, 60, 60), 1 / 3)), classes="consep")
