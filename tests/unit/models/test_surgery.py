import pytest
import torch

from napari_nucleus.core import NucleusError, own_scheme, scheme
from napari_nucleus.models import LoadedModel, ModelCard, create_model, load_model
from napari_nucleus.models.parts import train_only, type_layer
from napari_nucleus.models.surgery import with_classes

SMALL = {
    "hovernet": {"width": 8},
    "nucleus_small": {},
    "unetr_hoptimus0": {
        "encoder_options": {"embed_dim": 32, "depth": 4, "num_heads": 2},
        "blocks": (0, 1, 2, 3),
        "widths": (32, 16, 16, 8),
    },
}


@pytest.fixture(params=SMALL)
def model(request):
    card = ModelCard("start", request.param, "consep", 0.25, options=SMALL[request.param])
    return LoadedModel(create_model(request.param, **card.options).eval(), card)


def types(network, image):
    with torch.inference_mode():
        return network.eval()(image).type_logit


def test_classes_keep_what_is_known_of_them_by_name(model):
    torch.manual_seed(0)
    kinds = own_scheme("mine", ["tumour", "mitosis", "inflammatory"])
    image = torch.rand(1, 3, 64, 64)
    network = with_classes(model, kinds, {"epithelial": "tumour"})
    old, new = types(model.network, image), types(network, image)
    torch.testing.assert_close(new[:, [0, 1, 3]], old[:, [0, 3, 2]])
    assert new.shape[1] == 4
    assert not any(torch.allclose(new[:, 2], old[:, i]) for i in range(5))
    assert any(p.requires_grad for p in network.parameters())


def test_everything_else_answers_as_before(model):
    image = torch.rand(1, 3, 64, 64)
    network = with_classes(model, scheme("pannuke"))
    with torch.inference_mode():
        old, new = model.network(image), network.eval()(image)
    for name in set(old._fields) - {"type_logit"}:
        if getattr(old, name) is not None:
            torch.testing.assert_close(getattr(new, name), getattr(old, name))


def test_the_same_classes_change_nothing():
    model, image = load_model(), torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(types(with_classes(model, model.card.scheme), image), types(model.network, image))


def test_classes_that_become_one_and_silent_new_ones():
    model, image = load_model(), torch.rand(1, 3, 64, 64)
    kinds = own_scheme("mine", ["stroma", "mitosis"])
    network = with_classes(model, kinds, {"spindle-shaped": "stroma", "other": "stroma"}, silent=True)
    old, new = types(model.network, image), types(network, image)
    torch.testing.assert_close(new[:, 1], (old[:, 1] + old[:, 4]) / 2, rtol=1e-4, atol=1e-4)
    assert (new.argmax(1) != 2).all()


@pytest.mark.parametrize("rename", [{"epithelium": "tumour"}, {"epithelial": "tumor"}])
def test_a_table_of_names_that_do_not_exist(rename):
    with pytest.raises(NucleusError, match="rename"):
        with_classes(load_model(), own_scheme("mine", ["tumour"]), rename)


def test_a_network_without_classes_is_refused():
    network = create_model("hovernet", types=False, width=8)
    with pytest.raises(NucleusError, match="with classes"):
        type_layer(network)


def test_parts_that_learn(model):
    def learning(part):
        network = create_model(model.card.architecture, **model.card.options)
        train_only(network, part)
        return {name for name, p in network.named_parameters() if p.requires_grad}

    heads, decoder, whole = map(learning, ("heads", "decoder", "whole"))
    assert heads < decoder <= whole
    assert all("head" in name for name in heads)
    assert f"{type_layer(model.network)}.weight" in heads
    assert not any(name.startswith(("encoder.", "stem", "d0")) for name in decoder)
    frozen = model.card.architecture == "unetr_hoptimus0"
    assert any(name.startswith(("encoder.", "stem", "d0")) for name in whole) != frozen
