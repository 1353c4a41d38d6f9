import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_nucleus.core import NucleusError
from napari_nucleus.models import ModelCard, create_model, load_weights
from napari_nucleus.models.nucleus_fit import LinearStart, fit_nucleus_head
from napari_nucleus.models.nucleus_head import NucleusHead, head_state


@pytest.fixture
def blobs():
    """Features of three classes that overlap, the third one rare, and of as many more to test with."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0, 0, 5], [0, 1.5, 1.5, 5], [0, -2, 2, 5], [0, 0, -3, 5]])

    def draw(count):
        classes = rng.choice([1, 2, 3], count, p=[0.6, 0.35, 0.05])
        return rng.normal(centres[classes], 1.0), classes

    return draw(600), draw(2000)


@pytest.mark.parametrize("hidden", [0, 8])
def test_it_learns_rare_classes_and_says_how_sure_it_is(blobs, hidden):
    (x, y), (new_x, new_y) = blobs
    fitted = fit_nucleus_head(x, y, 3, hidden=hidden)
    p = fitted.head.probabilities(new_x)
    assert p.shape == (2000, 3)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    found = p.argmax(1) + 1
    assert (found == new_y).mean() > 0.8
    assert (found[new_y == 3] == 3).mean() > 0.8  # one in twenty, and yet found
    sure = p.max(1)
    assert abs(sure.mean() - (found == new_y).mean()) < 0.06


def test_what_it_says_of_nuclei_left_out_tells_how_it_does_on_others(blobs):
    (x, y), (new_x, new_y) = blobs
    fitted = fit_nucleus_head(x, y, 3)
    assert sorted(fitted.tested) == list(range(600))
    left_out = (fitted.probabilities.argmax(1) + 1 == y[fitted.tested]).mean()
    new = (fitted.head.probabilities(new_x).argmax(1) + 1 == new_y).mean()
    assert abs(left_out - new) < 0.05


def test_it_is_the_same_each_time(blobs):
    (x, y), (new_x, _) = blobs
    one, other = (fit_nucleus_head(x, y, 3, hidden=8).head.probabilities(new_x) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_class_without_nuclei_stays_as_it_started(blobs):
    (x, y), _ = blobs
    two = y < 3
    start = LinearStart(torch.tensor([[0.0, 1, 1, 0], [0, -1, 1, 0], [0, 0, -1, 0]]) * 3, torch.tensor([-6.0, -3, 0]))
    head = fit_nucleus_head(x[two], y[two], 3, start=start).head
    assert head.probabilities(np.array([[0, 0, -4.0, 5]])).argmax() == 2


def test_few_nuclei_are_held_back_by_the_start():
    start = LinearStart(torch.tensor([[2.0, 0], [-2.0, 0]]), torch.zeros(2))
    head = fit_nucleus_head(np.array([[0.1, 5.0]]), np.array([1]), 2, start=start).head
    p = head.probabilities(np.array([[1.0, 5.0], [-1.0, 5.0]]))
    assert p.argmax(1).tolist() == [0, 1]


def test_units_of_features_do_not_matter(blobs):
    (x, y), (new_x, _) = blobs
    scale = np.array([1, 1e-2, 1e3, 1])
    one = fit_nucleus_head(x, y, 3).head.probabilities(new_x)
    other = fit_nucleus_head(x * scale, y, 3).head.probabilities(new_x * scale)
    np.testing.assert_allclose(one, other, atol=0.01)


@pytest.mark.parametrize(
    ("features", "classes", "says"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), "Annotate"),
        (np.zeros((2, 3)), np.array([1]), "features"),
        (np.zeros((2, 3)), np.array([1, 5]), "classes 1 to 2"),
        (np.full((2, 3), np.nan), np.array([1, 2]), "NaN"),
    ],
)
def test_nonsense_is_one_line(features, classes, says):
    with pytest.raises(NucleusError, match=says):
        fit_nucleus_head(features, classes, 2)


@pytest.mark.parametrize("hidden", [0, 8])
def test_it_lies_in_the_model_s_file(tmp_path, hidden):
    network, head = create_model("nucleus_small"), NucleusHead(48, 4, hidden)
    head.mean.normal_()
    file = tmp_path / "model.safetensors"
    save_file({k: v.half() for k, v in network.state_dict().items()} | head_state(head), file)
    loaded = load_weights(file, ModelCard("mine", "nucleus_small", "consep", 0.25))
    x = np.random.default_rng(0).normal(size=(5, 48))
    np.testing.assert_array_equal(loaded.classifier.probabilities(x), head.probabilities(x))
    save_file(network.state_dict() | head_state(NucleusHead(48, 3)), file)
    with pytest.raises(NucleusError, match="classifier of 3 classes"):
        load_weights(file, ModelCard("mine", "nucleus_small", "consep", 0.25))
    save_file(network.state_dict() | {"nucleus_head.mean": torch.zeros(3)}, file)
    with pytest.raises(NucleusError, match="Expected weights"):
        load_weights(file, ModelCard("mine", "nucleus_small", "consep", 0.25))
