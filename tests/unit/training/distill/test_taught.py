import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_nucleus.core import NucleusError
from napari_nucleus.models import create_model
from napari_nucleus.training.distill.features import head_of, tapped, tokens
from napari_nucleus.training.distill.taught import TaughtStudent, keep_student

DENSE = {
    "nucleus_small": {"decoder": [8, 8, 8]},
    "mobilevit_unet": {"encoder": "mobilevitv2_050", "widths": [16, 16, 8, 8, 8]},
    "hovernet": {"width": 8},
    "hovernet_seresnext50": {"encoder": "resnet10t", "widths": [64, 32]},
}


@pytest.mark.parametrize("name", DENSE)
def test_every_network_has_features_that_can_be_tapped(name):
    network = create_model(name, **DENSE[name])
    taught = TaughtStudent(network, [5, 7]).train()
    output = taught(torch.rand(2, 3, 64, 64))
    assert [t.shape for t in output.tokens] == [(2, 5, 8, 8), (2, 7, 8, 8)]
    sum(t.square().mean() for t in output.tokens).backward()
    assert next(network.parameters()).grad.abs().sum() > 0


def test_outside_of_training_it_answers_as_the_student():
    student = create_model("nucleus_small", **DENSE["nucleus_small"])
    image = torch.rand(1, 3, 32, 32)
    taught = TaughtStudent(student, [5]).eval()
    assert all(torch.equal(a, b) for a, b in zip(taught(image)[:3], student(image)[:3], strict=True))


def test_a_rim_is_left_out_of_the_tokens():
    features = torch.zeros(1, 1, 20, 20)
    features[..., 2:18, 2:18] = 1
    assert (tokens(features, 16, 16) == 1).all()
    assert tokens(torch.rand(1, 3, 8, 10), 16, 20).shape == (1, 3, 2, 3)


def test_a_file_of_weights_is_the_students_alone(tmp_path):
    student = create_model("nucleus_small", **DENSE["nucleus_small"])
    file = tmp_path / "model.safetensors"
    save_file({k: v.contiguous() for k, v in TaughtStudent(student, [5]).state_dict().items()}, file)
    keep_student(file)
    whole = file.read_bytes()
    keep_student(file)
    assert file.read_bytes() == whole
    student.load_state_dict(load_file(file))
    keep_student(tmp_path / "nothing.safetensors")


def test_a_network_without_a_known_head():
    with pytest.raises(NucleusError, match="feature_weight = 0"):
        head_of(torch.nn.Conv2d(3, 3, 1))


def test_the_tap_is_gone_afterwards():
    student = create_model("nucleus_small", **DENSE["nucleus_small"])
    with tapped(student) as caught:
        student(torch.rand(1, 3, 32, 32))
    student(torch.rand(1, 3, 32, 32))
    assert len(caught) == 1
