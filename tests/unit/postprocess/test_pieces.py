"""Nuclei in one piece and without holes."""

import numpy as np
import pytest

from napari_nucleus.postprocess.pieces import whole


def drawn(picture):
    return np.array([[int(c) if c.isdigit() else 0 for c in row] for row in picture.split()], np.int32)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("111. 1.1. 111.", "111. 111. 111."),
        ("...... .1111. .1..1. .1111. ......", "...... .1111. .1111. .1111. ......"),
        ("...... .1111. .1.21. .1111. ....22", "...... .1111. .1111. .1111. ....22"),  # a lost piece in the hole
        (".... .111 .1.. .111", ".... .111 .1.. .111"),  # open to the edge
        ("11122 1...2 11222", "11122 1...2 11222"),  # between two nuclei
        ("11111 1...1 1.2.1 1...1 11111", "11111 1...1 1.2.1 1...1 11111"),  # a nucleus within another
        ("11..1 11...", "11... 11..."),
        ("1..1", "1..."),  # of equal pieces the first
        ("11. ..1", "11. ..."),  # corners don't connect
        ("... ...", "... ..."),
    ],
)
def test_what_becomes_of_pieces_and_holes(before, after):
    assert np.array_equal(whole(drawn(before)), drawn(after))
