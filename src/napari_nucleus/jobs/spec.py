"""What a job is to do: the same order runs in the background and, with `run_job`, in this process."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Generator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from napari_nucleus.core import NucleusError, Progress

Kind = Literal["train", "distill", "fine_tune", "relabel", "graph", "clip"]
KINDS: tuple[str, ...] = get_args(Kind)
_WORK = {
    "train": "fit",
    "distill": "distill",
    "fine_tune": "fine_tune",
    "relabel": "cross_relabel",
    "graph": "train_graph",
    "clip": "train_clip",
}


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """An order for one training run.

    Attributes
    ----------
    kind : str
        ``train``, ``distill``, ``fine_tune``, ``relabel``, ``graph`` (a graph classifier) or ``clip``.
    recipe : str
        Path of a recipe (TOML) of that kind.
    data : str
        Path of the folder that holds the recipe's data sets.
    runs : str
        The run lands in ``runs/<recipe's name>/``.
    device : str
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.
    threads : int or None
        Of the processor. None leaves PyTorch its own choice; a background job then leaves one core to the window.
    steps : int or None
        Another number of updates than the recipe's.
    resume : bool
        Go on from the run's last checkpoint.
    publish : bool
        Put the finished model into the user's list of models, a graph classifier where `load_graph` finds it.

    Raises
    ------
    NucleusError
        The kind isn't known, or a number is below 1.
    """

    kind: Kind
    recipe: str
    data: str
    runs: str = "runs"
    device: str = "auto"
    threads: int | None = None
    steps: int | None = None
    resume: bool = False
    publish: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise NucleusError(f"Expected a kind of job out of {', '.join(KINDS)}, got {self.kind!r}. Choose one.")
        for name in ("threads", "steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise NucleusError(f"Expected {name} of at least 1, got {value}. Correct it, or leave it out.")

    def name(self) -> str:
        """The recipe's name, which is also that of the run's folder.

        Raises
        ------
        NucleusError
            The recipe is missing, is not TOML, or has no name.
        """
        path = Path(self.recipe)
        try:
            name = tomllib.loads(path.read_text(encoding="utf-8")).get("name")
        except OSError:
            raise NucleusError(f"Expected a recipe at {path}, got no such file. Check the path.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise NucleusError(f"Expected TOML in {path}, got: {error}. Mend that line.") from None
        if not isinstance(name, str) or not name:
            raise NucleusError(f"Expected field 'name' in {path.name}, got none. Add it.")
        return name

    def to_json(self) -> str:
        """The order as text; `from_json` reads it back."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> JobSpec:
        """Read an order back.

        Raises
        ------
        NucleusError
            The text is no order.
        """
        try:
            values = json.loads(text)
            return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
        except (ValueError, TypeError) as error:
            if isinstance(error, NucleusError):
                raise
            raise NucleusError(f"Expected a job's order, got something else ({error}). Submit the job anew.") from None


def run_job(spec: JobSpec) -> Generator[Progress, None, Any]:
    """Do a job here and now; closing the generator leaves a checkpoint behind.

    Parameters
    ----------
    spec : JobSpec

    Yields
    ------
    Progress
        One a step; at the end one with the published model's name in ``values["model"]``.

    Returns
    -------
    Run
        Of `napari_nucleus.training`, or its ``RelabelRun``.

    Raises
    ------
    NucleusError
        As the training functions do: recipe, data, device or run folder won't do.
    """
    import torch

    from napari_nucleus import training
    from napari_nucleus.inference import resolve_device

    if spec.threads:
        torch.set_num_threads(spec.threads)
    work = getattr(training, _WORK[spec.kind], None)
    if work is None:
        raise NucleusError(f"Expected a version that can do jobs of kind {spec.kind}, got an older one. Update it.")
    run = yield from work(
        spec.recipe, spec.data, spec.runs, device=resolve_device(spec.device), steps=spec.steps, resume=spec.resume
    )
    if spec.publish and spec.kind != "relabel":
        model = training.publish(run)
        yield Progress(1, 1, f"published as {model}", {"model": model})
    return run
