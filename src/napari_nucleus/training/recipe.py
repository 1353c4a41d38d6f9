"""Recipes: everything that decides a training run, read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.recipe_fields import number

__all__ = ["DataSource", "LoopRecipe", "Recipe", "read_recipe"]


@dataclass(frozen=True, slots=True)
class DataSource:
    """One folder of images and how often it is drawn.

    Attributes
    ----------
    folder : str
        Below the data folder that the user names.
    share : float
        Relative chance that a crop comes from here.
    include : str
        Glob of file stems.
    validate : tuple of str
        Stems kept out of training and used to choose.
    mpp : float
        Pixel size in µm; images are resampled to the recipe's.
    classes : bool
        Whether the folder's types are those of the recipe's scheme; else it trains NP and HV only.
    """

    folder: str
    share: float = 1.0
    include: str = "*"
    validate: tuple[str, ...] = ()
    mpp: float = 0.25
    classes: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe(LoopRecipe):
    """A dense network learns nuclei from annotated images.

    Attributes
    ----------
    model : str
        A registered architecture.
    options : dict
        Of the architecture, such as ``encoder``.
    classes : str
        A class scheme.
    mpp : float
        Pixel size that the model works at, in µm.
    crop : int
        Side of a crop in pixels.
    scale : float
        Crops are zoomed by a factor between 1/scale and scale.
    stain : float
        Strength of stain and colour augmentation.
    focus : float
        Share of crops centred on a nucleus of a class drawn evenly, so that rare classes are seen.
    class_weight : tuple of float
        Of background and each class in the cross-entropy.
    sources : tuple of DataSource
    """

    model: str
    classes: str
    sources: tuple[DataSource, ...]
    class_weight: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)
    mpp: float = number(0.25, above=0)
    crop: int = number(256, least=16)
    scale: float = number(1.25, least=1)
    stain: float = number(1.0, least=0)
    focus: float = number(0.5, least=0, most=1)


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from TOML.

    Raises
    ------
    NucleusError
        The file is missing or not TOML, or a field is unknown, missing or of the wrong kind; the message names it.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NucleusError(f"Expected a recipe at {path}, got no such file. Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NucleusError(f"Expected TOML in {path}, got: {error}. Mend that line.") from None
    return _build(Recipe, values, path.name)


def _build(kind: Any, values: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise NucleusError(f"Expected fields {', '.join(hints)} in {where}, got {unknown[0]!r}. Rename or delete it.")
    built = {name: _convert(hints[name], value, f"{where}: {name}") for name, value in values.items()}
    try:
        return kind(**built)
    except TypeError:
        missing = [f.name for f in fields(kind) if f.name not in built and f.default is f.default_factory]
        raise NucleusError(f"Expected field {missing[0]!r} in {where}, got none. Add it.") from None


def _convert(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise NucleusError(f"Expected a list for {where}, got {value!r}. Write it in brackets.")
        return tuple(_convert(get_args(hint)[0], item, where) for item in value)
    if get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise NucleusError(f"Expected a table for {where}, got {value!r}. Write it as name = value in braces.")
        return value
    if is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    accepted = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    if type(value) not in accepted:
        raise NucleusError(f"Expected {hint.__name__} for {where}, got {value!r}. Correct the value.")
    return value
