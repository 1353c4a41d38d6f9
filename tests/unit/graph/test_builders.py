import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import Delaunay, KNearest, Radius, build_graph

BUILDERS = [KNearest(3), KNearest(50), Radius(12.0), Delaunay(25.0)]


def pairs(edges):
    return {tuple(edge) for edge in edges.T.tolist()}


def brute_force(builder, points):
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    if isinstance(builder, Radius):
        near = distance <= builder.radius_um
    else:
        np.fill_diagonal(distance, np.inf)
        reach = np.sort(distance, 1)[:, min(builder.k, len(points) - 1) - 1]
        near = distance <= reach[:, None]
    return {(i, j) for i in range(len(points)) for j in range(i + 1, len(points)) if near[i, j] or near[j, i]}


@st.composite
def points(draw, most=40):
    n = draw(st.integers(0, most))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((n, 2)) * 50


@given(points())
@settings(deadline=None, max_examples=40)
@pytest.mark.parametrize("builder", [KNearest(1), KNearest(5), KNearest(60), Radius(7.0)])
def test_edges_are_those_of_all_distances(builder, points):
    assume(len(points) > 1)

    assert pairs(builder(points)) == brute_force(builder, points)


@given(points(), st.sampled_from(BUILDERS), st.booleans(), st.floats(-1e4, 1e4))
@settings(deadline=None, max_examples=60)
def test_mirrors_shifts_and_order_change_nothing(points, builder, mirror, shift):
    moved = points * (1, -1 if mirror else 1) + shift
    order = np.random.default_rng(0).permutation(len(points))

    edges = np.sort(order[builder(moved[order])], axis=0)

    assert pairs(edges) == pairs(builder(points))


@given(st.sampled_from(BUILDERS), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_on_a_grid_ties_are_taken_together(builder, seed):
    """Whole numbers tie often; a tie must not be broken by rounding."""
    assume(not isinstance(builder, Delaunay))  # four corners of a square have two triangulations
    spots = np.unique(np.random.default_rng(seed).integers(0, 12, (30, 2)), axis=0) * 1.0
    shifted = spots[:, ::-1] * (-1, 1) + 0.1

    assert pairs(builder(shifted)) == pairs(builder(spots))


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("n", [0, 1])
def test_too_few_have_no_neighbours(builder, n):
    edges = builder(np.zeros((n, 2)))

    assert edges.shape == (2, 0)
    assert edges.dtype == np.int64


@pytest.mark.parametrize("builder", BUILDERS)
def test_those_on_one_spot_are_connected_and_never_with_themselves(builder):
    points = np.array([[0, 0], [0, 0], [0, 0], [5, 0], [0, 6], [4, 4]], float)

    edges = builder(points)

    assert (edges[0] < edges[1]).all()
    assert {(0, 1), (0, 2)} <= pairs(edges)


def test_delaunay_connects_a_line_in_its_order():
    assert pairs(Delaunay(100)(np.array([[0.0, 0], [9, 9], [3, 3]]))) == {(0, 2), (1, 2)}


def test_delaunay_cuts_long_edges():
    points = np.array([[0.0, 0], [0, 10], [10, 0], [500, 500]])

    assert pairs(Delaunay(20)(points)) == {(0, 1), (0, 2), (1, 2)}


@given(points())
@settings(deadline=None, max_examples=30)
def test_delaunay_triangles_hold_no_other_point(points):
    """What makes it Delaunay: the nearest of each point is always a neighbour of it."""
    assume(len(points) > 3)

    assert pairs(KNearest(1)(points)) <= pairs(Delaunay(1e6)(points))


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: KNearest(0), "at least 1 neighbour"),
        (lambda: Radius(0), "radius_um above 0"),
        (lambda: Radius(float("nan")), "radius_um above 0"),
        (lambda: Delaunay(-1), "longest_um above 0"),
        (lambda: Radius(1.0)(np.zeros((20_000, 2))), "smaller radius_um"),
    ],
)
def test_what_cannot_be_built_is_told(build, problem):
    with pytest.raises(NucleusError, match=problem):
        build()


def test_a_builder_of_ones_own_is_used():
    nuclei = NucleusMap.from_labels(np.diag([7, 0, 3, 0, 9]))

    graph = build_graph(nuclei, lambda centroids: np.array([[0], [len(centroids) - 1]]))

    assert graph.edges.tolist() == [[3], [9]]  # rows are those of the table: 3, 7, 9


@pytest.mark.parametrize("method", ["knn", "radius", "delaunay"])
def test_torch_geometric_gets_both_directions(method):
    labels = np.zeros((60, 60), np.int32)
    for label, (y, x) in zip((9, 4, 25, 7), ((5, 5), (5, 30), (30, 5), (40, 50)), strict=True):
        labels[y : y + 4, x : x + 4] = label
    nuclei = NucleusMap.from_labels(labels, classes="consep", class_of={9: 2, 4: 1, 25: 3, 7: 4})
    graph = build_graph(nuclei, method)

    data = graph.to_pyg(nuclei, np.eye(4))

    assert data.validate()
    assert data.is_undirected()
    assert data.num_nodes == 4
    assert data.y.tolist() == nuclei.class_numbers.tolist()
    apart = (data.pos[data.edge_index[0]] - data.pos[data.edge_index[1]]).norm(dim=1)
    assert apart.tolist() == pytest.approx(data.edge_attr[:, 0].tolist(), abs=1e-3)
