import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_nucleus.training.targets import boundary_targets, hv_targets

label_images = arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 4))


def nucleus_by_nucleus(labels):
    """The definition, one nucleus at a time."""
    hv = np.zeros((2, *labels.shape), np.float32)
    for label in np.unique(labels[labels > 0]):
        y, x = np.nonzero(labels == label)
        for channel, position in enumerate((x, y)):
            offset = (position - np.rint(position.mean())).astype(np.float32)
            if (offset > 0).any():
                offset[offset > 0] /= offset.max()
            if (offset < 0).any():
                offset[offset < 0] /= -offset.min()
            hv[channel, y, x] = offset
    return hv


@given(label_images)
@settings(max_examples=60, deadline=None)
def test_equals_the_definition(labels):
    np.testing.assert_allclose(hv_targets(labels), nucleus_by_nucleus(labels), atol=1e-6)


@given(label_images)
@settings(max_examples=30, deadline=None)
def test_transposing_swaps_the_maps(labels):
    np.testing.assert_allclose(hv_targets(labels.T), hv_targets(labels)[::-1].transpose(0, 2, 1), atol=1e-6)


def test_reaches_both_ends():
    labels = np.zeros((9, 9), int)
    labels[2:7, 2:7] = 7
    hv = hv_targets(labels)
    assert hv[0, 4, 2] == -1
    assert hv[0, 4, 6] == 1
    assert hv[1, 2, 4] == -1
    assert hv[0, 0, 0] == 0


def test_no_nuclei():
    assert not hv_targets(np.zeros((4, 5), int)).any()


def test_edges_lie_on_both_sides_of_a_border():
    labels = np.array([[0, 0, 0, 1, 1, 1, 2, 2, 2]] * 3)
    np.testing.assert_array_equal(boundary_targets(labels)[0, 1], [0, 0, 1, 1, 0, 1, 1, 0, 0])
    assert not boundary_targets(np.ones((4, 4), np.int32)).any()
