import torch

from napari_nucleus.models.msanet.fusion import MultiScaleFusion, Student


def test_the_diagonal_of_the_similarity_is_the_distillation_loss():
    """Guan et al.: eq. 8 from eq. 1."""
    torch.manual_seed(0)
    student = Student(6, 5)
    levels = [torch.rand(2, 6, 3, 4) for _ in range(4)]
    teacher = [torch.rand(2, 5, 3, 4) for _ in range(4)]

    similarity = student(levels, teacher)

    assert similarity.shape == (2, 4, 12, 12)
    for m, (level, taught) in enumerate(zip(levels, teacher, strict=True)):
        s = torch.nn.functional.normalize(student.projections[m](level), dim=1).flatten(2)
        t = torch.nn.functional.normalize(taught, dim=1).flatten(2)
        square = (t - s).square().sum(1)
        assert torch.allclose(2 - 2 * similarity[:, m].diagonal(dim1=1, dim2=2), square, atol=1e-6)
        assert torch.allclose(similarity[:, m, 3, 7], (t[..., 3] * s[..., 7]).sum(1), atol=1e-6)


def test_a_teacher_that_agrees_is_as_similar_as_can_be():
    student = Student(6, 6)
    levels = [torch.rand(1, 6, 2, 2) for _ in range(4)]
    teacher = [project(level).detach() for project, level in zip(student.projections, levels, strict=True)]
    diagonal = student(levels, teacher).diagonal(dim1=2, dim2=3)
    assert torch.allclose(diagonal, torch.ones_like(diagonal), atol=1e-6)


def test_the_last_fused_level_holds_all_of_them_and_clip():
    fusion = MultiScaleFusion(8, 4)
    levels = [torch.rand(1, 8, 3, 3, requires_grad=True) for _ in range(4)]
    clip = torch.rand(1, 4, 3, 3, requires_grad=True)
    fusion(levels, clip)[-1].square().sum().backward()
    assert all(tensor.grad.abs().sum() > 0 for tensor in [*levels, clip])
