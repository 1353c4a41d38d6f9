"""Running jobs in napari's own activity dock."""

from __future__ import annotations

from napari.utils import progress

from napari_nucleus.app.training.state import JobRow, time_left


class Activity:
    """One bar a running job."""

    def __init__(self) -> None:
        self._bars: dict[str, progress] = {}

    def show(self, rows: tuple[JobRow, ...]) -> None:
        """Follow the jobs; a bar goes when its job no longer runs."""
        running = {row.id: row for row in rows if row.state == "running" and row.total}
        for id_ in self._bars.keys() - running.keys():
            self._bars.pop(id_).close()
        for id_, row in running.items():
            bar = self._bars.get(id_)
            if bar is None or bar.total != row.total:
                if bar is not None:
                    bar.close()
                bar = self._bars[id_] = progress(total=row.total)
            bar.update(row.done - bar.n)
            bar.set_description(
                " · ".join(text for text in (f"{row.kind} {row.name}", time_left(row.seconds_left)) if text)
            )

    def close(self) -> None:
        """Take all bars away; the jobs go on."""
        self.show(())
