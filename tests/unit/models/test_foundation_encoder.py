import huggingface_hub.constants
import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.foundation_encoder import FOUNDATION_MODELS, FrozenViT
from napari_nucleus.models.library import add_encoder
from napari_nucleus.models.timm_encoder import TimmEncoder
from napari_nucleus.models.zoo import count_parameters

TINY = {"embed_dim": 32, "depth": 2, "num_heads": 2}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path / "models"))


@pytest.mark.parametrize(
    ("name", "millions"),  # as their model cards say
    [("hoptimus0", 1135), ("uni", 303), ("uni2-h", 681), ("virchow2", 631), ("phikon", 86), ("phikon-v2", 303)],
)
def test_parameters_are_those_of_the_published_encoder(name, millions):
    with torch.device("meta"):
        encoder = FrozenViT(name)
    assert round(count_parameters(encoder) / 1e6) == millions
    assert FOUNDATION_MODELS[name].licence


def test_normalised_as_h_optimus_was_trained():
    encoder = FrozenViT("hoptimus0", blocks=[0, 1], **TINY)
    assert encoder.mean.flatten().tolist() == pytest.approx([0.707223, 0.578729, 0.703617])
    assert encoder.std.flatten().tolist() == pytest.approx([0.211883, 0.230117, 0.177517])


@pytest.mark.parametrize("name", ["uni", "phikon"])
def test_offline_says_how_to_bring_the_weights(name):
    with pytest.raises(NucleusError, match=f"models import FILE --encoder {FOUNDATION_MODELS[name].hub}$") as raised:
        FrozenViT(name, pretrained=True, blocks=[0, 1], **TINY)
    assert "\n" not in str(raised.value)


def test_offline_holds_for_timm_s_own_weights():
    with pytest.raises(NucleusError, match=r"models import FILE --encoder test_resnet$"):
        TimmEncoder("test_resnet", pretrained=True)


def test_imported_weights_need_no_hub(tmp_path):
    published = FrozenViT("uni", blocks=[0, 1], **TINY)
    torch.save(published.vit.state_dict(), tmp_path / "pytorch_model.bin")
    add_encoder(tmp_path / "pytorch_model.bin", "MahmoodLab/UNI")
    encoder = FrozenViT("uni", pretrained=True, blocks=[0, 1], **TINY)
    assert all(torch.equal(a, b) for a, b in zip(encoder.parameters(), published.parameters(), strict=True))


def test_weights_under_the_names_of_transformers(tmp_path):
    """Phikon's: query, key and value apart, a pooler that timm has not."""
    published = FrozenViT("phikon", blocks=[0, 1], **TINY)
    torch.save(as_transformers(published.vit.state_dict()), tmp_path / "pytorch_model.bin")
    add_encoder(tmp_path / "pytorch_model.bin", "owkin/phikon")
    encoder = FrozenViT("phikon", pretrained=True, blocks=[0, 1], **TINY)
    assert all(torch.equal(a, b) for a, b in zip(encoder.parameters(), published.parameters(), strict=True))


def as_transformers(state):
    named = {
        "embeddings.cls_token": state["cls_token"],
        "embeddings.position_embeddings": state["pos_embed"],
        "pooler.dense.weight": torch.zeros(32, 32),
    }
    for part in ("weight", "bias"):
        named[f"embeddings.patch_embeddings.projection.{part}"] = state[f"patch_embed.proj.{part}"]
        named[f"layernorm.{part}"] = state[f"norm.{part}"]
        for n in range(TINY["depth"]):
            here, there = f"blocks.{n}", f"encoder.layer.{n}"
            for name, tensor in zip(("query", "key", "value"), state[f"{here}.attn.qkv.{part}"].chunk(3), strict=True):
                named[f"{there}.attention.attention.{name}.{part}"] = tensor.clone()
            named[f"{there}.attention.output.dense.{part}"] = state[f"{here}.attn.proj.{part}"]
            named[f"{there}.intermediate.dense.{part}"] = state[f"{here}.mlp.fc1.{part}"]
            named[f"{there}.output.dense.{part}"] = state[f"{here}.mlp.fc2.{part}"]
            named[f"{there}.layernorm_before.{part}"] = state[f"{here}.norm1.{part}"]
            named[f"{there}.layernorm_after.{part}"] = state[f"{here}.norm2.{part}"]
    return named
