"""Recipes from TOML, with messages that name the field."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.training.loop_recipe import LoopRecipe

Kind = TypeVar("Kind", bound=LoopRecipe)

_CALLED = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}


def read_toml(path: str | Path, kind: type[Kind]) -> Kind:
    """Read a recipe of some kind.

    Raises
    ------
    NucleusError
        The file is missing or not TOML, or a field is unknown, missing, of the wrong kind or out of its range; the
        message names it.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NucleusError(f"Expected a recipe at {path}, got no such file. Check the path.") from None
    except OSError as error:
        raise NucleusError(f"Expected a recipe at {path}, got: {error.strerror}. Choose a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NucleusError(f"Expected TOML in {path}, got: {error}. Mend that line.") from None
    if {"steps", "epochs"} <= set(values):
        raise NucleusError(f"Expected steps or epochs, got both. Delete one. Recipe: {path}")
    try:
        return from_values(values, kind)
    except NucleusError as error:
        raise NucleusError(f"{error} Recipe: {path}") from None


def from_values(values: dict[str, Any], kind: type[Kind]) -> Kind:
    """A recipe of plain values, as its ``as_dict`` gives them.

    Raises
    ------
    NucleusError
        As `read_toml`.
    """
    recipe: Kind = _build(kind, values, "")
    return recipe


def data_folder(recipe: object, data: str | Path | None) -> Path:
    """Where a recipe's data sets lie, unless it is said: beside its file; here, for one that isn't read from a file."""
    if data is not None:
        return Path(data)
    return Path(recipe).parent if isinstance(recipe, str | Path) else Path()


def unlike(what: str, got: str, known: Iterable[str]) -> NucleusError:
    """The error for a name that isn't known, with the nearest one that is, or else with all."""
    known = list(known)
    near = get_close_matches(got, known, 1, 0.5)
    if near:
        return NucleusError(f"Expected {what}, got {got!r}. Write {near[0]!r}?")
    return NucleusError(f"Expected {what} ({', '.join(known)}), got {got!r}. Choose one of those.")


def _build(kind: Any, values: dict[str, Any], place: str) -> Any:
    hints = get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    unknown = next((name for name in values if name not in known), None)
    if unknown is not None:
        raise unlike(f"a field of {place.rstrip('.') or 'a recipe'}", unknown, known)
    built = {name: _convert(hints[name], value, f"{place}{name}") for name, value in values.items()}
    missing = [f.name for f in fields(kind) if f.name not in built and f.default is f.default_factory]
    if missing:
        raise NucleusError(f"Expected the field {place}{missing[0]}, got none. Add it.")
    return kind(**built)


def _convert(hint: Any, value: Any, name: str) -> Any:
    options = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    for option in options:
        origin = get_origin(option) or option
        if origin is tuple and isinstance(value, list):
            return tuple(_convert(get_args(option)[0], item, f"{name}[{i}]") for i, item in enumerate(value))
        if origin is dict and isinstance(value, dict):
            held = get_args(option)[1]
            return {key: _convert(held, item, f"{name}.{key}") for key, item in value.items()}
        if is_dataclass(option) and isinstance(value, dict):
            return _build(option, value, f"{name}.")
        if option is float and type(value) is int:
            return float(value)
        if option is Any or type(value) is option:
            return value
    wanted = " or ".join(_called(option) for option in options if option is not NoneType)
    raise NucleusError(f"Expected {name} to be {wanted}, got {value!r}. Correct it.")


def _called(option: Any) -> str:
    origin = get_origin(option) or option
    if origin is tuple:
        return "a list in brackets"
    return _CALLED.get(option, "a table: name = value, in braces or under [its name]")
