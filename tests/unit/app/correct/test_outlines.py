import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_nucleus.app.correct.outlines import WIDTH_PX, outlined


def test_nuclei_that_touch_keep_a_rim_each():
    labels = np.zeros((20, 30), np.int32)
    labels[4:16, 3:15], labels[4:16, 15:27] = 1, 2
    rims = outlined(labels, np.where(labels > 0, 3, 0).astype(np.uint8))
    assert (rims[10] == [0] * 3 + [3] * 2 + [0] * 8 + [3] * 4 + [0] * 8 + [3] * 2 + [0] * 3).all()
    assert rims[labels == 0].max() == 0
    assert (rims[4:6, 3:27] == 3).all()


@given(arrays(np.int32, (24, 24), elements=st.integers(0, 4)), st.integers(4, 12), st.integers(14, 20))
def test_a_part_drawn_anew_is_that_of_the_whole(labels, first, last):
    classes = (labels % 3).astype(np.uint8)
    whole = outlined(labels, classes)
    wider = np.s_[first - WIDTH_PX : last + WIDTH_PX, first - WIDTH_PX : last + WIDTH_PX]
    part = outlined(labels[wider], classes[wider])[WIDTH_PX:-WIDTH_PX, WIDTH_PX:-WIDTH_PX]
    np.testing.assert_array_equal(part, whole[first:last, first:last])
