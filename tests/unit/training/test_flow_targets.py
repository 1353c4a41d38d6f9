"""Label images to flows."""

from pathlib import Path

import numpy as np
import pytest

from napari_nucleus.training.flow_targets import flow_targets

REFERENCE = np.load(Path(__file__).parents[1] / "postprocess" / "flows_reference.npz", allow_pickle=False)


def beside_another(labels):
    """Pixels that have another nucleus among their eight neighbours."""
    padded = np.pad(labels, 1)
    h, w = labels.shape
    near = np.stack([padded[y : y + h, x : x + w] for y in range(3) for x in range(3)])
    return (labels > 0) & ((near > 0) & (near != labels)).any(0)


def test_the_values_of_cellpose_for_a_real_crop():
    labels = REFERENCE["labels"].astype(int)
    flow = flow_targets(labels)
    theirs = REFERENCE["flow"] / 100.0
    cosine = (flow * theirs / np.maximum(np.hypot(*theirs), 0.5)).sum(0)
    # There, Cellpose takes the slope across the border, from one nucleus's heat to the other's.
    assert cosine[(labels > 0) & ~beside_another(labels)].mean() > 0.995
    assert cosine[labels > 0].mean() > 0.95
    like = flow_targets(labels, like_cellpose=True)
    assert (like * theirs / np.maximum(np.hypot(*theirs), 0.5)).sum(0)[labels > 0].mean() > 0.995


def test_unit_length_inside_and_nothing_outside():
    labels = REFERENCE["labels"].astype(int)
    length = np.hypot(*flow_targets(labels))
    assert not length[labels == 0].any()
    assert np.mean(np.abs(length[labels > 0] - 1) < 1e-5) > 0.99


def test_a_disc_points_to_its_centre():
    y, x = np.indices((41, 41)) - 20
    inside = x**2 + y**2 <= 15**2
    flow = flow_targets(inside.astype(int))
    distance = np.hypot(y, x)
    cosine = -(flow[0] * y + flow[1] * x)[inside & (distance > 0)] / distance[inside & (distance > 0)]
    assert cosine.min() > 0.98
    assert np.array_equal(flow[:, 20, 20], [0, 0])


def test_the_flow_goes_round_a_bay():
    labels = np.zeros((30, 30), int)
    labels[3:27, 3:9], labels[3:9, 3:27], labels[21:27, 3:27] = 1, 1, 1  # a C, open to the right
    flow = flow_targets(labels)
    assert flow[1, 5, 25] < -0.9  # along the arm, though the centre lies lower
    assert flow[1, 24, 25] < -0.9


def test_nuclei_that_touch_do_not_feel_each_other():
    labels = np.zeros((40, 40), np.int32)
    labels[5:20, 5:20], labels[20:35, 5:20], labels[12:30, 20:31] = 1, 2, 3
    together = flow_targets(labels)
    alone = sum(flow_targets(np.where(labels == i, i, 0)) for i in (1, 2, 3))
    assert np.allclose(together, alone, atol=1e-5)


def test_numbers_of_the_labels_do_not_matter():
    labels = REFERENCE["labels"].astype(int)
    renamed = np.random.default_rng(0).permutation(100_000)[: labels.max() + 1] + 1
    renamed[0] = 0
    assert np.allclose(flow_targets(labels), flow_targets(renamed[labels]), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_any_type_of_labels(dtype):
    flow = flow_targets(REFERENCE["labels"].astype(dtype))
    assert flow.dtype == np.float32
    assert np.allclose(flow, flow_targets(REFERENCE["labels"].astype(int)))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (1, 20), (20, 1), (7, 9)])
@pytest.mark.parametrize("label", [0, 3])
def test_images_of_one_label(shape, label):
    flow = flow_targets(np.full(shape, label))
    assert flow.shape == (2, *shape)
    assert np.isfinite(flow).all()
    assert flow.any() == (label > 0 and np.prod(shape) > 1)


def test_a_nucleus_of_one_pixel_has_no_flow():
    labels = np.zeros((5, 5), int)
    labels[2, 2], labels[0, 0] = 7, 9
    assert not flow_targets(labels).any()


def test_a_nucleus_cut_by_the_edge_flows_to_the_part_that_is_seen():
    y, x = np.indices((30, 30))
    labels = (((y - 2) ** 2 + (x - 15) ** 2) <= 100).astype(int)
    flow = flow_targets(labels)
    assert flow[0, 0, 15] > 0.9
    assert flow[0, 11, 15] < -0.9


def test_where_two_pixels_are_closest_to_the_centre_both_are_heated():
    labels = np.zeros((24, 30), int)
    labels[4:20, 5:25] = 1
    labels[4:14, 13:17] = 0  # a bay in the middle, with the centre of mass in it
    flow = flow_targets(labels)
    np.testing.assert_allclose(flow[0], flow[0][:, ::-1], atol=1e-5)
    np.testing.assert_allclose(flow[1], -flow[1][:, ::-1], atol=1e-5)
