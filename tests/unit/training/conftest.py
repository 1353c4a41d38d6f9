import importlib.util
from pathlib import Path

import numpy as np
import pytest
from skimage.draw import disk

from napari_nucleus.training.recipe import DataSource, Recipe


@pytest.fixture
def data(tmp_path):
    """A data folder in the layout of the recipes: one typed source with two images, one untyped."""
    rng = np.random.default_rng(0)
    for folder, count in (("typed", 2), ("untyped", 1)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            image = np.full((96, 80, 3), 230, np.uint8)
            labels, types = np.zeros((96, 80), np.int32), np.zeros((96, 80), np.uint8)
            for n, (y, x) in enumerate(((20, 20), (20, 55), (60, 30), (70, 65)), 1):
                inside = disk((y, x), 9, shape=labels.shape)
                labels[inside], types[inside] = n, 1 + n % 4
                image[inside] = (110 + 20 * n, 70, 150)
            image = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
            extra = {"type": types} if folder == "typed" else {}
            np.savez_compressed(tmp_path / folder / f"{folder}_{i}.npz", image=image, inst=labels, **extra)
    return tmp_path


@pytest.fixture
def recipe():
    return Recipe(
        name="tiny",
        model="nucleus_small",
        classes="consep",
        sources=(DataSource("typed", classes=True, validate=("typed_1",)), DataSource("untyped", share=0.5)),
        class_weight=(1.0, 1.0, 1.0, 1.0, 1.0),
        steps=4,
        batch=2,
        crop=48,
        checkpoint_every=2,
        validate_every=4,
    )


@pytest.fixture(scope="session")
def toy():
    """The module `toy`: a task that learns in milliseconds, and its recipes."""
    path = Path(__file__).with_name("toy.py")
    spec = importlib.util.spec_from_file_location("toy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
