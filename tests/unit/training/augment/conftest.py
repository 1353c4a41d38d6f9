import numpy as np
import pytest

from napari_nucleus.io.samples import consep_tile


@pytest.fixture(scope="session")
def tile():
    """Real tissue, (256, 256, 3) uint8, and its labels."""
    image, nuclei = consep_tile()
    return np.ascontiguousarray(image.array[300:556, 300:556]), np.ascontiguousarray(nuclei.labels[300:556, 300:556])
