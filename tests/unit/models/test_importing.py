import json
from dataclasses import replace

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from napari_nucleus.core import NucleusError
from napari_nucleus.models import (
    ModelCard,
    create_model,
    find_model,
    import_encoder,
    import_model,
    load_model,
    write_card,
)
from napari_nucleus.models.clip import create_clip
from napari_nucleus.models.library import encoder_file

OPTIONS = {"encoder": "test_resnet", "widths": [16, 8]}


def same(network, other):
    state = other.state_dict()
    return all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


@pytest.fixture
def network():
    return create_model("hovernet_seresnext50", classes="pannuke", **OPTIONS).eval()


@pytest.fixture
def file(network, tmp_path):
    """A model as another user would send it."""
    save_file(network.state_dict(), tmp_path / "sent.safetensors")
    card = ModelCard("theirs", "hovernet_seresnext50", "pannuke", 0.25, "Theirs.", options=OPTIONS)
    write_card(tmp_path / "sent.json", card)
    return tmp_path / "sent.safetensors"


def test_weights_with_their_card(file, network):
    info = import_model(file)
    assert info.name == "sent"
    assert info.card.parameters == sum(p.numel() for p in network.parameters())
    loaded = load_model("sent")
    assert same(loaded.network, network)
    assert loaded.card.description == "Theirs."


def test_another_name(file):
    assert import_model(file, "mine").name == "mine"
    assert find_model("mine").has_weights


@pytest.mark.parametrize("name", ["nucleus_small", "hovernet", "default", "sent"])
def test_a_taken_name_is_refused(file, name):
    import_model(file)
    with pytest.raises(NucleusError, match=f"Expected a new name, got {name}"):
        import_model(file, name)


def test_a_run_s_folder(network, tmp_path):
    run = tmp_path / "my_run"
    run.mkdir()
    recipe = {"name": "mine", "model": "hovernet_seresnext50", "classes": "pannuke", "mpp": 0.5, "options": OPTIONS}
    (run / "recipe.json").write_text(json.dumps(recipe))
    half = {name: t.half() if t.is_floating_point() else t for name, t in network.state_dict().items()}
    save_file(half, run / "model.safetensors")
    info = import_model(run)
    assert (info.name, info.card.mpp, info.card.classes) == ("my_run", 0.5, "pannuke")
    assert info.card.training["recipe"] == recipe
    assert same(load_model("my_run").network.half(), network.half())


def test_a_run_that_started_from_a_hub_needs_none(file, network):
    """Its recipe says ``pretrained``; the weights are in the file."""
    card = ModelCard("theirs", "hovernet_seresnext50", "pannuke", 0.25, options=OPTIONS | {"pretrained": True})
    write_card(file.with_suffix(".json"), card)
    import_model(file)
    assert same(load_model("sent").network, network)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda file: file.with_suffix(".json").unlink(), "Expected a model card in .* no such file"),
        (lambda file: file.with_suffix(".json").write_text("{"), "Expected a model card"),
        (lambda file: file.write_bytes(file.read_bytes()[:500]), "Expected weights of hovernet_seresnext50"),
        (lambda file: save_file({"a": torch.zeros(1)}, file), "Expected weights of hovernet_seresnext50"),
        (lambda file: file.unlink(), "got nothing of that name"),
    ],
)
def test_what_is_spoilt_is_one_line_and_nothing_is_kept(file, models_folder, spoil, message):
    spoil(file)
    with pytest.raises(NucleusError, match=message) as raised:
        import_model(file)
    assert "\n" not in str(raised.value)
    assert not list(models_folder.glob("*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"colour": "red"}}, "colour"),
        ({"options": {"encoder": "gigantic"}}, "Expected an encoder"),
        ({"classes": "martian"}, "Expected a class scheme"),
        ({"architecture": "martian_net"}, "Expected an architecture"),
        ({"classes": "consep"}, "Expected weights"),
    ],
)
def test_a_card_of_something_else(file, changes, message):
    card = ModelCard("theirs", "hovernet_seresnext50", "pannuke", 0.25, options=OPTIONS)
    write_card(file.with_suffix(".json"), replace(card, **changes))
    with pytest.raises(NucleusError, match=message) as raised:
        import_model(file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("recipe", [None, "{", "[]", "{}", '{"name": "a", "model": "b", "classes": "c", "mpp": "d"}'])
def test_a_folder_that_is_no_run(tmp_path, recipe):
    if recipe is not None:
        (tmp_path / "recipe.json").write_text(recipe)
    with pytest.raises(NucleusError, match="folder of a training run"):
        import_model(tmp_path)


def test_a_hostile_file_is_refused_in_one_line(tmp_path):
    torch.save({"desc": {"w": print}}, tmp_path / "model.pt")
    with pytest.raises(NucleusError, match="isn't made of weights alone") as raised:
        import_model(tmp_path / "model.pt")
    assert "\n" not in str(raised.value)


# Encoders


def encoder_state(network, prefix="encoder.body."):
    return {name.removeprefix(prefix): t for name, t in network.state_dict().items() if name.startswith(prefix)}


@pytest.mark.parametrize("suffix", [".bin", ".safetensors"])
def test_a_network_starts_from_an_imported_encoder(tmp_path, suffix):
    import timm

    published = timm.create_model("resnet10t")
    file = tmp_path / f"weights{suffix}"
    save_file(published.state_dict(), file) if suffix == ".safetensors" else torch.save(published.state_dict(), file)
    import_encoder(file, "resnet10t")
    network = create_model("hovernet_seresnext50", encoder="resnet10t", pretrained=True, widths=(16, 8))
    body, theirs = encoder_state(network), published.state_dict()
    assert len(body) > 50
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in body.items())
    classifier = create_model("cell_resnet50", encoder="resnet10t", pretrained=True)
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in classifier.encoder.state_dict().items())


def test_without_it_offline_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NucleusError, match=r"models import FILE --encoder resnet10t$") as raised:
        create_model("hovernet_seresnext50", encoder="resnet10t", pretrained=True, widths=(16, 8))
    assert "\n" not in str(raised.value)


def test_a_file_of_another_encoder_is_told_when_it_is_used(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors")
    kept = import_encoder(tmp_path / "w.safetensors", "resnet10t")
    with pytest.raises(NucleusError, match="Import the right file") as raised:
        create_model("hovernet_seresnext50", encoder="resnet10t", pretrained=True, widths=(16, 8))
    assert str(kept) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "kept_as"),
    [
        ("hoptimus0", "bioptimus/H-optimus-0"),
        ("bioptimus/H-optimus-0", "bioptimus/H-optimus-0"),
        ("dinov2", "vit_large_patch14_reg4_dinov2"),
        ("ViT-B-16", "ViT-B-16"),
    ],
)
def test_encoders_by_any_of_their_names(tmp_path, name, kept_as):
    save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors")
    assert import_encoder(tmp_path / "w.safetensors", name) == encoder_file(kept_as)


def test_a_name_that_nobody_would_look_for_is_refused(tmp_path, models_folder):
    save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(NucleusError, match="got 'resnet1O'"):
        import_encoder(tmp_path / "w.safetensors", "resnet1O")
    assert not models_folder.exists()


def test_clip_from_an_imported_file(tmp_path):
    tiny = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 1, "width": 32, "head_width": 16},
        "text_cfg": {"layers": 1, "width": 16, "heads": 2},
    }
    published = open_clip.create_model("ViT-B-16", **tiny)
    save_file(published.state_dict(), tmp_path / "open_clip_model.safetensors")
    import_encoder(tmp_path / "open_clip_model.safetensors", "ViT-B-16")
    assert same(create_clip("ViT-B-16", "openai", pretrained=True, **tiny), published)
    assert not same(create_clip("ViT-B-16", "openai", pretrained=False, **tiny), published)
