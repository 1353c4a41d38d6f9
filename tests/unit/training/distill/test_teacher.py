import numpy as np
import pytest
import torch

from napari_nucleus.core import NucleusError, scheme
from napari_nucleus.inference import segment
from napari_nucleus.models import load_model
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.distill.teacher import Teacher, picture_digest


def taught(*names, views=False, classes="consep", vector="hv", mpp=0.25):
    return Teacher(names, views=views, classes=scheme(classes), vector=vector, mpp=mpp, device="cpu")


def softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize(("names", "views"), [(["default"], False), (["default", "b"], True)])
def test_the_answer_is_what_segment_sees(tissue, add, names, views):
    add("b", seed=1)
    answer = taught(*names, views=views).answer(tissue)
    maps = segment(tissue, names, mpp=0.25, tta=views).maps
    np.testing.assert_allclose(1 / (1 + np.exp(-answer[..., 0])), maps.np_prob, atol=1e-4)
    np.testing.assert_allclose(np.moveaxis(answer[..., 1:3], -1, 0), maps.hv, atol=1e-5)
    np.testing.assert_allclose(np.moveaxis(softmax(answer[..., 3:]), -1, 0), maps.type_prob, atol=1e-3)


def test_half_precision_keeps_what_is_certain(tissue):
    answer = taught("default").answer(tissue)
    assert np.abs(answer - answer.astype(np.float16)).max() < 0.01
    assert np.isfinite(answer).all()


def test_a_hover_teacher_gives_a_flow_student_the_flows_of_its_nuclei(tissue):
    answer = taught("default", vector="flow").answer(tissue)
    flows = dense_targets(segment(tissue, mpp=0.25).nuclei.labels, ["flow"])["flow"]
    np.testing.assert_array_equal(np.moveaxis(answer[..., 1:3], -1, 0), flows)
    assert np.abs(flows).max() > 0.5


def test_a_flow_teacher_gives_a_hover_student_hv(tissue, add):
    add("flows", "mobilevit_unet")
    own = taught("flows", vector="flow").answer(tissue)
    other = taught("flows", vector="hv").answer(tissue)
    np.testing.assert_array_equal(own[..., 0], other[..., 0])
    assert (np.hypot(*np.moveaxis(own[..., 1:3], -1, 0)) <= 1.001).all()
    assert np.abs(other[..., 1:3]).max() <= 1


def test_another_pixel_size(tissue):
    half = np.ascontiguousarray(tissue[::2, ::2])
    answer = taught("default", mpp=0.5).answer(half)
    assert answer.shape == (64, 56, 8)
    whole = taught("default").answer(tissue)[::2, ::2]
    assert np.corrcoef(answer[..., 0].ravel(), whole[..., 0].ravel())[0, 1] > 0.8


def test_classes_go_by_crosswalk_where_it_says_everything(add):
    add("pannuke_model", classes="pannuke")
    add("lizard_model", classes="lizard")
    teacher = taught("pannuke_model")
    assert teacher.teaches_types
    assert teacher.channels == 8
    way = teacher.ensemble.types_into(scheme("consep"))
    assert way[3].tolist() == [0, 1, 0, 0, 0, 1]  # epithelial: neoplastic and epithelial
    # Lizard has no class that becomes "other": its answers would deny it everywhere.
    assert not taught("lizard_model").teaches_types
    assert taught("lizard_model").channels == 3


def test_a_key_is_of_content_and_never_of_names(tissue, add):
    add("b", seed=1)
    add("c", seed=1)
    picture = picture_digest(tissue)
    key = taught("b").key(picture)
    assert taught("c").key(picture) == key
    others = [
        taught("default").key(picture),
        taught("b", views=True).key(picture),
        taught("b", "b").key(picture),
        taught("b", vector="flow").key(picture),
        taught("b", mpp=0.5).key(picture),
        taught("b").key(picture_digest(tissue[1:])),
        taught("b").token_key(picture, 0),
    ]
    assert len({key, *others}) == 1 + len(others)
    assert picture_digest(tissue.copy()) == picture
    assert picture_digest(tissue.reshape(56, 256, 3)) != picture


def test_tokens_are_means_of_the_last_features(tissue):
    network = load_model("default").network
    with torch.inference_mode():
        pixels = torch.from_numpy(tissue).movedim(-1, 0)[None].float() / 255
        expected = network.features(pixels)[0, :, :4, 4:8].mean((1, 2)).numpy()
    tokens = taught("default").tokens(tissue, 0)
    assert tokens.shape == (16, 14, 48)
    np.testing.assert_allclose(tokens[0, 1], expected, rtol=0.1, atol=0.02)  # the CPU may compute in bfloat16
    assert taught("default", mpp=0.5).tokens(tissue, 0).shape == (16, 14, 48)


def test_models_that_cannot_teach_together(add):
    add("flows", "mobilevit_unet")
    add("other", classes="msa3")
    with pytest.raises(NucleusError, match="one class scheme"):
        taught("default", "other")
    with pytest.raises(NucleusError, match="needs weights"):
        taught("hovernet")
    with pytest.raises(NucleusError, match="Expected a model"):
        taught("nobody")
    with pytest.raises(NucleusError, match="same maps"):
        taught("default", "flows").answer(np.zeros((64, 64, 3), np.uint8))
