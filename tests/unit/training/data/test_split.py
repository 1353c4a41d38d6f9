import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.io.patches import PatchSet
from napari_nucleus.training.data.split import split
from napari_nucleus.training.recipe import DataSource

NAMES = tuple(f"p{patient}_{i}" for patient in range(10) for i in range(4))


class Named(PatchSet):
    """Names and what is known of them; there is nothing to read."""

    def image(self, i):
        raise NotImplementedError

    def _truth(self, i, image):
        raise NotImplementedError


@pytest.fixture
def patches(tmp_path):
    folds = tuple(f"fold{1 + i % 3}" for i in range(len(NAMES)))
    (tmp_path / "info.csv").write_text("name,site\n" + "\n".join(f"{n}.png,site{n[1]}" for n in NAMES))
    return Named(tmp_path, NAMES, tissues=("Breast", "Colon") * 20, groups={"fold": folds})


def sides(patches, **fields):
    training, held_out = split(patches, DataSource("a", **fields))
    return {NAMES[i] for i in training}, {NAMES[i] for i in held_out}


def test_names_and_globs(patches):
    training, held_out = sides(patches, validate=("p1_0", "p2_*"), test=("p3_*",))
    assert held_out == {"p1_0", "p2_0", "p2_1", "p2_2", "p2_3"}
    assert training == set(NAMES) - held_out - {f"p3_{i}" for i in range(4)}


def test_shares_are_of_the_images(patches):
    training, held_out = sides(patches, validate=0.2, test=0.1)
    assert (len(training), len(held_out)) == (28, 8)
    assert not training & held_out


@pytest.mark.parametrize("group", [r"p(\d)_", r"^p\d", "info.csv:site"])
def test_patients_stay_together(patches, group):
    training, held_out = sides(patches, validate=0.2, test=0.1, group=group)
    assert (len(training), len(held_out)) == (28, 8)
    assert not {name[:2] for name in training} & {name[:2] for name in held_out}


def test_folds_and_tissues_by_name(patches):
    training, held_out = sides(patches, group="fold", validate=("fold2",), test=("fold3",))
    assert held_out == set(NAMES[1::3])
    assert training == set(NAMES[::3])
    assert sides(patches, group="tissue", validate=("Colon",))[1] == set(NAMES[1::2])


def test_a_share_follows_from_the_names_alone(patches, tmp_path):
    again = Named(tmp_path, NAMES[::-1])
    held_out = {NAMES[::-1][i] for i in split(again, DataSource("a", validate=0.2))[1]}
    assert held_out == sides(patches, validate=0.2)[1]


def test_something_is_always_left_to_train_on(tmp_path):
    training, held_out = split(Named(tmp_path, ("a", "b")), DataSource("a", validate=0.9))
    assert (len(training), len(held_out)) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"validate": ("p11_0",)}, "validate .*'p11_0'. Write 'p1_0'"),
        ({"group": "fold", "validate": ("fold4",)}, "'fold4'. Write 'fold"),
        ({"group": "patient", "validate": 0.2}, "group to be fold, tissue.*'patient' for p0_0"),
        ({"group": "p(", "validate": 0.2}, r"regular expression, got 'p\('"),
        ({"group": "info.csv:sight", "validate": 0.2}, "'sight'. Write 'site'"),
        ({"group": "none.csv:site", "validate": 0.2}, "none.csv"),
        ({"group": "^p", "validate": 0.2}, "two images or groups in a .* got 1"),
    ],
)
def test_what_cannot_be_split_is_one_line(patches, fields, message):
    with pytest.raises(NucleusError, match=message) as error:
        sides(patches, **fields)
    assert "\n" not in str(error.value)


def test_a_table_that_lacks_an_image(patches, tmp_path):
    (tmp_path / "info.csv").write_text("name,site\np0_0,a\n")
    with pytest.raises(NucleusError, match="row for each image, got none for p0_1"):
        sides(patches, group="info.csv:site", validate=0.2)
