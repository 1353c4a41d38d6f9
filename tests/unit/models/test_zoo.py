import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_nucleus.core import NucleusError
from napari_nucleus.models import (
    add_model,
    architectures,
    describe_architecture,
    find_model,
    list_models,
    load_model,
    load_weights,
    read_card,
    write_card,
)
from napari_nucleus.models.zoo import count_parameters


def test_the_default_ships_with_weights_and_card():
    info = list_models()[0]
    assert info.name == "nucleus_small"
    assert info.has_weights
    assert info.weights.stat().st_size <= 15e6
    model = load_model()
    assert count_parameters(model.network) == info.card.parameters <= 6_000_000
    assert info.card.scheme.name == "consep"
    assert all(d["licence"] and d["citation"] for d in info.card.data)
    assert info.card.training["validation"]
    assert not any("test" in name for name in info.card.training["validation"])


def test_no_such_model():
    with pytest.raises(NucleusError, match="nucleus_small"):
        find_model("nothing")


def test_a_model_without_weights_is_refused(tmp_path):
    info = find_model("default")
    with pytest.raises(NucleusError, match="Expected weights"):
        load_weights(tmp_path / "none.safetensors", info.card)


def test_broken_and_foreign_weights_are_refused(tmp_path):
    info = find_model("default")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(info.weights.read_bytes()[:1000])
    with pytest.raises(NucleusError, match="Expected weights of nucleus_small"):
        load_weights(broken, info.card)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(2)}, foreign)
    with pytest.raises(NucleusError, match="Expected weights of nucleus_small"):
        load_weights(foreign, info.card)
    with pytest.raises(NucleusError, match="Expected weights of nucleus_small"):
        load_weights(info.weights, replace(info.card, classes="pannuke"))


def test_half_precision_on_disk_is_single_in_memory():
    state = load_file(find_model("default").weights)
    network = load_model().network
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state[name].to(tensor.dtype))
        assert tensor.dtype in (torch.float32, torch.int64)


def test_cards_come_back(tmp_path):
    card = find_model("default").card
    write_card(tmp_path / "card.json", card)
    assert read_card(tmp_path / "card.json") == card


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"name": 1, "thresholds": {"x": 1}})])
def test_a_broken_card_is_one_line(tmp_path, text):
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(NucleusError, match="model card"):
        read_card(path)


def listed():
    return [info.name for info in list_models()]


def test_part_of_a_name_or_a_pattern():
    assert [info.name for info in list_models("seresnext")] == ["hovernet_seresnext101", "hovernet_seresnext50"]
    assert [info.name for info in list_models("*unet")] == ["mobilevit_unet"]
    assert list_models("nothing") == []


def test_every_architecture_is_listed_and_described():
    assert set(architectures()) <= set(listed())
    for name in architectures():
        card = describe_architecture(name)
        assert card.parameters > 1_000_000
        assert card.description
        assert card.paper


def test_one_s_own_models_come_before_those_that_need_weights(models_folder):
    assert not models_folder.exists()
    card = find_model("default").card
    add_model(load_file(find_model("default").weights), replace(card, name="zebra"))
    assert listed()[:2] == ["nucleus_small", "zebra"]
    assert load_model("zebra").card.name == "zebra"


def test_a_card_without_weights_needs_some(models_folder):
    models_folder.mkdir(parents=True)
    write_card(models_folder / "mine.json", replace(find_model("default").card, name="mine"))
    assert not find_model("mine").has_weights
    with pytest.raises(NucleusError, match="needs weights"):
        load_model("mine")


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": "a scheme of later"},
        {"classes": ["tumor", "stroma"]},
        {"architecture": "a network of later"},
        {"architecture": None},
        {"mpp": "0.25"},
        {"mpp": -1.0},
        {"options": ["a"]},
        {"thresholds": {"np_threshold": "half"}},
        {"thresholds": 3},
    ],
)
def test_a_card_that_this_version_does_not_understand_hides_no_other(models_folder, changes):
    place = add_model({"a": torch.zeros(1)}, replace(find_model("default").card, name="later"))
    values = json.loads(place.with_suffix(".json").read_text()) | changes
    place.with_suffix(".json").write_text(json.dumps(values))
    assert {"nucleus_small", "later", "hovernet"} <= set(listed())
    info = find_model("later")
    assert info.problem
    assert not info.has_weights
    with pytest.raises(NucleusError, match="Expected") as raised:
        load_model("later")
    assert "\n" not in str(raised.value)


def test_what_a_later_version_adds_to_a_card_is_passed_over(models_folder):
    card = replace(find_model("default").card, name="later")
    place = add_model(load_file(find_model("default").weights), card)
    values = json.loads(place.with_suffix(".json").read_text()) | {"a_field_of_later": 1}
    place.with_suffix(".json").write_text(json.dumps(values))
    assert load_model("later").card == card
