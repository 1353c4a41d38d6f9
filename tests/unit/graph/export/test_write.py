import json

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import build_graph, morphology, write_graph


def nuclei(n=4):
    labels = np.zeros((40, 60), np.int32)
    for i in range(n):
        labels[5 + 7 * (i % 3) : 10 + 7 * (i % 3), 6 + 9 * i : 12 + 9 * i] = 3 * i + 2
    return NucleusMap.from_labels(labels, classes="consep", class_of={3 * i + 2: i % 3 for i in range(n)})


@pytest.fixture(params=[0, 1, 4])
def written(request, tmp_path):
    found = nuclei(request.param)
    graph = build_graph(found, k=2)
    for suffix in ("graphml", "npz", "safetensors", "h5ad"):
        write_graph(tmp_path / f"g.{suffix}", found, graph, morphology(found))
    return found, graph, tmp_path


def pairs(graph):
    return {tuple(edge): length for edge, length in zip(graph.edges.T.tolist(), graph.lengths_um, strict=True)}


def test_networkx_reads_the_graphml(written):
    networkx = pytest.importorskip("networkx")
    found, graph, folder = written
    read = networkx.read_graphml(folder / "g.graphml")
    assert set(read.nodes) == {f"n{label}" for label in found.table["label"]}
    edges = {tuple(sorted((int(a[1:]), int(b[1:])))): length for a, b, length in read.edges(data="length_um")}
    assert edges == pairs(graph)
    for row in found.table.itertuples():
        node = read.nodes[f"n{row.label}"]
        assert node["class"] == found.table.loc[row.Index, "class"]
        assert (node["y_um"], node["area_um2"]) == (row.y_um, row.area_um2)


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_arrays_hold_the_graph_without_pickles(written, suffix):
    found, graph, folder = written
    if suffix == "npz":
        with np.load(folder / "g.npz", allow_pickle=False) as file:
            arrays = dict(file)
        names = arrays["class_names"].tolist()
    else:
        from safetensors import safe_open

        with safe_open(folder / "g.safetensors", "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            names = json.loads(file.metadata()["class_names"])
    assert np.array_equal(np.sort(arrays["label"][arrays["edge_index"]], axis=0), graph.edges)
    assert np.allclose(arrays["edge_length_um"], graph.lengths_um)
    assert [names[number] for number in arrays["y"]] == found.table["class"].tolist()
    assert arrays["x"].shape[0] == len(found)


def test_anndata_reads_the_file(written):
    anndata = pytest.importorskip("anndata")
    found, graph, folder = written
    read = anndata.read_h5ad(folder / "g.h5ad")
    assert read.obs_names.tolist() == found.table["label"].astype(str).tolist()
    assert read.obs["class"].tolist() == found.table["class"].tolist()
    assert np.allclose(read.obsm["spatial"], found.table[["x_um", "y_um"]])
    distances = read.obsp["spatial_distances"].tocoo()
    ids = found.table["label"].to_numpy()
    assert {
        (int(ids[a]), int(ids[b])): d
        for a, b, d in zip(*distances.coords, distances.data, strict=True)
        if ids[a] < ids[b]
    } == pytest.approx(pairs(graph))
    assert (read.obsp["spatial_connectivities"] != read.obsp["spatial_connectivities"].T).nnz == 0
    assert np.allclose(read[:, "area_um2"].X[:, 0], found.table["area_um2"])


def test_squidpy_finds_the_neighbours(tmp_path):
    squidpy, anndata = pytest.importorskip("squidpy"), pytest.importorskip("anndata")
    found = nuclei(6)
    write_graph(tmp_path / "g.h5ad", found, build_graph(found, k=2))
    read = anndata.read_h5ad(tmp_path / "g.h5ad")
    squidpy.gr.nhood_enrichment(read, cluster_key="class", n_perms=10, seed=0, n_jobs=1, show_progress_bar=False)
    counts = read.uns["class_nhood_enrichment"]["count"]
    assert counts.sum() == 2 * len(build_graph(found, k=2))


def test_names_of_columns_and_classes_are_escaped(tmp_path):
    networkx = pytest.importorskip("networkx")
    found = nuclei()
    extra = morphology(found)[["label"]].assign(**{'<a & "b">': 1.5})
    write_graph(tmp_path / "g.graphml", found, build_graph(found), extra)
    read = networkx.read_graphml(tmp_path / "g.graphml")
    assert all(data['<a & "b">'] == 1.5 for _, data in read.nodes(data=True))


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(NucleusError, match=r"graphml.*\.pt"):
        write_graph(tmp_path / "g.pt", nuclei(), build_graph(nuclei()))
    assert not list(tmp_path.iterdir())
