import numpy as np
import pytest
import torch
from torch import nn

from napari_nucleus.core import Image, NucleusError, NucleusMap
from napari_nucleus.inference import nucleus_features, reading
from napari_nucleus.inference.features import model_features
from napari_nucleus.inference.network import Predictor
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import LoadedModel, ModelCard, load_model


class Colours(nn.Module):
    """Its features are the image itself at half the size."""

    size_multiple = 16

    def features(self, image):
        return nn.functional.avg_pool2d(image.float(), 2)


@pytest.fixture
def colours():
    return LoadedModel(Colours(), ModelCard("colours", "none", "consep", 0.25))


@pytest.fixture(scope="module")
def tile():
    image, truth = consep_tile()
    window = np.s_[300:556, 200:520]
    return image.array[window].copy(), NucleusMap.from_labels(truth.labels[window], mpp=0.25)


def squares(shape=(60, 75)):
    """Three nuclei of one colour each, their labels with gaps; the table in another order than the labels."""
    image, labels = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.int32)
    for label, y, x in ((7, 4, 8), (900_000, 20, 40), (3, 40, 58)):
        labels[y : y + 8, x : x + 8] = label
        image[y : y + 8, x : x + 8] = (label % 251, 10 * (y % 20), x)
    nuclei = NucleusMap.from_labels(labels)
    return image, NucleusMap(labels, nuclei.table.iloc[[2, 0, 1]].reset_index(drop=True), 0.25, nuclei.scheme)


def test_the_mean_over_each_nucleus_in_the_order_of_the_table(colours):
    image, nuclei = squares()
    found = model_features(image, nuclei, [colours])
    want = [image[nuclei.labels == label].mean(0) / 255 for label in nuclei.table["label"]]
    np.testing.assert_allclose(found, want, atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("mpp", [0.5, 0.125, 0.31])
def test_images_of_any_pixel_size(colours, mpp):
    image, nuclei = squares((64, 80))
    found = model_features(Image((image,), mpp=mpp), nuclei, [colours])
    want = [image[nuclei.labels == label].mean(0) / 255 for label in nuclei.table["label"]]
    assert np.abs(found - want).max() < 0.35  # edges of squares of eight pixels are blurred
    same = model_features(np.full((64, 80, 3), 100, np.uint8), nuclei, [colours])
    np.testing.assert_allclose(same, 100 / 255, atol=0.01)


def test_no_nuclei_and_the_smallest_image(colours):
    none = NucleusMap.from_labels(np.zeros((5, 7), np.int32))
    assert model_features(np.zeros((5, 7, 3), np.uint8), none, [colours]).shape == (0, 3)
    one = NucleusMap.from_labels(np.ones((1, 1), np.int32))
    assert model_features(np.full((1, 1, 3), 255, np.uint8), one, [colours]).tolist() == [[1, 1, 1]]


def test_models_stand_side_by_side(colours):
    image, nuclei = squares()
    one = model_features(image, nuclei, [colours])
    both = model_features(image, nuclei, [colours, colours])
    np.testing.assert_array_equal(both, np.concatenate([one, one], 1))


def test_nuclei_of_another_image_are_refused(colours):
    image, nuclei = squares()
    with pytest.raises(NucleusError, match="labels of"):
        model_features(image[:-1], nuclei, [colours])


def test_tiles_and_blocks_give_what_the_whole_image_gives(tile, monkeypatch):
    whole = nucleus_features(*tile, device="cpu")
    monkeypatch.setattr("napari_nucleus.inference.network._CORE_ON_CPU", 96)
    assert len(Predictor([load_model().network], "cpu").tiles(tile[0].shape[:2])) > 4
    tiled = nucleus_features(*tile, device="cpu")
    assert len(whole) == len(tile[1])
    scale = whole.std(0) + 1e-3
    assert np.abs((tiled - whole) / scale).max() < 0.25
    assert np.abs((tiled - whole) / scale).mean() < 0.02
    monkeypatch.setattr(reading, "_BLOCK", 160)
    blocks = nucleus_features(*tile, device="cpu")
    assert np.abs((blocks - whole) / scale).mean() < 0.02


def test_features_are_what_the_type_head_reads(tile):
    """The mean of a linear head's logits is the head's answer to the mean."""
    image, nuclei = tile[0][:96, :128], NucleusMap.from_labels(tile[1].labels[:96, :128])
    model = load_model()
    found = torch.from_numpy(model_features(image, nuclei, [model]))
    head = model.network.type_head
    with torch.inference_mode():
        pixels = torch.from_numpy(image).movedim(-1, 0)[None].float() / 255
        logits = head(model.network.features(pixels))[0]
    label = int(nuclei.table["label"][0])
    y, x = np.nonzero(nuclei.labels == label)
    want = logits[:, y // 2, x // 2].mean(1)
    torch.testing.assert_close(found[0] @ head.weight[:, :, 0, 0].T + head.bias, want, atol=0.1, rtol=0.05)
