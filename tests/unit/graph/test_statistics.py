import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import build_graph
from napari_nucleus.graph.statistics import enrichment, neighbourhood, ripley


def dots(yx, kinds, shape=(200, 200), mpp=0.5):
    """A nucleus of one pixel at each place, of PanNuke's classes by number."""
    labels = np.zeros(shape, np.int32)
    for i, (y, x) in enumerate(yx):
        labels[y, x] = 3 * (i + 1)  # ids with gaps
    class_of = {3 * (i + 1): kind for i, kind in enumerate(kinds)}
    return NucleusMap.from_labels(labels, mpp=mpp, classes="pannuke", class_of=class_of)


@pytest.fixture
def halves():
    """Neoplastic nuclei to the left, inflammatory ones to the right, on a jittered grid."""
    random = np.random.default_rng(1)
    yx = np.stack(np.meshgrid(range(0, 190, 10), range(0, 190, 10)), -1).reshape(-1, 2) + random.integers(
        0, 9, (361, 2)
    )
    return dots(yx, np.where(yx[:, 1] < 95, 1, 2).tolist())


def test_edges_of_class_pairs_by_hand():
    nuclei = dots([(0, 0), (0, 10), (0, 20), (0, 90)], [1, 1, 2, 0])
    pairs = enrichment(nuclei, build_graph(nuclei, "radius", radius_um=5.5), permutations=50)

    found = {(row.class_a, row.class_b): row.edges for row in pairs.itertuples()}
    assert found == {
        ("neoplastic", "neoplastic"): 1,
        ("neoplastic", "inflammatory"): 1,
        ("neoplastic", "unknown"): 0,
        ("inflammatory", "inflammatory"): 0,
        ("inflammatory", "unknown"): 0,
        ("unknown", "unknown"): 0,
    }


def test_classes_that_keep_apart_are_told_from_chance(halves):
    pairs = enrichment(halves, build_graph(halves), permutations=199).set_index(["class_a", "class_b"])

    apart = pairs.loc[("neoplastic", "inflammatory")]
    together = pairs.loc[("neoplastic", "neoplastic")]
    assert apart["ratio"] < 0.3 < 1.5 < together["ratio"]
    assert apart["p"] == together["p"] == pytest.approx(2 / 200)  # as small as it can be, and never 0


def test_classes_dealt_by_chance_are_mostly_not_significant(halves):
    random = np.random.default_rng(0)
    graph = build_graph(halves)
    p = []
    for _ in range(30):
        dealt = dict(zip(halves.table["label"].tolist(), random.integers(1, 3, len(halves)).tolist(), strict=True))
        nuclei = NucleusMap.from_labels(halves.labels, mpp=halves.mpp, classes="pannuke", class_of=dealt)
        p += enrichment(nuclei, graph, permutations=99)["p"].tolist()

    assert np.mean(np.array(p) < 0.05) < 0.15


def test_the_expected_edges_are_those_of_the_hypergeometric_law(halves):
    pairs = enrichment(halves, build_graph(halves), permutations=499)
    edges, n = len(build_graph(halves)), halves.table["class"].value_counts()
    a, b, total = n["neoplastic"], n["inflammatory"], len(halves)

    expected = pairs.set_index(["class_a", "class_b"])["expected"]
    assert expected["neoplastic", "inflammatory"] == pytest.approx(2 * edges * a * b / total / (total - 1), rel=0.02)
    assert pairs["edges"].sum() == edges


def test_distances_against_counting_one_by_one(halves):
    table = ripley(halves, (10.0, 20.0), permutations=1)
    places = halves.table[["y_um", "x_um"]].to_numpy()
    kinds = halves.table["class"].to_numpy()
    size = np.array(halves.labels.shape) * halves.mpp
    for row in table.itertuples():
        one, other = places[kinds == row.class_a], places[kinds == row.class_b]
        apart = np.abs(one[:, None] - other[None])
        close = np.hypot(*np.moveaxis(apart, -1, 0))
        same = row.class_a == row.class_b
        weight = size.prod() / (size - apart).prod(-1)
        total = weight[(close <= row.r_um) & ~(same & (close == 0))].sum()
        k = size.prod() * total / (len(one) * (len(other) - same))
        assert row.l_um == pytest.approx(np.sqrt(k / np.pi))
        nearest = np.median(np.where(same & (close == 0), np.inf, close).min(1))
        assert row.nearest_um == pytest.approx(nearest)


def test_evenly_strewn_nuclei_have_l_near_r():
    random = np.random.default_rng(2)
    yx = np.unique(random.integers(0, 400, (900, 2)), axis=0)
    table = ripley(dots(yx, [1] * len(yx), (400, 400)), (10.0, 20.0, 30.0))

    np.testing.assert_allclose(table["l_um"], table["r_um"], rtol=0.05)


def test_classes_that_keep_apart_lie_outside_of_the_band(halves):
    table = ripley(halves, (10.0, 20.0)).set_index(["class_a", "class_b"])

    assert (
        table.loc[("neoplastic", "inflammatory"), "l_um"] < table.loc[("neoplastic", "inflammatory"), "low_um"]
    ).all()
    assert (table.loc[("neoplastic", "neoplastic"), "l_um"] > table.loc[("neoplastic", "neoplastic"), "high_um"]).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_nuclei(n):
    nuclei = dots([(5, 5), (5, 9)][:n], [1, 2][:n])
    found = neighbourhood(nuclei, build_graph(nuclei), permutations=9)

    assert found.classes == ("neoplastic", "inflammatory")[:n]
    assert len(found.pairs) == n * (n + 1) // 2
    assert found.pairs["p"].between(0, 1).all()


def test_no_labelling_at_all_is_refused(halves):
    with pytest.raises(NucleusError, match="1 random labelling or more"):
        enrichment(halves, build_graph(halves), permutations=0)


def test_everything_is_written(halves, tmp_path):
    found = neighbourhood(halves, build_graph(halves), permutations=19)
    found.to_csv(tmp_path / "a.csv")

    table = pd.read_csv(tmp_path / "a.csv")
    assert table["statistic"].value_counts().to_dict() == {"ripley": len(found.distances), "enrichment": 3}
    with pytest.raises(NucleusError):
        found.to_csv(tmp_path / "none" / "a.csv")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.booleans())
def test_flips_change_no_count(seed, down, across):
    random = np.random.default_rng(seed)
    yx = np.unique(random.integers(0, 60, (25, 2)), axis=0)
    kinds = random.integers(0, 4, len(yx)).tolist()
    nuclei = dots(yx, kinds, (60, 60))
    flipped = nuclei.labels[:: -1 if down else 1, :: -1 if across else 1]
    class_of = dict(zip(nuclei.table["label"].tolist(), nuclei.class_numbers.tolist(), strict=True))
    other = NucleusMap.from_labels(flipped, mpp=nuclei.mpp, classes="pannuke", class_of=class_of)

    one, two = (enrichment(each, build_graph(each), permutations=1) for each in (nuclei, other))
    assert one["edges"].tolist() == two["edges"].tolist()
    a, b = (ripley(each, (5.0, 10.0), permutations=1) for each in (nuclei, other))
    np.testing.assert_allclose(a[["l_um", "nearest_um"]], b[["l_um", "nearest_um"]])
