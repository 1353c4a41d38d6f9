import torch

from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import UNKNOWN, Losses, without_unknown
from napari_nucleus.training.objective import Targets, objective

TERMS = {"cross_entropy": 3.0, "dice": 1.0, "focal": 1.0, "smoothed_cross_entropy": 1.0}


def test_pixels_without_a_class_teach_nothing_of_classes():
    draw = torch.Generator().manual_seed(0)
    types = torch.randint(0, 3, (2, 8, 8), generator=draw)
    types[:, 2:5, 2:5] = UNKNOWN
    logits = torch.randn(2, 3, 8, 8, generator=draw).requires_grad_()
    maps = HoverOutput(torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 8, 8), logits)
    nucleus = (types > 0).float()[:, None]
    targets = Targets(nucleus, types, torch.ones(2, dtype=torch.bool), hv=torch.zeros(2, 2, 8, 8))
    objective(maps, targets, torch.ones(3), Losses(type=TERMS))["type"].backward()
    moved = logits.grad.abs().sum(1) > 0
    assert (moved == (types != UNKNOWN)).all()


def test_where_all_is_known_nothing_changes():
    logits, types = torch.randn(1, 3, 4, 4), torch.ones(1, 4, 4, dtype=torch.long)
    same = without_unknown(logits, types)
    assert same[0] is logits
    assert same[1] is types
