import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy

from napari_nucleus.core import NucleusError
from napari_nucleus.training.losses import (
    FeatureDistillation,
    LogitDistillation,
    feature_distillation,
    feature_similarity,
    logit_distillation,
    similarity_loss,
)


def tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


@pytest.mark.parametrize("temperature", [1.0, 14.0])
def test_logits_against_the_entropy_of_scipy(rng, temperature):
    student, teacher = rng.normal(size=(2, 6, 4), scale=5)
    soft_s, soft_t = (softmax(logits / temperature, 1) for logits in (student, teacher))
    expected = temperature**2 * np.mean([entropy(t, s) for t, s in zip(soft_t, soft_s, strict=True)])
    assert logit_distillation(*tensors(student, teacher), temperature).item() == pytest.approx(expected)
    assert LogitDistillation(temperature)(*tensors(student, teacher)).item() == pytest.approx(expected)


def test_one_map_is_two_classes(rng):
    student, teacher = rng.normal(size=(2, 2, 1, 3, 3), scale=5)
    as_two = [torch.from_numpy(np.concatenate([0 * logits, logits], 1)) for logits in (student, teacher)]
    assert logit_distillation(*tensors(student, teacher)).item() == pytest.approx(logit_distillation(*as_two).item())


def test_hot_distillation_matches_centred_logits(rng):
    """Hinton et al. 2015, §2.1: with T large the slopes become those of half the squared distance over the classes."""
    student, teacher = (logits - logits.mean(1, keepdims=True) for logits in rng.normal(size=(2, 3, 5)))
    expected = ((student - teacher) ** 2).sum(1).mean() / 2 / 5
    assert logit_distillation(*tensors(student, teacher), 1e3).item() == pytest.approx(expected, rel=1e-2)


def test_only_the_student_learns(rng):
    student, teacher = (t.requires_grad_() for t in tensors(*rng.normal(size=(2, 3, 5))))
    (
        logit_distillation(student, teacher)
        + feature_distillation([teacher[..., None, None]], [student[..., None, None]])
    ).backward()
    assert student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_features_against_equations_1_and_8(rng):
    teacher, student = rng.normal(size=(2, 3, 2, 8, 4, 5))  # levels, samples, channels, height, width
    tokens_t, tokens_s = (np.moveaxis(m.reshape(3, 2, 8, 20), 2, -1) for m in (teacher, student))
    cosine = np.empty((2, 3, 20, 20))
    distance = np.empty((2, 3))
    for b in range(2):
        for m in range(3):
            t, s = (x[m, b] / np.linalg.norm(x[m, b], axis=1, keepdims=True) for x in (tokens_t, tokens_s))
            cosine[b, m] = t @ s.T
            distance[b, m] = np.linalg.norm(t / np.linalg.norm(t) - s / np.linalg.norm(s))
    levels = list(torch.from_numpy(teacher)), list(torch.from_numpy(student))
    similarity = feature_similarity(*levels)
    np.testing.assert_allclose(similarity.numpy(), cosine)
    assert similarity_loss(similarity).item() == pytest.approx(distance.mean())
    assert feature_distillation(*levels).item() == pytest.approx(distance.mean())
    assert FeatureDistillation()(*levels).item() == pytest.approx(distance.mean())


def test_features_from_equal_to_opposite(rng):
    features = [torch.from_numpy(rng.normal(size=(1, 4, 3, 3)))]
    assert feature_distillation(features, features).item() == pytest.approx(0, abs=1e-5)
    assert feature_distillation(features, [-features[0]]).item() == pytest.approx(2)
    assert feature_distillation(features, [7 * features[0]]).item() == pytest.approx(0, abs=1e-5)


def test_a_perfect_student_has_no_slope():
    teacher = torch.ones(1, 4, 2, 2)
    student = torch.ones(1, 4, 2, 2, requires_grad=True)
    feature_distillation([teacher], [student]).backward()
    assert torch.isfinite(student.grad).all()


def test_shapes_that_differ_are_refused():
    with pytest.raises(NucleusError, match="one shape"):
        logit_distillation(torch.zeros(1, 3, 4, 4), torch.zeros(1, 2, 4, 4))
    with pytest.raises(NucleusError, match="one shape"):
        feature_distillation([torch.zeros(1, 3, 4, 4)], [torch.zeros(1, 3, 2, 2)])
