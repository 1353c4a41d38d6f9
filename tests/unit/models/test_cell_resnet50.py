import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.inference.pipeline import segment
from napari_nucleus.models import architectures, create_model
from napari_nucleus.models.cell_crops import cell_crops
from napari_nucleus.models.registry import is_dense
from napari_nucleus.models.zoo import count_parameters


def test_a_crop_gets_a_logit_a_class():
    with torch.device("meta"):
        network = create_model("cell_resnet50", classes="refined7")
        assert network(torch.empty(4, 3, 64, 64)).shape == (4, 7)
    assert network.dropout.p == 0.5
    assert count_parameters(network) == 23_508_032 + 2048 * 7 + 7  # torchvision's ResNet-50 without its head


def test_gradient_reaches_every_parameter():
    network = create_model("cell_resnet50", encoder="test_resnet").train()
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_it_is_listed_and_can_not_segment():
    assert "cell_resnet50" in architectures()
    assert not is_dense("cell_resnet50")
    assert is_dense("nucleus_small")
    with pytest.raises(NucleusError, match="Expected a model that segments, got cell_resnet50"):
        segment(np.zeros((64, 64, 3), np.uint8), model="cell_resnet50")


@pytest.fixture
def tissue():
    return np.random.default_rng(0).integers(0, 255, (90, 100, 3), np.uint8)


def nuclei(*boxes, shape=(90, 100)):
    labels = np.zeros(shape, np.int32)
    for label, (y, x, height, width) in zip((40, 7, 900), boxes, strict=False):
        labels[y : y + height, x : x + width] = label
    return NucleusMap.from_labels(labels)


def test_a_nucleus_of_34_pixels_is_cut_with_15_of_context_unresized(tissue):
    crops = cell_crops(tissue, nuclei((30, 30, 34, 34)))
    assert np.array_equal(crops[0], tissue[15:79, 15:79])


def test_what_lies_beyond_the_image_is_mirrored(tissue):
    crop = cell_crops(tissue, nuclei((0, 60, 34, 34)))[0]
    assert np.array_equal(crop[15:, :55], tissue[:49, 45:])
    assert np.array_equal(crop[:15, :55], tissue[:15, 45:][::-1])
    assert np.array_equal(crop[15:, 55:], tissue[:49, 91:][:, ::-1])


def test_a_long_nucleus_keeps_its_shape():
    image = np.full((120, 120, 3), 255, np.uint8)
    image[58:62, 20:100] = 0
    crop = cell_crops(image, nuclei((58, 20, 4, 80), shape=(120, 120)))[0]
    dark = crop[..., 0] < 128
    assert dark.any(0).sum() > 10 * dark.any(1).sum()


def test_crops_follow_the_table(tissue):
    both = nuclei((5, 5, 20, 20), (50, 60, 20, 20))
    crops = cell_crops(tissue, both)
    for crop, label in zip(crops, both.table["label"], strict=True):
        y, x = np.argwhere(both.labels == label).min(0)
        assert np.array_equal(crop, cell_crops(tissue, nuclei((y, x, 20, 20)))[0])


def test_no_nuclei(tissue):
    assert cell_crops(tissue, nuclei()).shape == (0, 64, 64, 3)
