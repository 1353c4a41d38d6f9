"""The panel *Train*: tabs that make orders, and the jobs that come of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari.viewer
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import create_worker

from napari_nucleus.app.choices import Choices, load_choices
from napari_nucleus.app.training.controller import TrainController
from napari_nucleus.app.training.orders import FolderLook, RecipeOrder, look_at
from napari_nucleus.app.training.results import RelabelResult
from napari_nucleus.core import NucleusError
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column
from napari_nucleus.gui.train.activity import Activity
from napari_nucleus.gui.train.curve_plot import CurvePlot
from napari_nucleus.gui.train.distil_tab import DistilTab
from napari_nucleus.gui.train.fine_tune_tab import FineTuneTab
from napari_nucleus.gui.train.job_list import JobList
from napari_nucleus.gui.train.preview import PreviewLayers
from napari_nucleus.gui.train.recipe_tab import RecipeTab
from napari_nucleus.gui.train.relabel_tab import RelabelTab
from napari_nucleus.gui.train.results import ResultView

_LOOK_EVERY_MS = 500
_CURVES_EVERY = 3  # looks


class TrainPanel(QWidget):
    """Fine-tune, distil, cross-relabel: in the background, with curves, while one goes on working.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : TrainController, optional
        What submits and follows jobs; made here by default.
    """

    def __init__(self, viewer: napari.viewer.Viewer, controller: TrainController | None = None) -> None:
        super().__init__()
        self.controller = TrainController() if controller is None else controller
        self.state = self.controller.state
        self._looks = 0
        self._preview_stamp: object = None
        self._activity, self._preview = Activity(), PreviewLayers(viewer)
        self._viewer = viewer
        self.fine_tune, self.distil = FineTuneTab(viewer), DistilTab()
        self.relabel, self.recipe = RelabelTab(), RecipeTab()
        self.tabs, self.start, self.save = QTabWidget(), QPushButton("Start"), QPushButton("Save as recipe…")
        self.message, self.jobs = QLabel(), JobList(self.state)
        self.curves, self.samples, self.results = CurvePlot(), QCheckBox("show a held-out tile"), ResultView()
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_EVERY_MS)
        self._lay_out()
        self._connect()
        self.controller.queue.watch()
        self.look()
        self._clock.start()
        create_worker(load_choices, _connect={"returned": self._on_choices, "errored": self._report})

    def submit(self) -> None:
        """Queue the job of the tab that is open."""
        try:
            order = self.tab.order()
        except NucleusError as error:
            self._report(error)
            return
        self.start.setEnabled(False)
        create_worker(
            self.controller.submit, order, _connect={"returned": self._on_submitted, "errored": self._on_refused}
        )

    @property
    def tab(self) -> Any:
        """The tab that is open."""
        return self.tabs.currentWidget()

    def look(self) -> None:
        """Show how the jobs stand now."""
        self.controller.refresh()
        self._activity.show(self.state.rows)
        if self._looks % _CURVES_EVERY == 0:
            self._show_chosen()
        self._looks += 1

    def event(self, event: QEvent | None) -> bool:
        """Let go of the jobs when the panel is taken out of the window; they go on."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._clock.stop()
                self._activity.close()
                self.controller.queue.close()
            else:
                self.controller.queue.watch()
                self._clock.start()
        return super().event(event)

    def _lay_out(self) -> None:
        for tab in (self.fine_tune, self.distil, self.relabel, self.recipe):
            self.tabs.addTab(tab, tab.title)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.save.setToolTip("Write this order as a recipe (TOML), to run it elsewhere")
        self.samples.setToolTip("Layers with what the chosen job's network makes of it, anew at each validation")
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.start, 1)
        row.addWidget(self.save)
        self._chosen = QGroupBox("Chosen job")
        inside = QVBoxLayout(self._chosen)
        for part in (self.curves, self.samples, self.results):
            inside.addWidget(part)
        jobs = QGroupBox("Jobs")
        QVBoxLayout(jobs).addWidget(self.jobs)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.tabs, buttons, self.message, jobs, self._chosen))

    def _connect(self) -> None:
        self.start.clicked.connect(self.submit)
        self.save.clicked.connect(self._on_save)
        self.tabs.currentChanged.connect(lambda: self.save.setEnabled(self.tab is not self.recipe))
        self.jobs.asked.connect(self._on_asked)
        self.samples.toggled.connect(self._on_samples)
        self.results.review.connect(self._on_review)
        self._clock.timeout.connect(self.look)
        self.state.events.chosen.connect(self._show_chosen)
        self.state.events.message.connect(lambda message: self.message.setText(message))
        self.fine_tune.folder.changed.connect(lambda folder: self._look_at(folder, self.fine_tune.show_look))
        self.distil.folder.changed.connect(lambda folder: self._look_at(folder, self.distil.show_look))
        for side in self.relabel.sides:
            side.folder_changed.connect(lambda folder, side=side: self._look_at(folder, side.show_look))
        for combo in (self.fine_tune.model, self.distil.teacher.combo):
            combo.opening.connect(self._refresh_models)

    def _look_at(self, folder: str, show: Callable[[FolderLook | None], None]) -> None:
        """See what a folder holds, in a thread."""
        show(None)
        if folder:
            create_worker(look_at, folder, _connect={"returned": show, "errored": self._report})

    def _on_choices(self, choices: Choices) -> None:
        for tab in (self.fine_tune, self.distil, self.relabel, self.recipe):
            tab.fill(choices)

    def _refresh_models(self) -> None:
        """Models may have come since the list was made."""
        if self.fine_tune.model.count():
            models = load_choices().models
            self.fine_tune.model.fill(models)
            self.distil.teacher.fill(models)

    def _on_submitted(self, job: Any) -> None:
        self.start.setEnabled(True)
        self.state.message = f"Job {job.id}, {job.name}, is queued."
        self.controller.refresh()
        self.state.chosen = job.id
        if self.tab is not self.recipe:
            self.tab.run.name.setText(self.controller.free_name(self.tab.run.name.text().strip()))

    def _on_refused(self, error: Exception) -> None:
        self.start.setEnabled(True)
        self._report(error)

    def _on_save(self) -> None:
        try:
            order = self.tab.order()
            if isinstance(order, RecipeOrder):
                return
            path, _ = QFileDialog.getSaveFileName(self, "Recipe", f"{order.name}.toml", "Recipes (*.toml)")
            if path:
                self.controller.save_recipe(order, Path(path))
        except NucleusError as error:
            self._report(error)

    def _on_asked(self, what: str) -> None:
        try:
            if what == "log":
                self._show_log()
            else:
                getattr(self.controller, what)()
        except (NucleusError, OSError) as error:
            self._report(error)

    def _show_log(self) -> None:
        job = self.controller.chosen()
        if job is None:
            return
        window = QPlainTextEdit(job.log() or "Nothing yet.", self)
        window.setWindowFlags(Qt.WindowType.Window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(f"Job {job.id}, {job.name}")
        window.setReadOnly(True)
        window.resize(800, 500)
        window.show()

    def _show_chosen(self) -> None:
        job = self.controller.chosen()
        self._chosen.setVisible(job is not None)
        self.curves.show_table(self.controller.curves())
        self.results.show_job(self.state.row, None if job is None else job.run_folder)
        if self.samples.isChecked():
            self._show_samples()

    def _on_samples(self, on: bool) -> None:
        self._preview_stamp = None
        if on:
            self._show_samples()
        else:
            self._preview.clear()

    def _show_samples(self) -> None:
        job = self.controller.chosen()
        try:
            stamp = None if job is None else (job.id, (job.run_folder / "preview.npz").stat().st_mtime_ns)
        except OSError:
            stamp = None
        if stamp is None or stamp == self._preview_stamp:
            return
        self._preview_stamp = stamp
        maps = self.controller.preview()
        if maps:
            self._preview.show(maps)

    def _on_review(self, result: RelabelResult) -> None:
        """Hear the relabelled nuclei in the court of the panel that corrects."""
        from napari_nucleus.gui.correct import CorrectPanel

        _, panel = self._viewer.window.add_plugin_dock_widget("napari-nucleus", "Correct nuclei")
        assert isinstance(panel, CorrectPanel)
        panel.hear(result.run)

    def _report(self, error: Exception) -> None:
        self.state.message = str(error)
        report(error)
