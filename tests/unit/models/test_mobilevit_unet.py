import torch

from napari_nucleus.models import create_model
from napari_nucleus.models.mobilevit_unet import MobileViTUNet


def test_flow_comes_before_probability():
    network = MobileViTUNet(4, encoder="test_resnet", widths=(16, 16, 8, 8, 8)).eval()
    torch.nn.init.zeros_(network.flow_head.weight)
    network.flow_head.bias.data = torch.tensor([1.0, 2.0, 3.0])
    output = network(torch.rand(1, 3, 64, 64))
    assert output.flow[0, :, 5, 5].tolist() == [1, 2]
    assert output.prob_logit[0, :, 5, 5].tolist() == [3]


def test_each_stage_adds_to_what_came_in():
    """Without what its convolutions make, a stage still passes its input on."""
    network = MobileViTUNet(4, encoder="test_resnet", widths=(16, 16, 8, 8, 8)).eval()
    for stage in network.stages:
        torch.nn.init.zeros_(stage.convolve[-1].weight)
    one, other = (network(image).prob_logit for image in torch.rand(2, 1, 3, 64, 64))
    assert not torch.allclose(one, other)


def test_one_step_at_full_size():
    network = create_model("mobilevit_unet", classes="refined7").train()
    before = {n: p.detach().clone() for n, p in network.named_parameters()}
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    sum((m - 0.5).square().mean() for m in network(torch.rand(2, 3, 64, 64))).backward()
    optimiser.step()
    changed = [n for n, p in network.named_parameters() if not torch.equal(p, before[n])]
    assert len(changed) > 0.9 * len(before)
    assert all(p.isfinite().all() for p in network.parameters())
