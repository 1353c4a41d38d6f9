import torch
from torch import nn

from napari_nucleus.inference.bench import PUBLISHED, bench, count_macs, half_precision_bytes
from napari_nucleus.models import architectures, find_model


def test_macs_of_a_convolution_counted_by_hand():
    assert count_macs(nn.Conv2d(3, 8, 3, padding=1), 16) == 3 * 8 * 9 * 16 * 16


def test_macs_of_a_matrix_product_counted_by_hand():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Conv2d(3, 8, 4, stride=4, bias=False)

        def forward(self, image):
            tokens = self.embed(image).flatten(2).mT[:, None]  # (1, 1, 16, 8)
            return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)

    with torch.device("meta"):
        network = Attention()
    assert count_macs(network, 16) == 3 * 8 * 16 * 16 + 2 * 16 * 16 * 8


def test_bytes_of_weights_in_half_precision():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    assert half_precision_bytes(network) == 2 * (3 * 8 * 9 + 8 + 4 * 8) + 8  # and one count of batches


def test_the_default_model():
    info = find_model("default")
    found = bench(info)
    assert found.parameters == info.card.parameters
    assert found.file_bytes == info.weights.stat().st_size
    assert 1e9 < found.macs < 1e10
    assert 0 < found.cpu_s < 60
    assert set(found.gpu) == ({16, 32} if torch.cuda.is_available() else set())


def test_what_papers_print_is_of_networks_that_there_are():
    assert set(PUBLISHED) <= set(architectures())
