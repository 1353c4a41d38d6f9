"""What must hold between labels and flows, for any nuclei."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import FlowMaps
from napari_nucleus.metrics import panoptic_quality
from napari_nucleus.postprocess import decode_flows
from napari_nucleus.training.flow_targets import flow_targets

SEEDS = st.integers(0, 2**16)


def random_discs(seed, shape=(96, 120), count=30):
    """Discs anywhere, cut by each other and by the edge; none is a sliver, and labels have gaps."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int32)
    y, x = np.indices(shape)
    for number in range(1, count + 1):
        inside = (y - rng.uniform(0, shape[0])) ** 2 + (x - rng.uniform(0, shape[1])) ** 2 <= rng.uniform(5, 12) ** 2
        if np.count_nonzero(inside & (labels == 0)) > 0.8 * np.count_nonzero(inside) > 40:
            labels[inside & (labels == 0)] = 3 * number
    return labels


def noisy(labels, seed):
    rng = np.random.default_rng(seed)
    flow = flow_targets(labels) + 0.3 * rng.standard_normal((2, *labels.shape))
    return FlowMaps(flow, np.clip((labels > 0) + 0.2 * rng.standard_normal(labels.shape), 0, 1))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_labels_come_back_from_their_flows(seed):
    labels = random_discs(seed)
    found = decode_flows(FlowMaps(flow_targets(labels), labels > 0)).labels
    assert panoptic_quality(labels, found).pq > 0.95


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([(0, 1), (1, 0)]), st.booleans(), st.booleans())
def test_flips_and_transposes_commute_with_the_targets(seed, axes, flip_y, flip_x):
    """But for nuclei with several pixels that are equally central, of which one is taken."""
    labels = random_discs(seed)
    turns = np.s_[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    turned = flow_targets(np.ascontiguousarray(labels.transpose(axes)[turns]))
    expected = flow_targets(labels).transpose(0, axes[0] + 1, axes[1] + 1)[list(axes)][:, *turns]
    expected = expected * np.array([-1 if flip_y else 1, -1 if flip_x else 1])[:, None, None]
    assert (turned * expected).sum(0)[turned.any(0)].mean() > 0.98


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_tile_gives_what_the_whole_image_gives(seed):
    labels = random_discs(seed, (150, 170), 60)
    maps = noisy(labels, seed)
    cut, inner = np.s_[11:140, 7:155], np.s_[28:-28, 28:-28]
    whole = decode_flows(maps).labels[cut][inner]
    part = decode_flows(FlowMaps(maps.flow[:, *cut], maps.prob[cut])).labels[inner]
    if whole.any() or part.any():
        assert panoptic_quality(whole, part).pq > 0.98


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.floats(0.05, 2))
def test_any_flow_gives_nuclei_in_one_piece(seed, mpp):
    from skimage.measure import label

    rng = np.random.default_rng(seed)
    found = decode_flows(FlowMaps(rng.standard_normal((2, 40, 50)), rng.random((40, 50)), mpp=mpp)).labels
    assert label(found, background=0, connectivity=1).max(initial=0) == found.max(initial=0)


def test_a_huge_image_without_flow():
    maps = FlowMaps(np.zeros((2, 3000, 3000), np.float32), np.ones((3000, 3000), np.float32))
    assert len(decode_flows(maps)) == 0


@pytest.mark.parametrize("where", ["flow", "prob"])
def test_nan_is_refused_before_anything_is_decoded(where):
    maps = {"flow": np.zeros((2, 8, 8)), "prob": np.zeros((8, 8))}
    maps[where][..., 3, 3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        FlowMaps(**maps)
