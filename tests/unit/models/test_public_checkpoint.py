"""Files in the layout of HoVer-Net's authors, written here name by name."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_nucleus.core import ClassScheme, NucleusError
from napari_nucleus.inference import segment
from napari_nucleus.models import import_model, load_model
from napari_nucleus.models.public_checkpoint import load_public_hovernet

WIDTH = 8  # an eighth of the published channels


def published(mode, n_types=None):
    """Names and shapes of a published state dict; ``n_types`` counts the background."""
    kernel = 5 if mode == "original" else 3
    state = {}

    def convolution(name, channels_out, channels_in, size):
        state[f"{name}.weight"] = torch.randn(channels_out, channels_in, size, size) * 0.1

    def batchnorm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = torch.rand(channels) + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)

    def dense(name, channels, units):
        for unit in range(units):
            here = f"{name}.units.{unit}"
            batchnorm(f"{here}.preact_bna/bn", channels)
            convolution(f"{here}.conv1", 2 * WIDTH, channels, 1)
            batchnorm(f"{here}.conv1/bn", 2 * WIDTH)
            convolution(f"{here}.conv2", WIDTH // 2, 2 * WIDTH // 4, kernel)  # four groups
            channels += WIDTH // 2
        batchnorm(f"{name}.blk_bna.bn", channels)

    convolution("conv0./", WIDTH, 3, 7)
    batchnorm("conv0.bn", WIDTH)
    channels = WIDTH
    for block, units in enumerate((3, 4, 6, 3)):
        inner, wide = WIDTH * 2**block, 4 * WIDTH * 2**block
        convolution(f"d{block}.shortcut", wide, channels, 1)
        for unit in range(units):
            here = f"d{block}.units.{unit}"
            if unit:
                batchnorm(f"{here}.preact/bn", channels)
            convolution(f"{here}.conv1", inner, channels, 1)
            batchnorm(f"{here}.conv1/bn", inner)
            convolution(f"{here}.conv2", inner, inner, 3)
            batchnorm(f"{here}.conv2/bn", inner)
            convolution(f"{here}.conv3", wide, inner, 1)
            channels = wide
        batchnorm(f"d{block}.blk_bna.bn", wide)
    convolution("conv_bot", 16 * WIDTH, 32 * WIDTH, 1)
    for branch, outputs in [("tp", n_types)] * (n_types is not None) + [("np", 2), ("hv", 2)]:
        here = f"decoder.{branch}"
        convolution(f"{here}.u3.conva", 4 * WIDTH, 16 * WIDTH, kernel)
        dense(f"{here}.u3.dense", 4 * WIDTH, 8)
        convolution(f"{here}.u3.convf", 8 * WIDTH, 8 * WIDTH, 1)
        convolution(f"{here}.u2.conva", 2 * WIDTH, 8 * WIDTH, kernel)
        dense(f"{here}.u2.dense", 2 * WIDTH, 4)
        convolution(f"{here}.u2.convf", 4 * WIDTH, 4 * WIDTH, 1)
        convolution(f"{here}.u1.conva", WIDTH, 4 * WIDTH, kernel)
        batchnorm(f"{here}.u0.bn", WIDTH)
        convolution(f"{here}.u0.conv", outputs, WIDTH, 1)
        state[f"{here}.u0.conv.bias"] = torch.arange(outputs, dtype=torch.float32)
    state["upsample2x.unpool_mat"] = torch.ones(2, 2)
    return state


def write(folder, content, **options):
    path = folder / "hovernet.tar"
    torch.save(content, path, **options)
    return path


def test_the_layout_has_as_many_names_as_the_published_files():
    assert len(published("fast", 6)) == 798
    assert len(published("original")) == 632


@pytest.mark.parametrize(
    ("mode", "n_types", "classes"),
    [("original", 5, "consep"), ("fast", 6, "pannuke"), ("fast", 5, "monusac"), ("original", None, None)],
)
def test_mode_and_classes_follow_from_the_shapes(tmp_path, mode, n_types, classes):
    found = load_public_hovernet(write(tmp_path, {"desc": published(mode, n_types)}))
    assert found.mode == mode
    assert (found.scheme and found.scheme.name) == classes
    output = found.network(torch.rand(1, 3, 32, 32))
    assert (None if output.type_logit is None else output.type_logit.shape[1]) == n_types
    assert not found.network.training


def test_every_weight_arrives(tmp_path):
    state = published("fast", 6)
    network = load_public_hovernet(write(tmp_path, {"desc": state})).network
    arrived = sorted(t.double().sum().item() for t in network.state_dict().values())
    del state["upsample2x.unpool_mat"]
    assert arrived == sorted(t.double().sum().item() for t in state.values())
    assert torch.equal(network.d1.units[1].before.bias, state["d1.units.1.preact/bn.bias"])
    assert torch.equal(network.hv_decoder.u2.dense.after.weight, state["decoder.hv.u2.dense.blk_bna.bn.weight"])


def test_classes_are_reordered_by_name(tmp_path):
    """MoNuSAC's public order has macrophages before neutrophils; the biases here count the outputs."""
    path = write(tmp_path, {"desc": published("fast", 5)})
    for classes in (None, "monusac", ["epithelial", "lymphocyte", "macrophage", "neutrophil"]):
        found = load_public_hovernet(path, classes)
        assert found.scheme.classes == ("epithelial", "lymphocyte", "neutrophil", "macrophage")
        assert found.network.type_decoder.head.bias.tolist() == [0, 1, 2, 4, 3]


def test_the_asked_for_order_wins_over_the_inferred_one(tmp_path):
    path = write(tmp_path, {"desc": published("fast", 5)})
    found = load_public_hovernet(path, "consep")
    assert found.scheme.name == "consep"
    own = ClassScheme("own", ("a", "b", "c", "d"), ("#000000",) * 4)
    assert load_public_hovernet(path, own).scheme is own


@pytest.mark.parametrize("classes", [None, "consep", ["epithelial"], ["a", "b", "c"]])
def test_classes_that_do_not_fit_are_refused(tmp_path, classes):
    path = write(tmp_path, {"desc": published("fast", 4)})
    with pytest.raises(NucleusError, match="3 classes") as raised:
        load_public_hovernet(path, classes)
    assert "monusac: epithelial, lymphocyte, macrophage, neutrophil" in str(raised.value)


def test_saved_from_several_gpus_or_by_an_old_torch(tmp_path):
    state = {f"module.{name}": tensor for name, tensor in published("fast", 6).items()}
    path = write(tmp_path, {"desc": state, "optimizer": {"state": {}}}, _use_new_zipfile_serialization=False)
    assert load_public_hovernet(path).scheme.name == "pannuke"


def test_converted_from_tensorflow_without_counters(tmp_path):
    state = {name: tensor for name, tensor in published("fast", 6).items() if "num_batches" not in name}
    network = load_public_hovernet(write(tmp_path, {"desc": state})).network
    assert not any(t.is_meta for t in network.state_dict().values())
    assert network(torch.rand(1, 3, 32, 32)).hv.isfinite().all()


@pytest.mark.parametrize(
    ("mode", "n_types", "given", "classes"),
    [("fast", 6, None, "pannuke"), ("original", 5, "consep", "consep"), ("original", None, None, "nucleus")],
)
def test_an_imported_checkpoint_segments_as_the_published_network(tmp_path, mode, n_types, given, classes):
    path = write(tmp_path, {"desc": published(mode, n_types)})
    info = import_model(path, "public", given)
    assert info.card.classes == classes
    network = load_public_hovernet(path, given).network
    image = torch.rand(1, 3, 32, 32)
    for ours, theirs in zip(load_model("public").network(image), network(image), strict=True):
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)
    result = segment(np.zeros((40, 40, 3), np.uint8), model="public", mpp=0.25, device="cpu")
    assert result.nuclei.scheme.name == classes


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_in_the_file_is_run(tmp_path):
    trap = tmp_path / "run"
    path = write(tmp_path, {"desc": published("fast", 6), "extra": Hostile(trap)})
    with pytest.raises(NucleusError, match="made of weights alone") as raised:
        load_public_hovernet(path)
    assert not trap.exists()
    assert "\n" not in str(raised.value)
    path.write_bytes(pickle.dumps(Hostile(trap), protocol=2))
    with pytest.raises(NucleusError, match="made of weights alone"):
        load_public_hovernet(path)
    assert not trap.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": {}},
        [1, 2],
        {"desc": {}},
        {"desc": {"a": 1}},
        {"desc": {"a": torch.zeros(2)}},
        {"desc": published("fast", 6) | {"conv_bot.weight": torch.zeros(3)}},
        {"desc": published("fast", 6) | {"conv0./.weight": torch.zeros(())}},
        {"desc": published("fast", 6) | {"conv0./.weight": torch.zeros(1, 1, 1, 1).expand(10**9, 3, 7, 7)}},
        {"desc": published("fast", 6) | {"more": torch.zeros(3)}},
        {"desc": {k: v for k, v in published("fast", 6).items() if "d2" not in k}},
    ],
)
def test_other_content_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(NucleusError, match="public HoVer-Net checkpoint") as raised:
        load_public_hovernet(write(tmp_path, content))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_broken_files_are_refused(tmp_path, data):
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    with pytest.raises(NucleusError, match="public HoVer-Net checkpoint"):
        load_public_hovernet(path)
    with pytest.raises(NucleusError, match="got no file"):
        load_public_hovernet(tmp_path / "none.tar")
