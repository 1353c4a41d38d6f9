import numpy as np
import pytest
import torch

from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.distill.soft import on_glass, soft_losses

T = 14.0


def maps(*channels, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([4 * torch.randn(2, c, 6, 5, generator=generator) for c in channels], 1)


def by_hand(student, teacher, temperature):
    """T²·KL written out in numpy, from logits (B, C, H, W)."""

    def soft(logits):
        e = np.exp(logits.double().numpy() / temperature)
        return e / e.sum(1, keepdims=True)

    p, q = soft(teacher), soft(student)
    return temperature**2 * (p * np.log(p / q)).sum(1).mean()


def test_hover_parts_are_those_written_out():
    answer, np_logit, hv, types = maps(1, 2, 5), maps(1, seed=1), maps(2, seed=2), maps(5, seed=3)
    parts = soft_losses(HoverOutput(np_logit, hv, types), answer, T)
    yes_no = [torch.cat([torch.zeros_like(z), z], 1) for z in (np_logit, answer[:, :1])]
    assert parts["soft_np"].item() == pytest.approx(by_hand(*yes_no, T), rel=1e-4)
    assert parts["soft_type"].item() == pytest.approx(by_hand(types, answer[:, 3:], T), rel=1e-4)
    assert parts["soft_hv"].item() == pytest.approx(np.square((hv - answer[:, 1:3]).numpy()).mean(), rel=1e-5)
    assert set(parts) == {"soft_np", "soft_hv", "soft_type"}


def test_flows_are_compared_at_the_networks_scale():
    answer, flow, logit = maps(1, 2), maps(2, seed=1), maps(1, seed=2)
    parts = soft_losses(FlowOutput(flow, logit, maps(5)), answer, T)
    assert parts["soft_flow"].item() == pytest.approx(((flow - FLOW_SCALE * answer[:, 1:]) ** 2).mean().item())
    assert "soft_type" not in parts  # the teacher doesn't know the student's types


def test_a_student_that_says_the_same_has_nothing_to_learn():
    answer = maps(1, 2, 4)
    same = HoverOutput(answer[:, :1], answer[:, 1:3], answer[:, 3:] + 3.0)  # logits have no zero
    assert all(part.item() == pytest.approx(0, abs=1e-4) for part in soft_losses(same, answer, T).values())


def test_log_probabilities_teach_as_the_logits_do():
    logits, student = maps(5), maps(5, seed=1)
    hover = HoverOutput(maps(1), maps(2), student)
    told = [soft_losses(hover, torch.cat([maps(3), types], 1), T) for types in (logits, logits.log_softmax(1))]
    assert told[0]["soft_type"].item() == pytest.approx(told[1]["soft_type"].item(), rel=1e-4)


def test_beyond_the_image_there_is_background():
    answer = on_glass(maps(1, 2, 3), torch.zeros(2, 1, 6, 5, dtype=torch.bool))
    assert (answer[:, 0].sigmoid() < 1e-4).all()
    assert (answer[:, 1:3] == 0).all()
    assert (answer[:, 3:].softmax(1)[:, 0] > 0.999).all()
    seen = torch.ones(2, 1, 6, 5, dtype=torch.bool)
    assert torch.equal(on_glass(maps(1, 2, 3), seen), maps(1, 2, 3))
