import os
import shutil
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError
from napari_nucleus.training.distill.cache import AnswerCache, digest

SHAPE = (5, 4, 3)
ANSWER = np.arange(60, dtype=np.float32).reshape(SHAPE)


def refused():
    raise AssertionError("asked again")


@pytest.fixture
def cache(tmp_path):
    return AnswerCache(tmp_path / "answers")


def test_what_is_kept_is_not_made_again(cache):
    first = cache.get("a", SHAPE, lambda: ANSWER)
    again = AnswerCache(cache.folder).get("a", SHAPE, refused)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(again, ANSWER)
    assert again.dtype == np.float16


@pytest.mark.parametrize("spoil", ["cut", "empty", "text", "pickle", "other shape"])
def test_a_broken_file_is_made_again(cache, spoil):
    cache.get("a", SHAPE, lambda: ANSWER)
    file = cache.folder / "a.npy"
    if spoil == "pickle":
        np.save(file, np.array([{}], object), allow_pickle=True)
    elif spoil == "other shape":
        np.save(file, np.zeros((2, 2), np.float16))
    else:
        whole = file.read_bytes()
        file.write_bytes({"cut": whole[:-7], "empty": b"", "text": b"no array at all"}[spoil])
    np.testing.assert_array_equal(cache.get("a", SHAPE, lambda: ANSWER), ANSWER)
    np.testing.assert_array_equal(cache.get("a", SHAPE, refused), ANSWER)


def test_an_answer_that_fails_leaves_nothing(cache):
    with pytest.raises(AssertionError):
        cache.get("a", SHAPE, refused)
    assert list(cache.folder.glob("*")) == []


def test_what_a_killed_run_left_is_swept_after_a_day(cache):
    cache.get("a", SHAPE, lambda: ANSWER)
    old, new = cache.folder / ".1234.b.npy", cache.folder / ".5678.c.npy"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 1e6,) * 2)
    AnswerCache(cache.folder)
    assert sorted(p.name for p in cache.folder.iterdir()) == [".5678.c.npy", "a.npy"]


def test_a_full_disk_is_told_before_the_work(cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    with pytest.raises(NucleusError, match=r"room for 200 MB of the teacher's answers .* got 1 MB"):
        cache.check_room([(10, 10**6), (10, 9 * 10**6)])
    cache.check_room([])


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "answers").write_text("a file")
    with pytest.raises(NucleusError, match="place to write"):
        AnswerCache(tmp_path / "answers").get("a", SHAPE, lambda: ANSWER)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_digests_are_of_the_parts_and_their_order(a, b):
    assert (digest(*a) == digest(*b)) == (a == b)
