"""What is measured of a nucleus and of the tissue around it."""

import numpy as np
import pytest
from skimage.draw import ellipse

from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.graph import morphology
from napari_nucleus.graph.tissue import SQUARES_UM, TISSUE_WIDTH, tissue_features
from napari_nucleus.io.samples import consep_tile

AROUND = 5 * len(SQUARES_UM)


@pytest.fixture(scope="module")
def tile():
    image, nuclei = consep_tile()
    pixels, labels = (np.ascontiguousarray(a[:480, :480]) for a in (image.array, nuclei.labels))
    return pixels, NucleusMap.from_labels(labels, mpp=0.25)


def squares(features):
    """Those columns as (N, squares, 5): share of nuclei, share of white, density of red, green, blue."""
    return features[:, -AROUND:].reshape(len(features), len(SQUARES_UM), 5)


def test_a_row_a_nucleus_all_finite(tile):
    pixels, nuclei = tile
    features = tissue_features(nuclei, pixels)
    assert features.shape == (len(nuclei), TISSUE_WIDTH)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(tissue_features(nuclei, Image((pixels,))), features)
    np.testing.assert_array_equal(tissue_features(nuclei, pixels, morphology(nuclei, pixels)), features)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, lambda a: np.swapaxes(a, 0, 1), np.rot90])
def test_mirrored_and_turned_tissue_measures_the_same(tile, turn):
    pixels, nuclei = tile
    features = tissue_features(nuclei, pixels)
    turned = NucleusMap.from_labels(np.ascontiguousarray(turn(nuclei.labels)), mpp=0.25)
    other = tissue_features(turned, np.ascontiguousarray(turn(pixels)))
    order = turned.table["label"].to_numpy().argsort()
    own = nuclei.table["label"].to_numpy().argsort()
    # Squares lie on a grid of 1 µm, into which a centre may fall on the other side.
    apart = np.abs(other[order] - features[own])
    assert np.median(apart, 0).max() < 1e-4
    assert np.quantile(apart, 0.95) < 0.02


def test_a_piece_cut_out_measures_the_same_far_from_the_cut(tile):
    image, whole = consep_tile()
    features = tissue_features(whole, image)
    part = np.s_[100:900, 100:900]  # whole squares of the grid
    inner = NucleusMap.from_labels(np.ascontiguousarray(whole.labels[part]), mpp=0.25)
    other = tissue_features(inner, np.ascontiguousarray(image.array[part]))
    deep = (np.abs(inner.table[["y_um", "x_um"]].to_numpy() - 100) < 45).all(1)  # the widest squares end within
    labels = inner.table["label"].to_numpy()[deep]
    assert len(labels) > 20
    row = {label: i for i, label in enumerate(whole.table["label"])}
    mine = features[[row[label] for label in labels]][:, -AROUND:]
    np.testing.assert_allclose(other[deep][:, -AROUND:], mine, atol=2e-3)


def drawn():
    """A dark nucleus in pink tissue, and a paler one at the edge of a white lumen."""
    labels = np.zeros((480, 480), np.int32)
    labels[ellipse(240, 100, 12, 12)] = 1
    labels[ellipse(240, 340, 12, 12)] = 2
    pixels = np.full((480, 480, 3), (220, 160, 190), np.uint8)
    pixels[:, 360:] = 250
    pixels[labels == 1], pixels[labels == 2] = (80, 40, 120), (140, 100, 160)
    return pixels, NucleusMap.from_labels(labels, mpp=0.25)


def test_a_lumen_is_seen_from_beside_it():
    pixels, nuclei = drawn()
    found = squares(tissue_features(nuclei, pixels))
    white = found[..., 1]
    assert (white[0] < 0.01).all()
    assert white[1, 0] < 0.01  # within 3.5 µm there is none
    # 41 µm: from 20 pixels right of the centre on, of 82 to either side
    assert white[1, 2] == pytest.approx(62 / 164, abs=0.04)


def test_shares_and_densities_are_those_of_the_pixels():
    pixels, nuclei = drawn()
    features = tissue_features(nuclei, pixels)
    found = squares(features)
    area = (nuclei.labels == 1).sum()
    side = round(SQUARES_UM[1] / 0.25)
    assert found[0, 1, 0] == pytest.approx(area / side**2, rel=0.1)
    tissue = -np.log((np.array([220, 160, 190]) + 1) / 256)
    np.testing.assert_allclose(found[0, -1, 2:], tissue, atol=1e-3)  # the widest as it is
    np.testing.assert_allclose(found[0, :-1, 2:], 0, atol=1e-3)  # the others beside it
    own = -np.log((np.array([80, 40, 120]) + 1) / 256)
    np.testing.assert_allclose(features[0, -AROUND - 3 : -AROUND], own - tissue, atol=1e-3)


def test_a_stain_that_is_stronger_all_over_leaves_shapes_as_they_are():
    pixels, nuclei = drawn()
    paler = (pixels.astype(float) * 0.5 + 127).astype(np.uint8)
    one, other = tissue_features(nuclei, pixels), tissue_features(nuclei, paler)
    np.testing.assert_array_equal(one[:, :6], other[:, :6])
    assert not np.allclose(one, other)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_nuclei(n):
    pixels, nuclei = drawn()
    few = NucleusMap.from_labels(np.where(nuclei.labels <= n, nuclei.labels, 0), mpp=0.25)
    features = tissue_features(few, pixels)
    assert features.shape == (n, TISSUE_WIDTH)
    assert np.isfinite(features).all()


@pytest.mark.parametrize("mpp", [0.1, 0.25, 0.5, 2.0])
def test_nuclei_that_fill_a_tiny_image(mpp):
    labels = np.repeat([[1, 1, 1, 2, 2]], 3, 0).astype(np.int32)
    features = tissue_features(NucleusMap.from_labels(labels, mpp=mpp), np.zeros((3, 5, 3), np.uint8))
    assert np.isfinite(features).all()
    np.testing.assert_allclose(squares(features)[:, :, 0], 1, atol=1e-5)


def test_another_image_is_refused(tile):
    _, nuclei = tile
    with pytest.raises(NucleusError, match="RGB image"):
        tissue_features(nuclei, np.zeros((480, 481, 3), np.uint8))
    with pytest.raises(NucleusError, match="RGB image"):
        tissue_features(nuclei, np.zeros((480, 480, 3), np.float32))
