import pytest
import torch
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models import create_model
from napari_nucleus.models.hovernet_seresnext import HoverSEResNeXt

SMALL = {"encoder": "test_resnet", "widths": (16, 8)}


def test_both_encoders_have_the_same_decoder():
    with torch.device("meta"):
        networks = [create_model(f"hovernet_seresnext{depth}") for depth in (50, 101)]
    shapes = [
        {n: p.shape for n, p in network.named_parameters() if not n.startswith("encoder.")} for network in networks
    ]
    assert shapes[0] == shapes[1]


def test_heads_are_single_convolutions():
    network = HoverSEResNeXt(4, **SMALL)
    assert all(isinstance(head, nn.Conv2d) for head in (network.np_head, network.hv_head, network.type_head))


def test_dropout_follows_each_of_the_five_upsamplings():
    network = HoverSEResNeXt(4, **SMALL, dropout=1.0).train()
    seen = []
    for module in network.modules():
        if isinstance(module, nn.Dropout2d):
            module.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0].shape[-1], output.any())))
    network(torch.rand(2, 3, 64, 64))
    assert seen == [(4, False), (8, False), (16, False), (32, False), (64, False)]


def test_any_timm_encoder_can_be_named():
    network = create_model("hovernet_seresnext101", encoder="mobilenetv4_conv_small", widths=(16, 8)).eval()
    assert network(torch.rand(1, 3, 64, 64)).type_logit.shape == (1, 5, 64, 64)


@pytest.mark.parametrize("encoder", ["convnext_atto", "test_vit"])
def test_an_encoder_of_other_strides_is_refused(encoder):
    with pytest.raises(NucleusError, match=f"strides 2, 4, 8, 16 and 32, got {encoder}"):
        HoverSEResNeXt(4, encoder=encoder)


def test_an_encoder_that_timm_lacks_is_refused():
    with pytest.raises(NucleusError, match="got 'resnet18_of_mine'"):
        HoverSEResNeXt(4, encoder="resnet18_of_mine")


def test_one_step_at_full_size():
    network = create_model("hovernet_seresnext50", classes="lizard").train()
    before = {n: p.detach().clone() for n, p in network.named_parameters()}
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    loss = sum((m - 0.5).square().mean() for m in network(torch.rand(2, 3, 64, 64))[:3])
    loss.backward()
    optimiser.step()
    # timm's blocks begin as their shortcuts alone: what lies inside them moves from the second step on.
    still = {n for n, p in network.named_parameters() if torch.equal(p, before[n])}
    assert "encoder.body.conv1.weight" not in still
    assert all(n.startswith("encoder.") for n in still)
    assert all(p.isfinite().all() for p in network.parameters())
