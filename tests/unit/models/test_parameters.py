"""Parameters against the numbers that the papers print; on the meta device, where nothing takes memory."""

import pytest
import torch

from napari_nucleus.models import create_model
from napari_nucleus.models.zoo import count_parameters


def counts(name, classes, **options):
    """Parameters in the encoder, and outside."""
    with torch.device("meta"):
        network = create_model(name, classes=classes, **options)
    inside = count_parameters(network.encoder)
    return inside, count_parameters(network) - inside


def test_enhanced_hovernets_share_one_decoder():
    """Zhang et al., §6.2: 33,671,843 and 55,067,363 in all; less timm's encoders, 8,160,947 for both."""
    small = counts("hovernet_seresnext50", "lizard")  # six classes
    large = counts("hovernet_seresnext101", "lizard")
    assert small[0] == 25_510_896
    assert large[0] == 46_906_416
    assert small[1] == large[1] == pytest.approx(8_160_947, rel=0.05)
    assert sum(small) == pytest.approx(33_671_843, rel=0.01)
    assert sum(large) == pytest.approx(55_067_363, rel=0.01)


def test_teacher():
    """Shvetsov et al., Table 4: 1,158,917,906 in all, of which H-optimus-0 has 1,134,774,272."""
    encoder, decoder = counts("unetr_hoptimus0", "refined7")
    assert encoder == 1_134_774_272
    assert decoder == pytest.approx(24_143_634, rel=0.05)


def test_student():
    """Shvetsov et al., Table 4: 24,093,393 in all; §4: an encoder of 9 million."""
    encoder, decoder = counts("mobilevit_unet", "refined7")
    assert encoder == 9_825_753
    assert encoder + decoder == pytest.approx(24_093_393, rel=0.03)


def test_baseline():
    """Zhang et al., §6.2: 37,639,691 for HoVer-Net; that is mode ``fast`` with six classes."""
    with torch.device("meta"):
        network = create_model("hovernet", classes="lizard")
    assert count_parameters(network) == 37_639_691
