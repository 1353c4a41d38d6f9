import os
import stat
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_nucleus.core import NucleusError
from napari_nucleus.models import ModelCard, add_model, models_folder, read_card
from napari_nucleus.models.library import add_encoder, encoder_file, read_tensors

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}
CARD = ModelCard("mine", "nucleus_small", "consep", 0.25)


def left_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_the_folder_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path / "here"))
    assert models_folder() == tmp_path / "here"
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", "~/there")
    assert models_folder() == Path.home() / "there"
    monkeypatch.delenv("NAPARI_NUCLEUS_MODELS")
    assert models_folder().parts[-2:] == ("napari-nucleus", "models")


def test_a_model_comes_back(models_folder):
    place = add_model(WEIGHTS, CARD)
    assert place == models_folder / "mine.safetensors"
    assert {name: tensor.tolist() for name, tensor in load_file(place).items()} == {
        name: tensor.tolist() for name, tensor in WEIGHTS.items()
    }
    assert read_card(place.with_suffix(".json")) == CARD
    assert left_in(models_folder) == ["mine.json", "mine.safetensors"]


def test_a_taken_name_is_refused_and_its_model_stays(models_folder):
    add_model(WEIGHTS, CARD)
    with pytest.raises(NucleusError, match="Expected a new name, got mine"):
        add_model({"b": torch.zeros(1)}, CARD)
    assert load_file(models_folder / "mine.safetensors").keys() == WEIGHTS.keys()


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", ".hidden", "-x", "a,b", "a\nb"])
def test_names_that_cannot_be_a_files_are_refused(models_folder, name):
    with pytest.raises(NucleusError, match="Expected a name"):
        add_model(WEIGHTS, ModelCard(name, "nucleus_small", "consep", 0.25))
    assert not models_folder.exists()


def test_a_file_in_the_folders_place(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path / "file"))
    with pytest.raises(NucleusError, match="right to write") as raised:
        add_model(WEIGHTS, CARD)
    assert "\n" not in str(raised.value)
    with pytest.raises(NucleusError, match="right to write"):
        add_encoder(_saved(tmp_path), "resnet10t")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="to root every folder is writable")
def test_a_read_only_folder(models_folder):
    models_folder.mkdir(parents=True)
    models_folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(NucleusError, match="right to write"):
            add_model(WEIGHTS, CARD)
    finally:
        models_folder.chmod(stat.S_IRWXU)


@contextmanager
def files_of_at_most(size):
    """What a full disk is to a program: writing ends with an error in the middle of a file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("from_file", [False, True])
def test_no_room_for_the_weights_leaves_nothing(models_folder, tmp_path, from_file):
    weights = {"a": torch.zeros(100_000)}
    save_file(weights, tmp_path / "w.safetensors")
    with files_of_at_most(50_000), pytest.raises(NucleusError, match="Expected room") as raised:
        add_model(tmp_path / "w.safetensors" if from_file else weights, CARD)
    assert "\n" not in str(raised.value)
    assert left_in(models_folder) == []


def test_no_room_for_the_card_leaves_nothing(models_folder):
    card = ModelCard("mine", "nucleus_small", "consep", 0.25, description="long " * 20_000)
    with files_of_at_most(50_000), pytest.raises(NucleusError, match="Expected room"):
        add_model(WEIGHTS, card)
    assert left_in(models_folder) == []


def _saved(folder, name="w.safetensors"):
    save_file(WEIGHTS, folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["resnet10t", "bioptimus/H-optimus-0", "hf-hub:wisdomik/QuiltNet-B-16"])
def test_an_encoder_is_found_under_its_name(models_folder, tmp_path, name):
    assert encoder_file(name) is None
    place = add_encoder(_saved(tmp_path), name)
    assert encoder_file(name) == place
    assert place.parent == models_folder / "encoders"
    save_file({"b": torch.ones(1)}, tmp_path / "newer.safetensors")
    add_encoder(tmp_path / "newer.safetensors", name)  # replaces
    assert list(load_file(place)) == ["b"]
    assert len(left_in(models_folder)) == 1


@pytest.mark.parametrize("wrap", [dict, lambda w: {"state_dict": w, "epoch": 3}, lambda w: {"model": w}])
def test_pytorch_files_of_tensors_are_read(models_folder, tmp_path, wrap):
    torch.save(wrap(WEIGHTS), tmp_path / "w.bin")
    kept = load_file(add_encoder(tmp_path / "w.bin", "resnet10t"))
    assert {name: tensor.tolist() for name, tensor in kept.items()} == {n: t.tolist() for n, t in WEIGHTS.items()}


def test_tensors_that_share_memory_are_kept_apart(models_folder, tmp_path):
    tied = torch.arange(4.0)
    torch.save({"a": tied, "b": tied, "c": tied[1:3]}, tmp_path / "w.pt")
    kept = load_file(add_encoder(tmp_path / "w.pt", "resnet10t"))
    assert {name: tensor.tolist() for name, tensor in kept.items()} == {
        "a": [0, 1, 2, 3],
        "b": [0, 1, 2, 3],
        "c": [1, 2],
    }


class Hostile:
    """Unpickling it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "content", [lambda p: {"w": Hostile(p)}, lambda p: Hostile(p), lambda p: {"state_dict": {}}, lambda p: {"a": "b"}]
)
def test_what_is_more_than_tensors_is_refused_and_never_run(models_folder, tmp_path, content):
    torch.save(content(tmp_path / "ran"), tmp_path / "bad.pt")
    with pytest.raises(NucleusError, match="Expected") as raised:
        add_encoder(tmp_path / "bad.pt", "resnet10t")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()
    assert encoder_file("resnet10t") is None


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"not weights", b"\x80\x04garbage"])
def test_broken_and_missing_files_are_one_line(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(NucleusError, match=name) as raised:
        add_encoder(tmp_path / name, "resnet10t")
    assert "\n" not in str(raised.value)


def test_tensors_keep_type_and_value(tmp_path):
    torch.save({"h": torch.ones(2, dtype=torch.float16)}, tmp_path / "w.pth")
    assert read_tensors(tmp_path / "w.pth")["h"].dtype == torch.float16
