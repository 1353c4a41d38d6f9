import numpy as np
import pytest
from skimage.draw import disk

from napari_nucleus.training.relabel import CellSource, RelabelRecipe

# Colour and radius of what a nucleus truly is.
LOOKS = {
    "red": ((200, 40, 60), 5),
    "blue": ((50, 60, 190), 5),
    "large": ((120, 60, 140), 9),
    "small": ((120, 60, 140), 4),
}


def draw(kinds, seed):
    """An image of 128×128 with a nucleus of each of these looks, and its labels."""
    rng = np.random.default_rng(seed)
    image, labels = np.full((128, 128, 3), 230, np.uint8), np.zeros((128, 128), np.int32)
    places = rng.permutation([(y, x) for y in (16, 48, 80, 112) for x in (16, 48, 80, 112)])
    for label, (kind, place) in enumerate(zip(kinds, places, strict=False), 1):
        colour, radius = LOOKS[kind]
        inside = disk(place, radius, shape=labels.shape)
        labels[inside], image[inside] = label, colour
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8), labels


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two data sets: `colours` tells red from blue and calls the rest `sized`; `sizes` the other way round.

    The truth of a nucleus is kept in `looks`, (N,) text, by label.
    """
    folder_of_all = tmp_path_factory.mktemp("data")
    numbers = {
        "colours": {"red": 1, "blue": 2, "large": 3, "small": 3},
        "sizes": {"large": 1, "small": 2, "red": 3, "blue": 3},
    }
    for folder, number in numbers.items():
        (folder_of_all / folder).mkdir()
        for i in range(8):
            kinds = [kind for kind in LOOKS for _ in range(3)]
            image, labels = draw(kinds, i + 100 * (folder == "sizes"))
            kind_of = np.array([0, *(number[kind] for kind in kinds)], np.uint8)
            looks = np.array(["", *kinds])
            np.savez(
                folder_of_all / folder / f"tile_{i}.npz", image=image, inst=labels, type=kind_of[labels], looks=looks
            )
    return folder_of_all


@pytest.fixture(scope="module")
def recipe():
    return RelabelRecipe(
        name="tiny",
        classes="looks",
        own_classes=tuple(LOOKS),
        encoder="test_resnet",
        dropout=0.1,
        sources=(
            CellSource(
                name="colours",
                folder="colours",
                classes="c",
                own_classes=("red", "blue", "sized"),
                broad="sized",
                fine=("red", "blue"),
            ),
            CellSource(
                name="sizes",
                folder="sizes",
                classes="s",
                own_classes=("large", "small", "coloured"),
                broad="coloured",
                fine=("large", "small"),
            ),
        ),
        shares=(0.5, 0.25, 0.25),
        steps=4,
        batch=8,
        side=32,
        context=4,
        learning_rate=3e-3,
        ema=0.0,
        checkpoint_every=2,
        validate_every=2,
        threshold=0.6,
        stain=0.2,
    )
