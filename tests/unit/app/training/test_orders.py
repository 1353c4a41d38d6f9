import pytest

from napari_nucleus.app.training.orders import (
    DistilOrder,
    FineTuneOrder,
    RelabelOrder,
    RelabelSide,
    look_at,
)
from napari_nucleus.core import NucleusError, own_scheme, scheme
from napari_nucleus.core.progress import drain
from napari_nucleus.training import DistillRecipe, FineTuneRecipe, RelabelRecipe
from napari_nucleus.training.data import open_data

CONSEP = scheme("consep")


def fine_tune(**given):
    return FineTuneOrder(**{"name": "t", "start": "default", "start_scheme": CONSEP, "scheme": CONSEP} | given)


def test_layers_become_a_source_that_training_reads(pair, nuclei, tmp_path):
    order = fine_tune(layers=(pair(),), part="heads", steps=7)

    recipe, data = order.recipe(), order.data(tmp_path)

    assert isinstance(recipe, FineTuneRecipe)
    assert (recipe.part, recipe.steps, recipe.partial, recipe.classes) == ("heads", 7, True, "consep")
    opened = drain(open_data(recipe, data))
    assert opened.counts(4).tolist() == [nuclei.counts()[name] for name in CONSEP.classes]


def test_a_folder_holds_images_out_where_they_are_annotated_whole(folder, tmp_path):
    order = fine_tune(folder=str(folder), partial=False)

    opened = drain(open_data(order.recipe(), order.data(tmp_path)))

    assert (len(opened.training), len(opened.held_out)) == (2, 1)


def test_the_model_learns_the_classes_of_the_annotation_or_keeps_its_own(pair):
    own = own_scheme("mine", ["round", "long"], ["#112233", "#445566"])

    learns = fine_tune(layers=(pair(),), scheme=own).recipe()
    keeps = fine_tune(layers=(pair(),), scheme=own, keep_classes=True).recipe()

    assert (learns.scheme.classes, learns.scheme.colors) == (own.classes, own.colors)
    assert keeps.scheme.classes == CONSEP.classes


def test_a_distillation_names_teacher_student_and_both_folders(folder, tmp_path):
    plain = tmp_path / "plain"
    order = DistilOrder(
        name="s", teacher=("default", "b"), scheme=CONSEP, folder=str(folder), unlabelled=str(plain), temperature=7
    )

    recipe = order.recipe()

    assert isinstance(recipe, DistillRecipe)
    assert (recipe.teacher, recipe.model, recipe.temperature) == (("default", "b"), "nucleus_small", 7)
    assert recipe.unlabelled[0].folder == str(plain)
    assert (order.data(tmp_path) / recipe.sources[0].folder) == folder


def test_a_cross_relabelling_knows_refined7_and_makes_own_classes_otherwise(folder):
    sides = (
        RelabelSide("/data/pannuke", "inflammatory", ("neoplastic", "epithelial"), scheme("pannuke")),
        RelabelSide("/data/monusac", "epithelial", ("lymphocyte", "neutrophil", "macrophage"), scheme("monusac")),
    )
    consep = RelabelSide(str(folder), "inflammatory", ("epithelial", "other"), CONSEP)

    refined, own = RelabelOrder(name="r", sides=sides).recipe(), RelabelOrder(name="r", sides=(consep, consep)).recipe()

    assert isinstance(refined, RelabelRecipe)
    assert refined.classes == "refined7"
    assert own.scheme.classes == ("other", "epithelial", "spindle-shaped")
    assert [source.name for source in own.sources] == ["consep-a", "consep-b"]


@pytest.mark.parametrize("order", [fine_tune(), DistilOrder(name="s", teacher=("default",), scheme=CONSEP)])
def test_without_a_folder_there_is_no_recipe(order):
    with pytest.raises(NucleusError, match="a folder of annotated images, got none"):
        order.recipe()


def test_a_look_tells_images_and_classes(folder):
    look = look_at(str(folder))

    assert (look.images, look.scheme.name) == (3, "consep")
    assert sum(look.counts.values()) == 6


def test_a_look_into_nothing_is_told(tmp_path):
    with pytest.raises(NucleusError, match="a folder"):
        look_at(str(tmp_path / "nowhere"))
