import numpy as np
import pytest

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.app.features import features_of
from napari_nucleus.app.region import Region
from napari_nucleus.app.segment_state import Source
from napari_nucleus.app.training.annotated import LayerPair
from napari_nucleus.core import NucleusMap


@pytest.fixture
def nuclei():
    labels = np.zeros((60, 80), np.int32)
    for i in range(6):
        labels[5 + 25 * (i // 3) : 15 + 25 * (i // 3), 5 + 25 * (i % 3) : 17 + 25 * (i % 3)] = 10 * (i + 1)
    return NucleusMap.from_labels(labels, classes="consep", class_of={10 * (i + 1): 1 + i % 4 for i in range(6)})


@pytest.fixture
def pair(nuclei):
    """Makes a pair of layers with those nuclei."""

    def make(name="my tile", edited=None, edited_only=False, scheme=nuclei.scheme, shape=(60, 80)):
        features = features_of(nuclei)
        if edited is not None:
            features["edited"] = features["index"].isin(edited)
        pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
        image = Source("key", name, pixels, True, Region(0, 0, *shape))
        return LayerPair(image, LayerSource("nuclei", nuclei.labels.copy(), features, scheme, 0.25), edited_only)

    return make


@pytest.fixture
def folder(tmp_path, nuclei):
    """An annotated folder of three images, CoNSeP's classes."""
    place = tmp_path / "data" / "consep"
    place.mkdir(parents=True)
    image = np.full((*nuclei.labels.shape, 3), 200, np.uint8)
    for name in "abc":
        np.savez(place / f"{name}.npz", image=image, inst=nuclei.labels, type=nuclei.type_map())
    return place
