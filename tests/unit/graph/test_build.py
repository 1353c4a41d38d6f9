import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import build_graph


def dots(*yx, mpp=0.25):
    labels = np.zeros((40, 40), np.int32)
    for label, (y, x) in enumerate(yx, 1):
        labels[y, x] = 10 * label  # ids with gaps
    return NucleusMap.from_labels(labels, mpp=mpp)


def pairs(graph):
    return {tuple(edge) for edge in graph.edges.T.tolist()}


@pytest.mark.parametrize("n", [0, 1])
def test_without_neighbours_there_are_no_edges(n):
    graph = build_graph(dots(*[(5, 5)][:n]))

    assert graph.edges.shape == (2, 0)
    assert graph.edges.dtype == np.int64
    assert graph.lengths_um.shape == (0,)


def test_two_nuclei_make_one_edge_with_its_length():
    graph = build_graph(dots((0, 0), (3, 4), mpp=0.5))

    assert graph.edges.tolist() == [[10], [20]]
    assert graph.lengths_um.tolist() == [2.5]


def test_fewer_nuclei_than_k_are_all_connected():
    graph = build_graph(dots((0, 0), (0, 9), (9, 0), (9, 9)), k=5)

    assert len(graph) == 6


def test_an_edge_counts_where_either_is_nearest():
    # 30's nearest is 20, though 20's is 10.
    assert pairs(build_graph(dots((0, 0), (0, 1), (0, 5)), k=1)) == {(10, 20), (20, 30)}


def test_nuclei_with_one_centroid_are_neighbours_not_their_own():
    labels = np.ones((9, 9), np.int32)
    labels[1:8, 1:8] = 2
    labels[3:6, 3:6] = 3

    graph = build_graph(NucleusMap.from_labels(labels), k=1)

    assert len(graph) >= 2
    assert (graph.edges[0] < graph.edges[1]).all()
    assert (graph.lengths_um == 0).all()


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=25), st.integers(1, 6))
def test_as_by_brute_force(points, k):
    nuclei = dots(*sorted(points))
    graph = build_graph(nuclei, k=k)

    yx = nuclei.table[["y_um", "x_um"]].to_numpy()
    distance = np.linalg.norm(yx[:, None] - yx[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    reach = np.sort(distance, axis=1)[:, min(k, max(len(yx) - 1, 1)) - 1] if len(yx) > 1 else np.zeros(len(yx))
    label = nuclei.table["label"].to_numpy()
    row = {value: i for i, value in enumerate(label.tolist())}

    assert len(pairs(graph)) == len(graph)
    degree = np.bincount([row[v] for v in graph.edges.ravel().tolist()], minlength=len(yx))
    assert (degree >= min(k, max(len(yx) - 1, 0))).all()
    for (a, b), length in zip(graph.edges.T.tolist(), graph.lengths_um, strict=True):
        assert a < b
        assert length == pytest.approx(distance[row[a], row[b]])
        assert length <= max(reach[row[a]], reach[row[b]]) + 1e-9


def test_what_it_does_not_know_is_refused():
    with pytest.raises(NucleusError, match=r"graph method \(knn, radius, delaunay\), got 'nearest'"):
        build_graph(dots((0, 0)), method="nearest")
    with pytest.raises(NucleusError, match="k=0"):
        build_graph(dots((0, 0)), k=0)
