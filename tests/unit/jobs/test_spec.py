from dataclasses import replace

import pytest

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.jobs import JobSpec, run_job


def test_what_is_written_is_read(order):
    spec = order(steps=3, threads=2, resume=True)
    assert JobSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "teach"}, "train, distill, fine_tune, relabel, graph, clip"),
        ({"threads": 0}, "threads"),
        ({"steps": -1}, "steps"),
    ],
)
def test_wrong_fields_are_named(order, fields, message):
    with pytest.raises(NucleusError, match=message):
        replace(order(), **fields)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "train"', '{"kind": "train"}', '{"kind": 3, "recipe": ""}'])
def test_a_broken_order_is_one_line(text):
    with pytest.raises(NucleusError) as caught:
        JobSpec.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"), [(None, "no such file"), ("name = ", "TOML"), ("steps = 3", "'name'"), ("name = 3", "'name'")]
)
def test_recipes_without_a_name(order, tmp_path, text, message):
    recipe = tmp_path / "other.toml"
    if text is not None:
        recipe.write_text(text)
    with pytest.raises(NucleusError, match=message):
        order(recipe=str(recipe)).name()


def test_a_device_that_is_not_there(order):
    with pytest.raises(NucleusError, match="device"):
        drain(run_job(order(device="cuda:77")))
