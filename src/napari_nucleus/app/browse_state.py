"""What the panel Browse patches shows and the user can set, and the frozen orders made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_nucleus.app.patch_result import PatchResult
from napari_nucleus.core import NucleusMap, Progress
from napari_nucleus.io import Patch, PatchSet


@dataclass
class BrowseState:
    """The panel's state; each field emits ``events.<field>`` when it changes.

    Attributes
    ----------
    patches : PatchSet or None
        The folder that is open.
    text : str
        Filter by name.
    tissue : str or None
        Filter by tissue.
    shown : tuple of int
        Patches that pass both filters, by their position in the set.
    current : int or None
        The patch on the canvas.
    model, device : str
        What to segment with.
    save_to : Path or None
        Folder that each result is written to as soon as it is there.
    running : bool
        A queue is being worked off.
    progress : Progress
        Of the queue.
    message : str
        The last thing to tell the user.
    """

    patches: PatchSet | None = None
    text: str = ""
    tissue: str | None = None
    shown: tuple[int, ...] = ()
    current: int | None = None
    model: str = "default"
    device: str = "auto"
    save_to: Path | None = None
    running: bool = False
    progress: Progress = field(default_factory=lambda: Progress(0, 0))
    message: str = ""
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A patch as it is to be shown.

    Attributes
    ----------
    patches : PatchSet
        Where it comes from.
    index : int
    patch : Patch
        With its truth as a person has changed it.
    nuclei : NucleusMap or None
        The result, where it is segmented.
    by_hand : bool
        A person has changed the result.
    """

    patches: PatchSet
    index: int
    patch: Patch
    nuclei: NucleusMap | None
    by_hand: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class QueueOrder:
    """Patches to segment: everything that the work needs, so that it never looks at the panel.

    Attributes
    ----------
    number : int
        Only the newest order counts.
    former : mapping
        Results by position when the order was given.
    """

    number: int
    patches: PatchSet
    indices: tuple[int, ...]
    model: str
    device: str
    save_to: Path | None
    former: Mapping[int, PatchResult]


@dataclass(frozen=True, slots=True, eq=False)
class QueueStep:
    """A step of a queue: how far it is, and where a patch is done, what came of it.

    Attributes
    ----------
    order : QueueOrder
    progress : Progress
    index : int or None
        Of the patch that is done.
    nuclei : NucleusMap or None
        Of that patch.
    note : str
        What the user should know of it: why it was passed over, an assumed pixel size.
    """

    order: QueueOrder
    progress: Progress
    index: int | None = None
    nuclei: NucleusMap | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class QueueEnd:
    """The end of a queue, and the error that ended it, if one did."""

    order: QueueOrder
    error: Exception | None = None
