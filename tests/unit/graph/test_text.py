import json
import time

import huggingface_hub
import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import ClipText, image_embeddings, text_encoder
from napari_nucleus.models import ModelCard, add_model, create_model

SMALL = {"text_cfg": {"layers": 1, "width": 16, "heads": 2}, "vision_cfg": {"layers": 1, "width": 16, "head_width": 16}}


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return ClipText("ViT-B-16", pretrained=False, **SMALL)


def test_a_description_is_512_numbers_of_unit_length(encoder):
    text = encoder(["a round nucleus", "an oval nucleus"])
    assert text.shape == (2, 512)
    assert text.dtype == torch.float32
    assert not text.requires_grad
    assert torch.allclose(text.norm(dim=1), torch.ones(2), atol=1e-5)
    assert not torch.allclose(text[0], text[1], atol=1e-3)


def test_the_same_description_is_the_same_numbers_whatever_stands_beside_it(encoder):
    text = encoder(["a", "b", "a"])
    assert torch.equal(text[0], text[2])
    assert torch.equal(encoder(["a"])[0], text[0])


def test_no_descriptions(encoder):
    assert encoder([]).shape == (0, 512)


def test_a_hundred_thousand_nuclei_take_no_longer_than_their_sentences(encoder):
    start = time.process_time()
    assert encoder(["a", "b"] * 50_000).shape == (100_000, 512)
    assert time.process_time() - start < 2


def test_the_embedded_clip_is_there_offline():
    encoder = text_encoder()
    found = encoder.encode(["a small round dark nucleus", "a large pale nucleus"])
    assert found.shape == (2, encoder.width)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.width)


def test_a_text_of_ten_thousand_characters_is_read_as_far_as_it_fits():
    long = text_encoder().encode(["round nucleus " * 715])
    assert np.isfinite(long).all()


def test_a_successor_of_the_list_is_taken_by_its_name(models_folder):
    torch.manual_seed(0)
    network = create_model("nucleus_clip", width=32)
    add_model(network.state_dict(), ModelCard("mine", "nucleus_clip", "consep", 0.25, options={"width": 32}))
    assert text_encoder("mine").width == 32


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "Expected a CLIP .nucleus_clip.*got 'nothing'"),
        ("nucleus_small", "Expected a CLIP with trained weights, got nucleus_small"),
        ("ViT-B-32/nothing", "Expected weights of ViT-B-32"),
        ("ViT-B-16-quickgelu", "models import FILE --encoder ViT-B-16-quickgelu"),
        ("hf-hub:nobody/nothing", "name that: local-dir:FOLDER"),
        ("local-dir:/nowhere", "from its hub"),
        ("ViT-S-32-alt", "nobody has published any"),
    ],
)
def test_what_can_not_be_had_is_one_line_with_the_way_out(name, message, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NucleusError, match=message) as raised:
        text_encoder(name)
    assert "\n" not in str(raised.value)


def test_a_clip_in_a_folder_as_a_hub_has_it(tmp_path):
    torch.manual_seed(0)
    parts = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 16, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    network = open_clip.CLIP(**parts)
    told = {"model_cfg": parts, "preprocess_cfg": {"size": 32, "mean": [0.5] * 3, "std": [0.5] * 3}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(told))
    save_file(network.state_dict(), tmp_path / "open_clip_model.safetensors")

    encoder = text_encoder(f"local-dir:{tmp_path}")

    expected = network.encode_text(open_clip.tokenize(["a nucleus"], 12), normalize=True)
    assert encoder.width == 24
    assert np.allclose(encoder.encode(["a nucleus"]), expected.detach().numpy(), atol=1e-5)
    image, nuclei = np.full((40, 40, 3), 90, np.uint8), NucleusMap.from_labels(np.eye(40, dtype=np.int32))
    assert image_embeddings(image, nuclei, f"local-dir:{tmp_path}").shape == (1, 24)
