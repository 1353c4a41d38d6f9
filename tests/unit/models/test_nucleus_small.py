import torch

from napari_nucleus.models.nucleus_small import NucleusSmall


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
