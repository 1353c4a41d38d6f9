import pytest
import torch

from napari_nucleus.models.flow_output import FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.finetune.counted import counted_pixels, where_counted
from napari_nucleus.training.finetune.remember import remembering_loss
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.objective import Targets, objective


@pytest.fixture
def nucleus():
    """Two samples with an annotated nucleus each."""
    nucleus = torch.zeros(2, 1, 20, 24, dtype=torch.bool)
    nucleus[:, :, 8:12, 8:12] = True
    return nucleus


def test_only_annotated_nuclei_and_a_margin_count_where_the_annotation_is_partial(nucleus):
    nothing = torch.zeros_like(nucleus)
    counted = counted_pixels(nucleus, torch.tensor([True, False]), nothing, margin_px=2)
    assert counted[0].sum() == 8 * 8
    assert counted[0, 0, 6, 6]
    assert not counted[0, 0, 5, 8]
    assert counted[1].all()


def test_a_neighbour_that_nobody_annotated_is_not_taught_as_background(nucleus):
    doubtful = torch.zeros_like(nucleus)
    doubtful[:, :, 8:12, 10:16] = True  # over the annotated nucleus's right half and beyond it
    counted = counted_pixels(nucleus, torch.tensor([True, True]), doubtful, margin_px=2)
    assert counted[0, 0, 9, 11]
    assert not counted[0, 0, 9, 13]
    assert counted[0, 0, 9, 7]


def outputs(kind):
    torch.manual_seed(0)
    np_, vector, types = torch.randn(2, 1, 20, 24), torch.randn(2, 2, 20, 24), torch.randn(2, 4, 20, 24)
    return (
        FlowOutput(vector, np_, types) if kind == "flow" else HoverOutput(np_, vector, types, torch.randn(2, 1, 20, 24))
    )


@pytest.mark.parametrize("kind", ["hover", "flow"])
def test_what_does_not_count_teaches_nothing(nucleus, kind):
    counted = counted_pixels(nucleus, torch.tensor([True, True]), torch.zeros_like(nucleus), margin_px=2)
    types = torch.where(nucleus[:, 0], 2, 0).to(torch.uint8)
    types[1][types[1] > 0] = UNKNOWN
    dense = (
        {"flow": torch.randn(2, 2, 20, 24)}
        if kind == "flow"
        else {"hv": torch.randn(2, 2, 20, 24), "boundary": nucleus.float()}
    )
    batch = {"nucleus": nucleus, "types": types, **dense}
    targets = Targets(nucleus.float(), types.long(), torch.ones(2, dtype=torch.bool), **dense)
    output = outputs(kind)
    maps = [m.requires_grad_() for m in output if m is not None]
    sum(objective(where_counted(output, batch, counted), targets, torch.ones(4)).values()).backward()
    for map_ in maps:
        slope = map_.grad.abs().sum(1, keepdim=True)
        assert slope[~counted].max() < 1e-6
        assert slope[0][counted[0]].max() > 1e-6


def test_staying_as_one_was_costs_nothing_and_new_classes_are_free():
    for kind in ("hover", "flow"):
        start = outputs(kind)
        assert remembering_loss(start, start, [0, 1, 2]).item() == pytest.approx(0, abs=1e-6)
        freed = start._replace(type_logit=start.type_logit.clone())
        freed.type_logit[:, 3] += 5
        assert remembering_loss(freed, start, [0, 1, 2]).item() == pytest.approx(0, abs=1e-6)
        freed.type_logit[:, 1] += 5
        assert remembering_loss(freed, start, [0, 1, 2]).item() > 0.1
