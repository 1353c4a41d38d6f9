"""``napari-nucleus doctor``: what this machine can do, and what to fix."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what this machine can do, and what to fix; exits with 1 where it can't segment."""
    from napari_nucleus.app.doctor import examine, works

    checks = examine()
    if as_json:
        findings = {"works": works(checks), "checks": [asdict(check) for check in checks]}
        typer.echo(json.dumps(findings, indent=2, ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(str(check))
        typer.echo("Segmenting works." if works(checks) else "Segmenting does not work yet: mend what is marked ✗.")
    raise typer.Exit(0 if works(checks) else 1)
