import numpy as np
import torch

from napari_nucleus.training.augment import Cut, Move
from napari_nucleus.training.distill.lessons import Lesson
from napari_nucleus.training.distill.planes import LABELLED, TokenTable, lesson_planes
from napari_nucleus.training.symmetry import Symmetry


def lesson(height, width, seed=0, channels=(3,)):
    rng = np.random.default_rng(seed)
    size = -(-height // 8), -(-width // 8)
    tokens = tuple(rng.normal(size=(*size, c)).astype(np.float16) for c in channels)
    return Lesson(rng.normal(size=(height, width, 8)).astype(np.float16), tokens)


def test_planes_turn_with_the_image():
    told = lesson(64, 64)
    cut = Cut(0, 0, 64, Move(symmetry=Symmetry(left_to_right=True)))
    labels = np.zeros((64, 64), np.int32)
    planes = lesson_planes(told, "hv", LABELLED)
    turned = {name: cut.target(name, plane, labels) for name, plane in planes.items()}
    np.testing.assert_array_equal(turned["told_np"], told.answer[:, ::-1, :1])
    np.testing.assert_array_equal(turned["told_hv"], told.answer[:, ::-1, 1:3] * np.float16([-1, 1]))
    np.testing.assert_array_equal(turned["told_type"], told.answer[:, ::-1, 3:])


def test_the_rim_of_an_image_is_marked():
    planes = lesson_planes(lesson(24, 40), "flow", LABELLED)
    cut = Cut(0, 8, 32, Move())
    source = cut.target("told_source", planes["told_source"], np.zeros((24, 40), np.int32))[..., 0]
    assert (source[:24] == LABELLED).all()
    assert (source[24:] == 0).all()


def test_a_teacher_without_types_gives_no_plane_of_types():
    told = Lesson(np.zeros((8, 8, 3), np.float16))
    assert set(lesson_planes(told, "hv", LABELLED)) == {"told_np", "told_hv", "told_source"}


def test_tokens_are_found_by_the_numbers_that_a_crop_carries():
    lessons = {"a": lesson(40, 24, 1, (3, 5)), "b": lesson(30, 50, 2, (3, 5))}
    table = TokenTable(lessons)
    plane = table.plane("b", (30, 50))
    assert plane.shape == (30, 50, 1)
    crop = np.zeros((32, 32, 1), np.float32)
    crop[:22] = plane[8:, 16:48]  # below, the image ends
    found = table.look_up(torch.from_numpy(crop.transpose(2, 0, 1)[None]))
    assert found["told_tokens_1"].shape == (1, 5, 4, 4)
    expected = lessons["b"].tokens[1][1:4, 2:6]
    np.testing.assert_array_equal(found["told_tokens_1"][0, :, :3].numpy(), expected.transpose(2, 0, 1))
    assert (found["told_tokens_1"][0, :, 3] == 0).all()


def test_sides_that_are_no_whole_tokens():
    lessons = {"a": lesson(34, 34)}
    table = TokenTable(lessons)
    found = table.look_up(torch.from_numpy(table.plane("a", (34, 34)).transpose(2, 0, 1)[None]))
    np.testing.assert_array_equal(found["told_tokens_0"][0].numpy(), lessons["a"].tokens[0].transpose(2, 0, 1))
