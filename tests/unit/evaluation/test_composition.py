import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, NucleusMap
from napari_nucleus.evaluation import composition, compositions
from napari_nucleus.evaluation.composition import write_composition

BOX = [(-0.5, -0.5), (-0.5, 49.5), (99.5, 49.5), (99.5, -0.5)]  # the left half of 100 × 100 pixels


def rows(table):
    return table.set_index("region")


@pytest.fixture
def tissue(squares):
    """Six nuclei of PanNuke on 100 × 100 pixels of 10 µm: four in the left half, one of them unknown."""
    nuclei = squares([(0, 0, 1), (20, 0, 1), (40, 0, 2), (60, 0, 0), (0, 80, 3), (20, 80, 2)], "pannuke")
    return NucleusMap(nuclei.labels, nuclei.table, 10.0, nuclei.scheme)


def test_counts_densities_and_fractions_by_hand(tissue):
    found = rows(composition(tissue, {"left": [BOX]}, name="a"))

    assert found.index.tolist() == ["whole image", "left"]
    assert found["image"].tolist() == ["a", "a"]
    assert found["area_mm2"].tolist() == pytest.approx([1, 0.5])
    assert found["nuclei"].tolist() == [6, 4]
    assert found["n_neoplastic"].tolist() == [2, 2]
    assert found["n_unknown"].tolist() == [1, 1]
    assert found["per_mm2"].tolist() == pytest.approx([6, 8])
    assert found["per_mm2_inflammatory"].tolist() == pytest.approx([2, 2])
    assert found["fraction_connective"].tolist() == pytest.approx([1 / 6, 0])
    assert found["tumor_burden"].tolist() == pytest.approx([2 / 6, 2 / 4])  # unknown nuclei count among all
    assert found["til_fraction"].tolist() == pytest.approx([2 / 6, 1 / 4])
    assert found["etils"].tolist() == pytest.approx([2 / 4, 1 / 3])


def test_columns_follow_the_classes(squares):
    table = composition(squares([(0, 0, 1)], "msa3"))
    classes = ["tumor", "stroma", "immune"]
    assert table.columns.tolist() == [
        *("image", "region", "area_mm2", "nuclei"),
        *(f"n_{name}" for name in classes),
        "per_mm2",
        *(f"per_mm2_{name}" for name in classes),
        *(f"fraction_{name}" for name in classes),
        *("tumor_burden", "til_fraction", "etils"),
    ]


def test_a_hole_two_pieces_and_an_overlap(tissue):
    hole = [(18, -5), (18, 30), (32, 30), (32, -5)]  # around the second nucleus
    right = [(-0.5, 74.5), (-0.5, 99.5), (9.5, 99.5), (9.5, 74.5)]
    found = rows(composition(tissue, {"left with a hole": [BOX, hole], "pieces": [BOX, right], "left": [BOX]}))
    assert found["nuclei"].tolist() == [6, 3, 5, 4]
    assert found["area_mm2"].tolist() == pytest.approx([1, 0.5 - 14 * 30e-4, 0.525, 0.5])


def test_labels_and_outlines_agree(tissue):
    labels = np.zeros((100, 100), np.uint8)
    labels[:, :50], labels[:30, 70:] = 3, 200
    drawn = {"3": [BOX], "200": [[(-9, 69.5), (-9, 200), (29.5, 200), (29.5, 69.5)]]}  # reaches beyond the image
    pd.testing.assert_frame_equal(composition(tissue, labels), composition(tissue, drawn))


def test_an_empty_region_and_one_beside_the_image(tissue):
    drawn = {"empty": [np.array(BOX) * 0.1 + (90, 40)], "beside": [np.array(BOX) - 500], "none": []}
    found = rows(composition(tissue, drawn)).iloc[1:]
    assert found["nuclei"].tolist() == [0, 0, 0]
    assert found["area_mm2"].tolist() == pytest.approx([0.005, 0, 0])
    assert found.loc["empty", ["per_mm2", "n_neoplastic"]].tolist() == [0, 0]
    assert found[["fraction_neoplastic", "tumor_burden", "til_fraction", "etils"]].isna().all(axis=None)
    assert found.loc[["beside", "none"], "per_mm2"].isna().all()


def test_no_nuclei_and_no_pixels():
    for shape in ((20, 30), (0, 0)):
        table = composition(NucleusMap.from_labels(np.zeros(shape, int), classes="consep"), {"left": [BOX]})
        assert table["nuclei"].tolist() == [0, 0]
        assert table["tumor_burden"].isna().all()


def test_a_hollow_nucleus_and_centroids_at_and_beyond_the_edge():
    labels = np.zeros((20, 20), int)
    labels[2:9, 2:9] = 1
    labels[3:8, 3:8] = 0  # a ring: its centroid isn't on it
    labels[0, 19] = labels[19, 0] = 2
    labels[19, 19] = 5
    nuclei = NucleusMap.from_labels(labels)
    nuclei.table.loc[nuclei.table["label"] == 5, ["y_px", "x_px"]] = 30.0, -4.0
    middle = {"middle": [[(3.5, 3.5), (3.5, 6.5), (6.5, 6.5), (6.5, 3.5)]], "corner": [[(18, -1), (18, 1), (20, 0)]]}
    assert composition(nuclei, middle)["nuclei"].tolist() == [3, 1, 1]


@pytest.mark.parametrize(
    ("classes", "tumor", "immune"),
    [
        ("consep", ["epithelial"], ["inflammatory"]),
        ("pannuke", ["neoplastic"], ["inflammatory"]),
        ("refined7", ["neoplastic"], ["lymphocyte", "neutrophil", "macrophage"]),
        ("nucls", ["tumor"], ["sTIL"]),
        ("msa3", ["tumor"], ["immune"]),
        ("lizard", [], ["neutrophil", "lymphocyte", "plasma", "eosinophil"]),
        ("monusac", [], ["lymphocyte", "neutrophil", "macrophage"]),
        ("nucleus", [], []),
        (ClassScheme("mine", ("tumor", "immune"), ("#000000", "#FFFFFF")), [], []),
    ],
)
def test_tumour_and_immune_by_scheme(squares, classes, tumor, immune):
    kinds = SCHEMES[classes] if isinstance(classes, str) else classes
    row = composition(squares([(0, 12 * i, i + 1) for i in range(len(kinds))], kinds)).iloc[0]
    burden = len(tumor) / len(kinds) if tumor else np.nan
    tils = len(immune) / len(kinds) if immune else np.nan
    assert (row["tumor_burden"], row["til_fraction"]) == pytest.approx((burden, tils), nan_ok=True)
    assert row["etils"] == pytest.approx(tils / (tils + burden), nan_ok=True)


def test_several_images_are_pooled_by_region(squares):
    first, second = squares([(0, 0, 1), (20, 0, 3)], "msa3"), squares([(0, 0, 1), (40, 80, 1)], "msa3")
    table = compositions([("a", first, {"left": [BOX]}), ("b", second, None), ("c", first, {"left": [BOX]})])
    assert table["image"].tolist() == ["a", "a", "b", "c", "c", "all", "all"]
    pooled = rows(table[table["image"] == "all"])
    assert pooled["nuclei"].to_dict() == {"whole image": 6, "left": 4}
    assert pooled["tumor_burden"].tolist() == pytest.approx([4 / 6, 2 / 4])
    assert pooled["per_mm2"].tolist() == pytest.approx([6 / 3 / 625e-6, 4 / 625e-6])


def test_a_class_that_a_file_does_not_use_counts_as_none(squares):
    imported = [ClassScheme("imported", names, ("#112233",) * len(names)) for names in (("A",), ("B", "A"))]
    table = compositions([(k.classes[0], squares([(0, 0, 1)], k), None) for k in imported])
    assert table[["n_A", "n_B"]].values.tolist() == [[1, 0], [0, 1], [1, 1]]
    with pytest.raises(NucleusError, match="in all images"):
        compositions([(name, squares([(0, 0, 1)], name), None) for name in ("consep", "lizard")])


def test_what_is_no_region_is_one_line(tissue):
    for regions, message in [
        (np.zeros((3, 3), int), r"got \(3, 3\)"),
        (np.full((100, 100), -1), "labels from 0"),
        ({"a": BOX}, "region 'a', got shape"),
        ({"a": [[(0, 0), (np.nan, 3), (4, 4)]]}, "region 'a'"),
    ]:
        with pytest.raises(NucleusError, match=message) as error:
            composition(tissue, regions, name="tile")
        assert str(error.value).startswith("tile: ")
        assert "\n" not in str(error.value)
    with pytest.raises(NucleusError, match="at least one image"):
        compositions([])


def test_a_csv_holds_the_same(tissue, tmp_path):
    table = composition(tissue, {"left": [BOX], "beside": [np.array(BOX) - 500]})
    write_composition(tmp_path / "a.csv", table)
    back = pd.read_csv(tmp_path / "a.csv", float_precision="round_trip")
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    with pytest.raises(NucleusError, match="place to write"):
        write_composition(tmp_path / "none" / "a.csv", table)


# Properties


@st.composite
def tissues(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    labels = random.integers(0, 40, shape) * (random.random(shape) < 0.3)
    class_of = {i: int(random.integers(0, 4)) for i in range(40)}
    return random, NucleusMap.from_labels(labels, mpp=0.5, classes="msa3", class_of=class_of)


@settings(max_examples=60, deadline=None)
@given(tissues())
def test_regions_that_tile_the_image_add_up_to_it(tissue):
    random, nuclei = tissue
    height, width = nuclei.labels.shape
    corners = np.array([(-0.5, -0.5), (-0.5, width - 0.5), (height - 0.5, -0.5), (height - 0.5, width - 0.5)])
    inside = random.uniform((-0.5, -0.5), (height - 0.5, width - 0.5), (8, 2))
    points = np.concatenate([corners, inside])
    triangles = {str(i): [points[t]] for i, t in enumerate(Delaunay(points).simplices)}
    for regions in (triangles, random.integers(1, 5, nuclei.labels.shape)):
        table = composition(nuclei, regions)
        counted = ["area_mm2", "nuclei", *(name for name in table if name.startswith("n_"))]
        np.testing.assert_allclose(table[counted].iloc[1:].sum(), table[counted].iloc[0])


@settings(max_examples=40, deadline=None)
@given(tissues())
def test_densities_times_area_are_counts_and_transposing_changes_nothing(tissue):
    random, nuclei = tissue
    drawn = {str(i): [random.uniform(-10, 70, (6, 2))] for i in range(4)}
    table = composition(nuclei, drawn)
    here = table[table["area_mm2"] > 0]
    np.testing.assert_allclose(here["per_mm2"] * here["area_mm2"], here["nuclei"])
    np.testing.assert_allclose(here["per_mm2_tumor"] * here["area_mm2"], here["n_tumor"])

    class_of = dict(zip(nuclei.table["label"], nuclei.class_numbers.tolist(), strict=True))
    turned = NucleusMap.from_labels(nuclei.labels.T, mpp=0.5, classes="msa3", class_of=class_of)
    flipped = {name: [ring[:, ::-1] for ring in rings] for name, rings in drawn.items()}
    pd.testing.assert_frame_equal(composition(turned, flipped), table)
