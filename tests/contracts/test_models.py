"""What every registered network must do; a new one is enrolled by being registered."""

import pytest
import torch
from safetensors.torch import load_model, save_model

from napari_nucleus.core import NucleusError
from napari_nucleus.models import architectures, create_model

pytestmark = pytest.mark.parametrize("name", architectures())


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 64, 96), (3, 128, 64)])
def test_output_has_the_size_of_the_input(name, batch, height, width):
    network = create_model(name, classes="pannuke").eval()
    output = network(torch.rand(batch, 3, height, width))
    assert output.np_logit.shape == (batch, 1, height, width)
    assert output.hv.shape == (batch, 2, height, width)
    assert output.type_logit.shape == (batch, 6, height, width)


def test_backward_reaches_every_parameter(name):
    network = create_model(name)
    output = network(torch.rand(2, 3, 64, 64))
    sum(o.square().mean() for o in output).backward()
    assert [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None] == []


def test_saving_changes_nothing(name, tmp_path):
    network, other = create_model(name).eval(), create_model(name).eval()
    save_model(network, tmp_path / "w.safetensors")
    load_model(other, tmp_path / "w.safetensors")
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(network(image), other(image), strict=True))


def test_is_deterministic(name):
    network, image = create_model(name).eval(), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(network(image), network(image), strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_half_precision_on_cuda(name):
    network, image = create_model(name).eval().cuda(), torch.rand(2, 3, 64, 64, device="cuda")
    with torch.inference_mode():
        full = network(image)
        with torch.autocast("cuda", dtype=torch.float16):
            half = network(image)
    assert all(torch.allclose(a.float(), b.float(), atol=0.1) for a, b in zip(full, half, strict=True))


def test_unknown_names_are_refused(name):
    with pytest.raises(NucleusError, match=name):
        create_model(name + "_")
    with pytest.raises(NucleusError, match="class scheme"):
        create_model(name, classes="nothing")
