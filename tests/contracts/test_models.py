"""What every registered network must do; a new one is enrolled by being registered and named in `SMALL`."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model

from napari_nucleus.core import NucleusError
from napari_nucleus.inference import segment
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import DEFAULT, ModelCard, add_model, architectures, create_model
from napari_nucleus.models.export import export_onnx, export_program
from napari_nucleus.models.flow_output import FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.models.registry import is_dense
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.objective import Targets, objective


class Small(NamedTuple):
    """A configuration that runs in no time, sizes (H, W) that the network takes, and one that it doesn't."""

    options: dict[str, Any]
    sizes: tuple[tuple[int, int], tuple[int, int]] = ((64, 96), (128, 64))
    refused: tuple[int, int] = (61, 64)


_TINY_VIT = {"embed_dim": 32, "depth": 4, "num_heads": 2}
_TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
    "text_cfg": {"layers": 1, "width": 16, "heads": 2},
}
_TINY_MSANET = {
    "encoder": "test_vit",
    "clip_options": _TINY_CLIP,
    "widths": (16, 16, 8, 8),
    "depths": (1, 1, 1, 1),
    "volume_width": 8,
    "features": 16,
}
SMALL = {
    "hovernet": Small({"width": 8}),
    "hovernet_seresnext101": Small({"encoder": "test_resnet", "widths": (16, 8)}),
    "hovernet_seresnext50": Small({"encoder": "test_efficientnet", "widths": (16, 8)}),
    "mobilevit_unet": Small({"encoder": "mobilevitv2_050", "widths": (32, 16, 16, 8, 8)}, ((64, 128), (192, 64))),
    "msanet": Small(_TINY_MSANET, ((61, 96), (128, 64)), refused=(15, 64)),
    "nucleus_small": Small({}),
    "unetr_hoptimus0": Small({"encoder_options": _TINY_VIT, "blocks": (0, 1, 2, 3), "widths": (32, 16, 16, 8)}),
}

DENSE = [name for name in architectures() if is_dense(name)]
dense = pytest.mark.parametrize("name", DENSE)


def small(name, classes="consep"):
    return create_model(name, classes=classes, **SMALL[name].options)


def maps(output):
    """The maps of a HoverOutput or a FlowOutput."""
    return [tensor for tensor in output if tensor is not None]


def image(name, batch=1, size=0):
    return torch.rand(batch, 3, *SMALL[name].sizes[size])


def test_every_dense_architecture_is_enrolled():
    assert sorted(SMALL) == DENSE


@dense
@pytest.mark.parametrize(("batch", "size"), [(1, 0), (3, 1)])
def test_output_has_the_size_of_the_input(name, batch, size):
    seen = image(name, batch, size)
    output = small(name, "pannuke").eval()(seen)
    assert isinstance(output, HoverOutput | FlowOutput)
    channels = {"np_logit": 1, "hv": 2, "flow": 2, "prob_logit": 1, "type_logit": 6, "boundary_logit": 1}
    given = {field: tensor.shape for field, tensor in output._asdict().items() if tensor is not None}
    assert given == {field: (batch, channels[field], *seen.shape[-2:]) for field in given}
    assert given.keys() >= ({"np_logit", "hv"} if isinstance(output, HoverOutput) else {"flow", "prob_logit"})
    assert "type_logit" in given


@dense
def test_backward_reaches_every_parameter(name):
    network = small(name).train()
    sum(m.square().mean() for m in maps(network(image(name, batch=2)))).backward()
    assert [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None] == []
    assert [n for n, p in network.named_parameters() if not p.requires_grad and p.grad is not None] == []


@dense
def test_what_it_is_taught_is_all_that_its_loss_needs(name):
    network, seen = small(name).train(), image(name, batch=2)
    none = np.zeros(seen.shape[-2:], np.int32)
    dense = {k: torch.from_numpy(v).expand(2, *v.shape) for k, v in dense_targets(none, network.targets).items()}
    nucleus = torch.zeros(2, 1, *none.shape)
    targets = Targets(nucleus, nucleus[:, 0].long(), torch.ones(2, dtype=torch.bool), **dense)
    parts = objective(network(seen), targets, torch.ones(5))
    assert set(parts) >= {"np", "type", *network.targets}
    assert all(part.isfinite() for part in parts.values())


@dense
def test_features_cover_the_image_at_some_stride(name):
    network, seen = small(name).eval(), image(name)
    with torch.inference_mode():
        features = network.features(seen)
    strides = {side / own for side, own in zip(seen.shape[-2:], features.shape[-2:], strict=True)}
    assert features.shape[0] == len(seen)
    assert all(1 <= stride <= 2.1 for stride in strides)


@dense
def test_saving_changes_nothing(name, tmp_path):
    network, other = small(name).eval(), small(name).eval()
    save_model(network, tmp_path / "w.safetensors")
    load_model(other, tmp_path / "w.safetensors")
    seen = image(name)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(maps(network(seen)), maps(other(seen)), strict=True))


@dense
def test_is_deterministic(name):
    network, seen = small(name).eval(), image(name)
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(maps(network(seen)), maps(network(seen)), strict=True))


@dense
def test_a_size_that_it_cannot_take_is_refused_with_one_it_can(name):
    network = small(name).eval()
    with pytest.raises(NucleusError, match="Pad it to") as raised:
        network(torch.rand(1, 3, *SMALL[name].refused))
    assert "\n" not in str(raised.value)
    height, width = map(int, str(raised.value).rsplit(maxsplit=1)[1].rstrip(".").split("×"))
    with torch.inference_mode():
        network(torch.rand(1, 3, height, width))


@dense
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_half_precision_on_cuda(name):
    network, seen = small(name).eval().cuda(), image(name, batch=2).cuda()
    with torch.inference_mode():
        full = network(seen)
        with torch.autocast("cuda", dtype=torch.float16):
            half = network(seen)
    assert all(torch.allclose(a.float(), b.float(), atol=0.1) for a, b in zip(maps(full), maps(half), strict=True))


@dense
def test_the_exported_program_gives_the_same(name):
    network = small(name).eval()
    program = export_program(network, 64).module()
    for batch in (1, 3):
        seen = torch.rand(batch, 3, 64, 64)
        with torch.inference_mode():
            assert_same(program(seen), network(seen))


@dense
def test_onnx_runtime_gives_the_same(name, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    network = small(name).eval()
    written = export_onnx(network, tmp_path / "network.onnx", 64)
    assert written.difference < 1e-4
    session = runtime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        seen = torch.rand(batch, 3, 64, 64)
        with torch.inference_mode():
            found = session.run(list(written.outputs), {"image": seen.numpy()})
            assert_same(map(torch.from_numpy, found), network(seen))


def assert_same(found, output):
    for theirs, ours in zip(found, maps(output), strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-4 * max(1, ours.abs().max().item()))


@dense
def test_segment_works_with_its_weights(name):
    options = SMALL[name].options
    add_model(small(name, "pannuke").state_dict(), ModelCard("mine", name, "pannuke", 0.25, options=options))
    result = segment(consep_tile()[0].array[:100, :130], model="mine", mpp=0.25, device="cpu")
    assert result.nuclei.labels.shape == result.maps.shape == (100, 130)
    assert result.nuclei.scheme.name == "pannuke"
    assert sorted(result.nuclei.table["label"]) == np.unique(result.nuclei.labels[result.nuclei.labels > 0]).tolist()


@pytest.mark.parametrize("name", [name for name in architectures() if name != DEFAULT])
def test_without_weights_segment_refuses_it_with_the_way_to_get_some(name):
    way = "napari-nucleus train.*models import" if is_dense(name) else "only classifies single nuclei"
    with pytest.raises(NucleusError, match=way) as raised:
        segment(consep_tile()[0].array[:64, :64], model=name, mpp=0.25)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", architectures())
def test_unknown_names_are_refused(name):
    with pytest.raises(NucleusError, match=name):
        create_model(name + "_")
    with pytest.raises(NucleusError, match="class scheme"):
        create_model(name, classes="nothing")
