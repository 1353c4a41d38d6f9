import shutil

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, drain, scheme
from napari_nucleus.io.raster import write_png
from napari_nucleus.training.distill.cache import AnswerCache
from napari_nucleus.training.distill.lessons import lessons
from napari_nucleus.training.distill.plain import plain_files, read_plain
from napari_nucleus.training.distill.recipe import PlainSource
from napari_nucleus.training.distill.teacher import Teacher, picture_digest


@pytest.fixture
def teacher():
    return Teacher(["default"], views=False, classes=scheme("consep"), vector="hv", mpp=0.25, device="cpu")


def test_each_image_is_asked_about_once(teacher, tissue, tmp_path, monkeypatch):
    images = [lambda: tissue, lambda: tissue[:64], lambda: tissue.copy()]
    cache = AnswerCache(tmp_path / "answers")
    first = drain(lessons(teacher, cache, images, features=True))
    assert list(first) == [picture_digest(tissue), picture_digest(tissue[:64])]
    assert len(list(cache.folder.iterdir())) == 4  # an answer and tokens of each of two pictures
    whole, part = first.values()
    np.testing.assert_array_equal(whole.answer, teacher.answer(tissue).astype(np.float16))
    np.testing.assert_array_equal(part.tokens[0], teacher.tokens(tissue[:64], 0).astype(np.float16))

    def refused(*_):
        raise AssertionError("asked again")

    monkeypatch.setattr(teacher, "answer", refused)
    monkeypatch.setattr(teacher, "tokens", refused)
    again = drain(lessons(teacher, cache, images, features=True))
    np.testing.assert_array_equal(again[picture_digest(tissue)].answer, whole.answer)


def test_without_room_nothing_is_asked(teacher, tissue, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(NucleusError, match=r"room for .* teacher's answers"):
        drain(lessons(teacher, AnswerCache(tmp_path / "answers"), [lambda: tissue], features=False))
    assert not (tmp_path / "answers").exists()


def test_plain_images_of_a_folder(tissue, tmp_path):
    (tmp_path / "more").mkdir()
    write_png(tmp_path / "more" / "b10.png", tissue)
    np.save(tmp_path / "more" / "b9.npy", tissue[:64])
    np.savez(tmp_path / "more" / "b9.npz", inst=np.zeros((64, 64), int))  # an annotation is no image
    (tmp_path / "more" / "notes.txt").write_text("not an image either")
    source = PlainSource(folder="more")
    found = plain_files(tmp_path, source)
    assert [file.name for file in found] == ["b9.npy", "b10.png"]
    np.testing.assert_array_equal(read_plain(found[1], source, 0.25), tissue)
    assert read_plain(found[1], source, 0.5).shape == (64, 56, 3)
    assert len(plain_files(tmp_path, PlainSource(folder="more", include="b10*"))) == 1


def test_a_folder_without_images(tmp_path):
    with pytest.raises(NucleusError, match=r"Expected images \(\*\) in .*nowhere"):
        plain_files(tmp_path, PlainSource(folder="nowhere"))
    (tmp_path / "broken.png").write_bytes(b"no image")
    source = PlainSource(folder=".")
    with pytest.raises(NucleusError, match=r"broken\.png"):
        read_plain(plain_files(tmp_path, source)[0], source, 0.25)
