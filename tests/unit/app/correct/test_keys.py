import json

import pytest

from napari_nucleus.app.correct.keys import Action, KeyMap, load_keys, save_keys
from napari_nucleus.core import NucleusError


def test_more_than_nine_classes_have_keys():
    keys = KeyMap.default(21)
    assert [keys.command(key) for key in ("1", "9", "0", "Shift-1", "Shift-0")] == [1, 9, 10, 11, 20]
    assert keys.shown(21) == ""


def test_each_key_does_one_thing():
    keys = [key for its in KeyMap.default(20).keys.values() for key in its]
    assert len(keys) == len(set(keys))
    assert {Action.ACCEPT, Action.SPLIT, Action.HELP} <= set(KeyMap.default(3).keys)


def test_a_key_is_bound_anew():
    keys = KeyMap.default(3).rebound(Action.DELETE, "Q").rebound(2, "V")
    assert keys.command("Q") == Action.DELETE
    assert keys.command("V") == 2
    assert keys.command("X") is keys.command("Delete") is keys.command("2") is None
    assert keys.rebound(Action.SPLIT, "X").command("X") == Action.SPLIT


@pytest.mark.parametrize("key", ["S", "1", "Escape", "Shift", ""])
def test_a_key_that_is_taken_is_refused(key):
    with pytest.raises(NucleusError, match="Choose another"):
        KeyMap.default(3).rebound(Action.DELETE, key)


def test_leaving_always_works():
    with pytest.raises(NucleusError):
        KeyMap.default(3).rebound(Action.LEAVE, "Q")


def test_changes_come_back(tmp_path):
    file = tmp_path / "there" / "keys.json"
    assert load_keys(["", "", ""], file) == KeyMap.default(3)
    save_keys(KeyMap.default(3).rebound(Action.DELETE, "Q"), file)
    keys = load_keys(["", "", ""], file)
    assert (keys.command("Q"), keys.command("X")) == (Action.DELETE, None)
    save_keys(KeyMap.default(3), file)
    assert load_keys(["", "", ""], file) == KeyMap.default(3)


def test_keys_of_classes_are_the_projects(tmp_path):
    keys = load_keys(["", "V", "Shift-9"], tmp_path / "none.json")
    assert [keys.command(key) for key in ("1", "V", "Shift-9", "2", "3")] == [1, 2, 3, None, None]


def test_a_spoilt_file_is_told(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text("[1, 2")
    with pytest.raises(NucleusError, match="Delete the file"):
        load_keys([""], file)


def test_keys_that_do_not_fit_any_more_are_left_out(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"delete": "S", "nonsense": "Q", "merge": "Escape", "leave": "L"}))
    assert load_keys(["", "X"], file) == KeyMap.default(2)
