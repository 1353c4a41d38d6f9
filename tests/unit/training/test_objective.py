from dataclasses import fields, replace

import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.flow_output import FLOW_SCALE, FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.losses import TERMS, Losses
from napari_nucleus.training.objective import Targets, flow_loss, objective

SIZE = 16
WEIGHT = torch.ones(3)


def sure(mask):
    """Logits that say a mask."""
    return (2 * mask - 1) * 50


@pytest.fixture
def targets():
    nucleus = torch.zeros(2, 1, SIZE, SIZE)
    nucleus[:, :, 4:12, 4:12] = 1
    vectors = torch.rand(2, 2, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * nucleus
    types = (2 * nucleus[:, 0]).long()
    return Targets(nucleus, types, torch.tensor([True, True]), hv=vectors, flow=vectors, boundary=nucleus)


def type_logits(targets):
    return sure(torch.nn.functional.one_hot(targets.types, 3).movedim(-1, 1).float())


def test_the_targets_themselves_cost_nothing(targets):
    hover = HoverOutput(sure(targets.nucleus), targets.hv, type_logits(targets), sure(targets.boundary))
    flow = FlowOutput(FLOW_SCALE * targets.flow, sure(targets.nucleus), type_logits(targets))
    for output, names in ((hover, {"np", "hv", "boundary", "type"}), (flow, {"np", "flow", "type"})):
        parts = objective(output, targets, WEIGHT)
        assert set(parts) == names
        assert sum(parts.values()).item() == pytest.approx(0, abs=1e-4)


def test_each_part_sees_its_own_error(targets):
    wrong = FlowOutput(FLOW_SCALE * targets.flow + 1, sure(targets.nucleus), type_logits(targets))
    parts = objective(wrong, targets, WEIGHT)
    assert parts["flow"].item() == pytest.approx(0.5)
    assert parts["np"].item() == pytest.approx(0, abs=1e-4)
    edge = HoverOutput(sure(targets.nucleus), targets.hv, None, sure(1 - targets.boundary))
    parts = objective(edge, targets, WEIGHT)
    assert set(parts) == {"np", "hv", "boundary"}
    assert parts["boundary"].item() > 10


def test_flow_loss_by_hand():
    assert flow_loss(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 0.0])).item() == pytest.approx(9 / 2 / 2)


def test_a_missing_target_is_named(targets):
    lacking = Targets(targets.nucleus, targets.types, targets.typed)
    for output, name in (
        (FlowOutput(targets.flow, targets.nucleus, None), "flow"),
        (HoverOutput(targets.nucleus, targets.hv, None), "hv"),
    ):
        with pytest.raises(NucleusError, match=name):
            objective(output, lacking, WEIGHT)


def test_a_teacher_costs_the_distance_of_the_same_tokens(targets):
    cosines = torch.tensor([[0.5, 1.0], [-1.0, 0.0]])
    output = HoverOutput(sure(targets.nucleus), targets.hv, None, similarity=cosines.expand(2, 4, 2, 2))
    mean_cosine = (0.5 + 0.0) / 2
    assert objective(output, targets, WEIGHT)["teacher"].item() == pytest.approx((2 - 2 * mean_cosine) ** 0.5)


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_every_pixel_has_a_say_in_its_type(targets, corner):
    """Networks that double the size by transposed convolutions answer each of four neighbours by weights of its own."""
    logits = type_logits(targets).requires_grad_()
    wrong = Targets(targets.nucleus, 2 - targets.types, targets.typed, hv=targets.hv)
    objective(HoverOutput(sure(targets.nucleus), targets.hv, logits), wrong, WEIGHT)["type"].backward()
    assert (logits.grad[..., corner[0] :: 2, corner[1] :: 2].abs().sum(1) > 0).all()


def noisy(targets, seed=0):
    """What a network might say before it has learnt anything."""
    draw = torch.Generator().manual_seed(seed)

    def maps(n_channels):
        return torch.randn(len(targets.typed), n_channels, SIZE, SIZE, generator=draw)

    return HoverOutput(maps(1), maps(2), maps(3), maps(1))


def test_branches_are_sums_of_their_terms(targets):
    output = noisy(targets)
    terms = ("cross_entropy", "smoothed_cross_entropy", "dice", "focal", "decoupling")
    for branch in ("np", "boundary", "type"):
        alone = [objective(output, targets, WEIGHT, Losses(**{branch: {term: 1.0}}))[branch] for term in terms]
        weights = dict(zip(terms, (1.0, 2.0, 3.0, 4.0, 0.5), strict=True))
        together = objective(output, targets, WEIGHT, Losses(**{branch: weights}))[branch]
        assert together.item() == pytest.approx(sum(w * t.item() for w, t in zip(weights.values(), alone, strict=True)))
        assert all(torch.isfinite(term) and term > 0 for term in alone)


def test_every_term_that_a_recipe_can_name_is_known(targets):
    hover, flow = noisy(targets), FlowOutput(targets.flow, targets.nucleus, type_logits(targets))
    hover = hover._replace(similarity=torch.zeros(2, 1, 2, 2))
    for branch, terms in TERMS.items():
        for term in terms:
            parts = objective(flow if branch == "flow" else hover, targets, WEIGHT, Losses(**{branch: {term: 1.0}}))
            assert branch in parts


def test_a_branch_without_terms_is_not_taught(targets):
    parts = objective(noisy(targets), targets, WEIGHT, Losses(hv={}, boundary={"dice": 0.0}))
    assert set(parts) == {"np", "type"}
    with pytest.raises(NucleusError, match="got none"):
        objective(noisy(targets), targets, WEIGHT, Losses(np={}, hv={}, boundary={}, type={}))


def test_an_untaught_branch_needs_no_target(targets):
    lacking = Targets(targets.nucleus, targets.types, targets.typed)
    assert set(objective(noisy(targets), lacking, WEIGHT, Losses(hv={}, boundary={}))) == {"np", "type"}


def test_focal_loss_has_weights_of_its_own(targets):
    losses = Losses(type={"focal": 1.0})
    output = noisy(targets)
    once, twice = (objective(output, targets, WEIGHT, losses, weight)["type"] for weight in (None, 2 * WEIGHT))
    assert twice.item() == pytest.approx(2 * once.item())


def test_samples_by_themselves_cost_the_mean_of_what_each_costs(targets):
    """Which is what makes a batch cost the same on two devices as on one."""
    targets = replace(targets, typed=torch.tensor([True, False]))
    output, losses = noisy(targets), Losses(per_sample=True)
    whole = objective(output, targets, WEIGHT, losses)
    first, second = (
        objective(
            HoverOutput(*(m[i : i + 1] for m in output[:4])),
            Targets(*(getattr(targets, f.name)[i : i + 1] for f in fields(Targets))),
            WEIGHT,
        )
        for i in range(2)
    )
    assert second["type"].item() == 0
    for name, part in whole.items():
        assert part.item() == pytest.approx((first[name].item() + second[name].item()) / 2, rel=1e-5)


def test_maps_of_another_size_are_refused(targets):
    with pytest.raises(NucleusError, match="one shape"):
        objective(noisy(targets), replace(targets, nucleus=targets.nucleus[..., :-1]), WEIGHT)
