"""What a run computes in."""

import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.device import autocast
from napari_nucleus.training.precision import precision_of

CPU = torch.device("cpu")


def computed_in(name):
    """What a matrix product gives inside a run's network."""
    matrix = torch.ones(2, 2)
    with precision_of(name, CPU).forward_context():
        return (matrix @ matrix).dtype


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_is_half_only_where_the_processor_computes_in_it(monkeypatch, native, dtype):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    assert computed_in("auto") == dtype
    with autocast("cpu"):  # and so does inference
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_a_named_precision_is_obeyed(name):
    assert computed_in(name) == getattr(torch, name)


def test_float16_on_apple_is_refused():
    with pytest.raises(NucleusError, match="bfloat16 or float32"):
        precision_of("float16", torch.device("mps"))
