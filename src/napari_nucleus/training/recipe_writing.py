"""Recipes as TOML, as a person would write them: what is so anyway is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import tomli_w

from napari_nucleus.training.loop_recipe import LoopRecipe


def recipe_toml(recipe: LoopRecipe) -> str:
    """A recipe of any kind as text that `read_recipe` reads back."""
    return tomli_w.dumps(_plain(recipe))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        stated = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != _default(f)}
        return {name: _plain(held) for name, held in stated.items() if held is not None}
    if isinstance(value, Mapping):
        return {key: _plain(held) for key, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, tuple | list) else value


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
