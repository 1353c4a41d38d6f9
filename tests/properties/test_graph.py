"""What a graph must keep when its image is flipped, turned, moved or cut into tiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_nucleus.core import NucleusMap
from napari_nucleus.graph import Delaunay, KNearest, Radius, build_graph, describe, morphology
from napari_nucleus.graph.position import neighbour_offsets, place_in_patch

BUILDERS = [KNearest(1), KNearest(5), Radius(15.0), Delaunay(40.0)]
# Halves of pixels, so that nothing is rounded; and far enough from regular that there is one triangulation.
spots = hnp.arrays(
    np.float64, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 400).map(lambda v: v / 2)
)
SHAPES = ["area_um2", "perimeter_um", "eccentricity", "solidity", "extent", "circularity", "axis_ratio", "fill"]
STAINS = ["haematoxylin", "haematoxylin_sd", "haematoxylin_contrast", "eosin", "neighbours"]


def edge_set(edges):
    return {tuple(sorted(pair)) for pair in edges.T.tolist()}


def moved(points, how):
    return {
        "left to right": points * (1, -1),
        "top to bottom": points * (-1, 1),
        "diagonal": points[:, ::-1],
        "shift": points + np.array([64.0, -32.0]),
    }[how]


@pytest.mark.parametrize("how", ["left to right", "top to bottom", "diagonal", "shift"])
@pytest.mark.parametrize("build", [KNearest(1), KNearest(5), Radius(15.0)], ids=str)
@given(points=spots)
@settings(max_examples=40, deadline=None)
def test_edges_move_with_the_image(build, how, points):
    distinct = np.unique(points, axis=0)  # of nuclei on one spot, no more than some are each other's nearest
    assert edge_set(build(np.ascontiguousarray(moved(distinct, how)))) == edge_set(build(distinct))


@pytest.mark.parametrize("how", ["left to right", "top to bottom", "diagonal", "shift"])
@given(seed=st.integers(0, 10_000), n=st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_triangles_move_with_the_image(how, seed, n):
    points = np.random.default_rng(seed).random((n, 2)) * 150  # no four on a circle
    build = Delaunay(40.0)
    assert edge_set(build(np.ascontiguousarray(moved(points, how)))) == edge_set(build(points))


@pytest.mark.parametrize("how", ["left to right", "top to bottom", "diagonal", "shift"])
@given(points=spots)
@settings(max_examples=40, deadline=None)
def test_offsets_of_neighbours_stay(how, points):
    edges = KNearest(5)(points)
    assert np.allclose(neighbour_offsets(moved(points, how), edges), neighbour_offsets(points, edges), atol=1e-5)


@given(points=spots, patches=st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
@settings(max_examples=40, deadline=None)
def test_the_paper_position_stays_only_when_moved_by_whole_patches(points, patches):
    edges = KNearest(5)(points)
    there = place_in_patch(points + np.array(patches) * 67.5, edges)
    apart = np.abs(there - place_in_patch(points, edges))
    assert (np.minimum(apart, 1 - apart) < 1e-4).all()


@pytest.mark.parametrize("build", BUILDERS[:3], ids=str)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_tile_with_its_halo_has_the_edges_of_the_whole(build, seed):
    points = np.random.default_rng(seed).random((300, 2)) * 150
    inside = ((points > 50) & (points < 100)).all(1)
    halo = ((points > 10) & (points < 140)).all(1)
    rows = np.flatnonzero(halo)
    own = {(a, b) for a, b in edge_set(rows[build(points[halo])]) if inside[a] and inside[b]}
    assert own == {(a, b) for a, b in edge_set(build(points)) if inside[a] and inside[b]}


def tissue(seed):
    """A drawn image with nuclei, (H, W) labels and (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((60, 80), np.int32)
    y, x = np.mgrid[:60, :80]
    for number in range(1, 13):
        cy, cx, a, b = *rng.uniform((8, 8), (52, 72)), *rng.uniform(3, 7, 2)
        labels[(((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 < 1) & (labels == 0)] = number
    return labels, rng.integers(30, 230, (60, 80, 3), np.uint8)


@pytest.mark.parametrize("how", ["left to right", "top to bottom", "shift"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_morphology_and_descriptions_stay(how, seed):
    labels, image = tissue(seed)
    change = {
        "left to right": lambda a: a[:, ::-1],
        "top to bottom": lambda a: a[::-1],
        "shift": lambda a: np.pad(a, [(7, 3), (2, 5)] + [(0, 0)] * (a.ndim - 2)),
    }[how]
    before, after = (NucleusMap.from_labels(np.ascontiguousarray(a)) for a in (labels, change(labels)))
    told, retold = morphology(before, image), morphology(after, np.ascontiguousarray(change(image)))
    assert np.allclose(told[SHAPES + STAINS], retold[SHAPES + STAINS], atol=1e-6)
    for style in ("guan", "rich"):
        assert describe(told, style, position=False) == describe(retold, style, position=False)
    edges, again = (edge_set(build_graph(one).edges) for one in (before, after))
    assert edges == again
