"""The shapes that Guan et al. print, at full size and without memory for weights."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from napari_nucleus.models import create_model
from napari_nucleus.models.msanet import MSANet
from napari_nucleus.models.msanet.convnext import ConvNeXtBlock
from napari_nucleus.models.zoo import count_parameters

TINY = {
    "encoder": "test_vit",
    "clip_options": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
        "text_cfg": {"layers": 1, "width": 16, "heads": 2},
    },
    "widths": (16, 16, 8, 8),
    "depths": (1, 1, 1, 1),
    "volume_width": 8,
    "features": 16,
}


@pytest.fixture(scope="module")
def full():
    with torch.device("meta"):
        return create_model("msanet", classes="msa3")


@pytest.fixture(scope="module")
def reading(full):
    return full.train().read(torch.empty(2, 3, 270, 270, device="meta"))


def test_encoders_and_fusion_have_the_paper_s_shapes(reading):
    assert [level.shape for level in reading.levels] == [(2, 768, 17, 17)] * 4
    assert reading.clip.shape == (2, 512, 17, 17)
    assert reading.fused.shape == (2, 768, 17, 17)


def test_outputs_have_the_paper_s_shapes(reading):
    assert reading.segmentation.shape == (2, 2, 270, 270)
    shapes = {name: tuple(tensor.shape) for name, tensor in reading.output._asdict().items()}
    assert shapes == {
        "np_logit": (2, 1, 270, 270),
        "hv": (2, 2, 270, 270),
        "type_logit": (2, 4, 270, 270),
        "boundary_logit": (2, 1, 270, 270),
        "similarity": (2, 4, 17 * 17, 17 * 17),
    }


def test_nuclei_take_256_features_from_it(full, reading):
    assert full.channels == 256
    assert reading.features.shape == (2, 256, 135, 135)


def test_the_decoder_has_3_3_9_3_blocks_with_a_learnable_layer_scale(full):
    stages = [[block for block in stage if isinstance(block, ConvNeXtBlock)] for stage in full.backbone.stages]
    assert [len(stage) for stage in stages] == [3, 3, 9, 3]
    assert all(block.layer_scale.requires_grad for stage in stages for block in stage)


def test_parameters(full):
    frozen = count_parameters(full.clip)
    assert frozen == 86_192_640
    assert count_parameters(full) == 199_905_208
    assert count_parameters(full.vit) == 85_870_080


def test_one_forward_of_an_image_of_270_pixels_is_84_gmac(full):
    with FlopCounterMode(display=False) as counter:
        full.eval()(torch.empty(1, 3, 270, 270, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(84, rel=0.02)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (33, 16), (61, 100), (270, 270)])
def test_any_size_from_16_pixels(height, width):
    output = MSANet(3, **TINY).eval()(torch.rand(1, 3, height, width))
    assert output.np_logit.shape == (1, 1, height, width)
    assert output.similarity is None
    assert all(torch.isfinite(maps).all() for maps in output if maps is not None)


def test_np_is_the_two_way_softmax_of_the_segmentation():
    with torch.inference_mode():
        reading = MSANet(3, **TINY).eval().read(torch.rand(1, 3, 64, 64))
    softmax = reading.segmentation.softmax(1)[:, 1:]
    assert torch.allclose(reading.output.np_logit.sigmoid(), softmax, atol=1e-6)


def test_clip_stays_as_it_is():
    network = MSANet(3, **TINY)
    before = {name: tensor.clone() for name, tensor in network.clip.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    sum(maps.square().mean() for maps in network.train()(torch.rand(2, 3, 64, 64))).backward()
    optimizer.step()

    assert not network.clip.training
    assert not network.clip.visual.training
    assert not any(p.requires_grad or p.grad is not None for p in network.clip.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.clip.state_dict().items())


def test_clip_s_answers_hold_no_memory_for_gradients():
    answers = MSANet(3, **TINY).train().clip(torch.rand(1, 3, 64, 64, requires_grad=True))
    assert not any(answer.requires_grad for answer in answers)
