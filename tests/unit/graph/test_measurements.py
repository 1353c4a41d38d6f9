import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import hed_from_rgb
from skimage.draw import ellipse
from skimage.measure import regionprops_table

from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.graph import morphology
from napari_nucleus.io.samples import consep_tile

MPP = 0.25
# Ours, scikit-image's, and what a pixel counts there.
SAME = [
    ("area_um2", "area", MPP**2),
    ("diameter_um", "equivalent_diameter_area", MPP),
    ("perimeter_um", "perimeter", MPP),
    ("axis_major_um", "axis_major_length", MPP),
    ("axis_minor_um", "axis_minor_length", MPP),
    ("eccentricity", "eccentricity", 1),
    ("orientation", "orientation", 1),
    ("solidity", "solidity", 1),
    ("extent", "extent", 1),
]
TURNED = ["orientation", "y_rel", "x_rel", "label"]


@pytest.fixture(scope="module")
def tile():
    image, nuclei = consep_tile()
    return image, nuclei, morphology(nuclei, image)


def reference(labels):
    names = ["label", *(theirs for _, theirs, _ in SAME)]
    return pd.DataFrame(regionprops_table(labels, properties=names)).set_index("label")


@pytest.mark.parametrize(("ours", "theirs", "unit"), SAME)
def test_as_scikit_image_measures_real_nuclei(tile, ours, theirs, unit):
    _, nuclei, measured = tile

    expected = reference(nuclei.labels)[theirs].loc[measured["label"]] * unit

    assert len(expected) > 300
    np.testing.assert_allclose(measured[ours], expected, rtol=1e-9, atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.integers(2, 14))
@settings(deadline=None, max_examples=25)
def test_as_scikit_image_measures_what_is_in_pieces_with_holes_and_at_the_border(seed, size):
    labels = np.random.default_rng(seed).integers(0, 4, (size, size)).astype(np.int32)

    measured = morphology(NucleusMap.from_labels(labels))

    # Of a flat ellipse (a line), scikit-image's moments are rounded: its square root is good to 1e-7.
    for ours, theirs, unit in SAME:
        if ours == "orientation":
            continue
        expected = reference(labels)[theirs] * unit
        np.testing.assert_allclose(measured[ours].to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-5, err_msg=ours)


def test_stains_are_those_of_scikit_image(tile):
    image, nuclei, measured = tile

    for label in measured["label"].iloc[::40]:
        pixels = image.array[nuclei.labels == label]
        # As ``rgb2hed``, without its clipping at 0 and in decades.
        densities = -np.log10(np.maximum(pixels, 1) / 255) @ hed_from_rgb
        assert measured.loc[label, "haematoxylin"] == pytest.approx(densities[:, 0].mean(), abs=1e-9)
        assert measured.loc[label, "haematoxylin_sd"] == pytest.approx(densities[:, 0].std(), abs=1e-7)
        assert measured.loc[label, "eosin"] == pytest.approx(densities[:, 1].mean(), abs=1e-9)


def test_a_nucleus_of_coarse_chromatin_has_more_contrast():
    labels = np.zeros((20, 40), np.int32)
    labels[2:18, 2:18], labels[2:18, 22:38] = 1, 2
    image = np.full((20, 40, 3), (90, 60, 140), np.uint8)
    image[2:18:2, 22:38] = (40, 20, 90)

    measured = morphology(NucleusMap.from_labels(labels), image)

    assert measured["haematoxylin_contrast"][1] == pytest.approx(0, abs=1e-9)
    assert measured["haematoxylin_contrast"][2] > 0.05
    assert measured["haematoxylin"][2] > measured["haematoxylin"][1]


def test_neighbours_are_counted_in_micrometres():
    labels = np.zeros((400, 400), np.int32)
    for label, (y, x) in enumerate(((10, 10), (10, 50), (10, 390)), 1):
        labels[y, x] = label

    measured = morphology(NucleusMap.from_labels(labels, mpp=0.5))

    assert measured["nearest_um"].tolist() == pytest.approx([20, 20, 170])
    assert measured["neighbours"].tolist() == [1, 1, 0]
    assert measured["mean_nearest_um"][3] == pytest.approx((170 + 190) / 2)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, lambda a: np.swapaxes(a, 0, 1), lambda a: np.rot90(a, 2)])
def test_turning_the_image_changes_no_measurement(tile, turn):
    image, nuclei, measured = tile

    turned = morphology(NucleusMap.from_labels(turn(nuclei.labels)), np.ascontiguousarray(turn(image.array)))

    same = [name for name in measured if name not in TURNED]
    pd.testing.assert_frame_equal(turned.loc[measured.index, same], measured[same], rtol=1e-6, atol=1e-9)


def test_a_border_around_the_image_changes_no_measurement(tile):
    image, nuclei, measured = tile
    frame = ((7, 0), (0, 31))

    shifted = morphology(
        NucleusMap.from_labels(np.pad(nuclei.labels, frame)), Image((np.pad(image.array, (*frame, (0, 0))),))
    )

    same = [name for name in measured if name not in ("y_rel", "x_rel")]
    pd.testing.assert_frame_equal(shifted[same], measured[same], rtol=1e-6, atol=1e-9)


def test_rows_follow_the_table_and_can_be_had_by_label():
    labels = np.zeros((30, 30), np.int32)
    labels[2:6, 2:6], labels[10:20, 10:20] = 2_000_000_000, 7
    nuclei = NucleusMap.from_labels(labels)
    nuclei = NucleusMap(nuclei.labels, nuclei.table.iloc[::-1], nuclei.mpp, nuclei.scheme)

    measured = morphology(nuclei)

    assert measured["label"].tolist() == nuclei.table["label"].tolist() == [2_000_000_000, 7]
    assert measured.loc[7, "area_um2"] == 100 * MPP**2


def test_an_ellipse_fills_itself_and_a_notched_one_does_not():
    labels = np.zeros((80, 160), np.int32)
    labels[ellipse(40, 40, 30, 20)] = 1
    labels[ellipse(40, 120, 30, 20)] = 2
    labels[ellipse(40, 140, 12, 19)] = 0

    measured = morphology(NucleusMap.from_labels(labels))

    assert measured["fill"][1] == pytest.approx(1, abs=0.01)
    assert measured["fill"][2] < 0.9
    assert measured["solidity"][1] > 0.97 > measured["solidity"][2]


def test_a_pixel_and_nothing():
    labels = np.zeros((9, 9), np.int32)
    image = np.zeros((9, 9, 3), np.uint8)
    nothing = morphology(NucleusMap.from_labels(labels), image)
    labels[4, 4] = 3

    measured = morphology(NucleusMap.from_labels(labels), image)

    assert len(nothing) == 0
    assert list(nothing) == list(measured)
    row = measured.loc[3]
    assert (row["axis_ratio"], row["solidity"], row["extent"], row["circularity"]) == (1, 1, 1, 1)
    assert (row["y_rel"], row["x_rel"], row["neighbours"]) == (0.5, 0.5, 0)
    assert np.isnan(row["nearest_um"])


@pytest.mark.parametrize("image", [np.zeros((9, 9), np.uint8), np.zeros((9, 8, 3), np.uint8), np.zeros((9, 9, 3))])
def test_an_image_that_does_not_fit_is_refused(image):
    with pytest.raises(NucleusError, match=r"RGB image \(9, 9, 3\) of uint8, got"):
        morphology(NucleusMap.from_labels(np.eye(9, dtype=int)), image)
