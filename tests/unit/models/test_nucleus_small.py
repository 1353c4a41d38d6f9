import pytest
import timm
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.nucleus_small import NucleusSmall
from napari_nucleus.models.resnet import ShortResNet


def test_any_timm_encoder_can_be_named():
    network = NucleusSmall(4, encoder="mobilenetv4_conv_small", decoder=(32, 24, 16)).eval()
    assert network(torch.rand(1, 3, 64, 64)).type_logit.shape == (1, 5, 64, 64)


def test_what_lies_far_away_does_not_matter():
    """No global pooling: that is what lets tiles agree with the whole image."""
    network = NucleusSmall(4).eval()
    image = torch.rand(1, 3, 64, 512)
    changed = image.clone()
    changed[..., 448:] = 0
    with torch.inference_mode():
        one, other = network(image), network(changed)
    assert torch.allclose(one.np_logit[..., :64], other.np_logit[..., :64], atol=1e-6)
    assert not torch.allclose(one.np_logit[..., 440:], other.np_logit[..., 440:], atol=1e-6)


def test_an_encoder_of_other_strides_is_refused():
    with pytest.raises(NucleusError, match="strides 2, 4, 8 and 16"):
        NucleusSmall(4, encoder="convnext_atto")


def test_our_encoder_is_the_one_of_timm():
    options = {"layers": (2, 2, 3), "channels": (64, 128, 256), "stem_type": "deep", "stem_width": 16}
    theirs = timm.create_model("resnet18", features_only=True, out_indices=(0, 1, 2, 3), **options).eval()
    ours = ShortResNet().eval()
    ours.load_state_dict(theirs.state_dict())
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(ours(image), theirs(image), strict=True))
    assert ours.channels == tuple(theirs.feature_info.channels())
