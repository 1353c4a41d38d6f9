import numpy as np
import pytest
import torch

from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import ModelCard, add_model, create_model

TINY = {
    "nucleus_small": {"decoder": [8, 8, 8]},
    "mobilevit_unet": {"encoder": "mobilevitv2_050", "widths": [16, 16, 8, 8, 8]},
}


@pytest.fixture
def tissue():
    """A piece of real tissue, (128, 112, 3) uint8."""
    return np.ascontiguousarray(consep_tile()[0].array[200:328, 100:212])


@pytest.fixture
def add(models_folder):
    """Puts a tiny network with random weights on the list."""

    def put(name, architecture="nucleus_small", classes="consep", seed=0, mpp=0.25, **options):
        torch.manual_seed(seed)
        options = TINY.get(architecture, {}) | options
        network = create_model(architecture, classes=classes, **options)
        add_model(network.state_dict(), ModelCard(name, architecture, classes, mpp, options=options))
        return name

    return put
