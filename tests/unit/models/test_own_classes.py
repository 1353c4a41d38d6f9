"""A model with classes of its own: its card, its place in the list, its nuclei and their files."""

import json

import pytest

from napari_nucleus.core import NucleusError, own_scheme, scheme
from napari_nucleus.inference import segment
from napari_nucleus.io import read_csv, write_results
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import ModelCard, add_model, create_model, find_model, list_models, load_model, read_card
from napari_nucleus.models.card import named_scheme, write_card

MINE = own_scheme("mine", ["plasma cell", "mitosis"], ["#123456"])


@pytest.fixture
def card():
    return ModelCard(name="own", architecture="nucleus_small", mpp=0.25, **named_scheme(MINE))


def test_a_known_scheme_is_kept_by_its_name_alone():
    assert named_scheme(scheme("consep")) == {"classes": "consep", "own_classes": None}


def test_the_card_comes_back(tmp_path, card):
    write_card(tmp_path / "card.json", card)
    back = read_card(tmp_path / "card.json")
    assert back == card
    assert back.scheme == MINE


def test_it_is_listed_and_loaded_and_segments_into_its_classes(tmp_path, card):
    network = create_model("nucleus_small", classes=MINE)
    network.np_head.bias.data += 3  # some nuclei are sure to be found
    network.hv_head.weight.data *= 20
    network.type_head.bias.data[2] += 9
    add_model(network.state_dict(), card)
    assert next(info for info in list_models() if info.name == "own").problem == ""
    assert find_model("own").card.scheme == MINE
    image = consep_tile()[0].array[:64, :96]
    nuclei = segment(image, "own", mpp=0.25, device="cpu").nuclei
    assert nuclei.scheme.colors[0] == "#123456"
    write_results(tmp_path, "tile", nuclei, image, ("labels", "csv", "geojson"))
    assert "p_plasma cell" in read_csv(tmp_path / "tile.nuclei.csv")
    features = json.loads((tmp_path / "tile.geojson").read_text())["features"]
    assert {f["properties"]["classification"]["name"] for f in features} == {"mitosis"}


@pytest.mark.parametrize(
    "own",
    [{"name": "mine"}, {"name": "other", "classes": ["a"], "colors": ["#000000"]}, [], {"name": "mine", "classes": 3}],
)
def test_a_card_with_broken_classes_is_one_line_and_hides_no_other_model(card, own, models_folder):
    add_model(create_model("nucleus_small", classes=MINE).state_dict(), card)
    file = models_folder / "own.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"own_classes": own}))
    assert find_model("own").problem.startswith("Expected a model card")
    with pytest.raises(NucleusError, match="model card"):
        load_model("own")
    assert find_model("default").has_weights
