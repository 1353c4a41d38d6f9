"""The panel *Correct nuclei*: parts put together, and long work sent to threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari.viewer
from qtpy.QtCore import QEvent, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QLabel, QTabWidget, QVBoxLayout, QWidget
from superqt.utils import create_worker

from napari_nucleus.app.correct import Change
from napari_nucleus.app.correct.controller import CorrectController
from napari_nucleus.app.correct.counts import Wanted, class_counts, imbalance, matching, work_done
from napari_nucleus.app.correct.following import Following
from napari_nucleus.app.correct.keys import Action, Command
from napari_nucleus.app.correct.reviewer import Reviewer
from napari_nucleus.app.correct.sight import look
from napari_nucleus.core import Image, NucleusError
from napari_nucleus.gui.correct.canvas import CorrectCanvas
from napari_nucleus.gui.correct.counts_view import CountsView
from napari_nucleus.gui.correct.court_view import CourtView
from napari_nucleus.gui.correct.keys_view import KeysView
from napari_nucleus.gui.correct.opening import ProjectImage, layers_for, nuclei_layers
from napari_nucleus.gui.correct.player import Player
from napari_nucleus.gui.correct.project_bar import ProjectBar
from napari_nucleus.gui.correct.review_view import ReviewView
from napari_nucleus.gui.correct.scheme_view import SchemeView
from napari_nucleus.gui.layers.place import placement
from napari_nucleus.gui.report import report
from napari_nucleus.gui.segment.column import Column
from napari_nucleus.project import SchemeEdit


class CorrectPanel(QWidget):
    """Correct nuclei by keys, the most doubtful first; every correction is on the disk at once.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    controller : CorrectController, optional
        What opens projects; made here by default.
    looks : bool
        The model looks at each image that is opened, to learn from corrections and to propose missed nuclei.
    """

    _learned, _failed = Signal(object), Signal(str)  # from the learner's thread to the panel's

    def __init__(
        self, viewer: napari.viewer.Viewer, controller: CorrectController | None = None, *, looks: bool = True
    ) -> None:
        super().__init__()
        self._viewer, self._looks = viewer, looks
        self.controller = CorrectController() if controller is None else controller
        self.state = self.controller.state
        self.canvas: CorrectCanvas | None = None
        self.bar, self.message, self.tabs = ProjectBar(self.state), QLabel(), QTabWidget()
        self.review, self.keys = ReviewView(), KeysView()
        self.court, self.counts = CourtView(lambda: self.state.annotator), CountsView()
        self.classes, self.player = SchemeView(), Player(viewer, self)
        self._image = ProjectImage(viewer)
        self._worker: Any = None
        self._lay_out()
        self._connect()
        self.review.set_reviewer(None)

    def open_project(self, folder: str | Path) -> None:
        """Open a project and its first image."""
        if self._try(lambda: self.controller.open(folder)) and self.state.images:
            self.open_image(self.state.images[0].id)

    def open_image(self, number: int) -> None:
        """Open an image of the project."""
        self.state.message = ""
        self._try(lambda: self.controller.choose(number))
        self.bar.show_image(number)

    def make_project(self, folder: str | Path) -> None:
        """Begin a project with the image and the nuclei of the viewer's layers."""
        self._try(lambda: self._make(folder))

    def add_layers(self) -> None:
        """Add the image and the nuclei of the viewer's layers to the project, and open it."""
        self._try(self._add)

    def hear(self, run: Path) -> None:
        """Open the court on a run of cross-relabelling."""
        self.tabs.setCurrentWidget(self.court)
        self._try(lambda: self.court.open(run))

    def event(self, event: QEvent | None) -> bool:
        """Close the project when the panel is taken out of the window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.controller.close()
        return super().event(event)

    def _lay_out(self) -> None:
        self.message.setWordWrap(True)
        self.message.hide()
        for title, widget in (
            ("Review", self.review),
            ("Court", self.court),
            ("Counts", self.counts),
            ("Classes", self.classes),
            ("Keys", self.keys),
        ):
            self.tabs.addTab(widget, title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Column(self.bar, self.message, self.tabs))

    def _connect(self) -> None:
        self.bar.open.clicked.connect(lambda: self._ask_folder("Project", self.open_project))
        self.bar.make.clicked.connect(lambda: self._ask_folder("New project", self.make_project))
        self.bar.add.clicked.connect(self.add_layers)
        self.bar.chosen.connect(self.open_image)
        self.controller.opened.connect(self._on_opened)
        self.controller.followed.connect(self._on_followed)
        self.state.events.message.connect(self._on_message)
        self.state.events.looking.connect(lambda text: self.review.queue.lesson.setText(text))
        self.state.events.learning.connect(lambda text: self.review.queue.lesson.setText(text))
        self.review.switch.clicked.connect(self._focus)
        self.review.classes.clicked.connect(lambda number: self._act(number))
        self.review.nucleus.commented.connect(self._on_comment)
        self.review.nucleus.comment.returnPressed.connect(self._focus)
        queue = self.review.queue
        queue.next.clicked.connect(lambda: self._act(Action.NEXT))
        queue.previous.clicked.connect(lambda: self._act(Action.PREVIOUS))
        queue.follows.toggled.connect(self._on_follows)
        queue.region_wanted.connect(self._on_region)
        self.counts.wanted.connect(self._on_wanted)
        self.counts.replay_wanted.connect(self._on_replay)
        self.player.played.connect(self.counts.played.setText)
        self._learned.connect(self.controller.take_lesson)
        self._failed.connect(self._on_message)
        self.keys.rebound.connect(self._on_rebound)
        self.state.events.annotator.connect(self._on_annotator)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self.classes.edited.connect(self._on_scheme_edit)
        queue.fine_tune_wanted.connect(self._on_fine_tune)
        self.tabs.currentChanged.connect(lambda _tab: self._show_counts())

    def _make(self, folder: str | Path) -> None:
        image, labels = nuclei_layers(self._viewer)
        self.controller.create(folder, layers_for(image, labels)[2])
        self._add()

    def _add(self) -> None:
        image, labels = nuclei_layers(self._viewer)
        name, pixels, nuclei = layers_for(image, labels)
        number = self.controller.add(name, pixels, nuclei)
        labels.visible = False  # the project's own layer takes its place
        self._image.use(number, image, nuclei.mpp)
        self.open_image(number)

    def _on_opened(self, reviewer: Reviewer | None) -> None:
        self.counts.replay.setChecked(False)
        canvas, self.canvas = self.canvas, None
        if canvas is not None:
            canvas.close()
        if self._worker is not None:
            self._worker.quit()
            self._worker = None
        if reviewer is not None:
            image = self.controller.pixels()
            place = self._image.show(reviewer.bench, image)
            self.canvas = CorrectCanvas(self._viewer, reviewer, place, report, self)
            self._image.tidy(reviewer.bench.image)
            self._on_follows(self.review.queue.follows.isChecked())
            reviewer.asked.connect(self._on_asked)
            reviewer.bench.changed.connect(self._on_changed)
            if image is not None and self._looks and not self.controller.is_seen(reviewer.bench.image):
                self._look(reviewer, image)
        self.review.set_reviewer(reviewer)
        self._show_keys()
        self._show_counts()

    def _look(self, reviewer: Reviewer, image: Image) -> None:
        """Let the model look at the image, in a thread; keys work meanwhile."""
        nuclei = reviewer.bench.project.nuclei(reviewer.bench.image)
        self._worker = create_worker(
            look,
            image,
            nuclei,
            _connect={
                "yielded": lambda progress: self._on_progress(progress.message),
                "returned": lambda sight: self.controller.take_sight(reviewer, sight),
                "errored": self._report,
            },
        )

    def _on_progress(self, message: str) -> None:
        self.state.looking = f"The model looks at the image: {message} …"

    def _on_followed(self, following: Following) -> None:
        reviewer = self.controller.reviewer
        self.review.queue.set_following(following, None if reviewer is None else reviewer.bench.project.scheme)
        session = following.session
        session.lesson_due.connect(session.learn_in_background)
        session.background.learned.connect(self._learned.emit)
        session.background.failed.connect(self._failed.emit)

    def _on_asked(self, action: str) -> None:
        if action == Action.HELP:
            self.tabs.setCurrentWidget(self.keys)
        elif action == Action.COMMENT:
            self.tabs.setCurrentWidget(self.review)
            self.review.nucleus.comment.setFocus()

    def _on_comment(self, label: int, text: str) -> None:
        reviewer = self.controller.reviewer
        if reviewer is not None:
            self._try(lambda: reviewer.bench.comment(label, text))

    def _on_follows(self, on: bool) -> None:
        if self.canvas is not None:
            self.canvas.follows = on

    def _on_region(self) -> None:
        if self.canvas is not None:
            self.review.queue.restrict(self.canvas.region())

    def _on_wanted(self, wanted: Wanted) -> None:
        reviewer = self.controller.reviewer
        if reviewer is not None:
            reviewer.mode.choose(matching(reviewer.bench, wanted))
            self.state.message = f"{len(reviewer.mode.chosen):,} nuclei chosen; Esc lets them go."

    def _on_replay(self, on: bool) -> None:
        reviewer, canvas = self.controller.reviewer, self.canvas
        self.player.stop()
        if canvas is not None:
            canvas.layer.visible = not on
        if on and reviewer is not None and canvas is not None:
            place = placement(canvas.layer)
            self._try(lambda: self.player.start(reviewer.bench.project, reviewer.bench.image, place))

    def _on_changed(self, change: Change) -> None:
        """Where the classes themselves have changed, colours and keys have: show all anew."""
        reviewer = self.controller.reviewer
        if not change.labels and reviewer is not None:
            on = reviewer.mode.on
            QTimer.singleShot(0, lambda: self._open_again(reviewer.bench.image, on))

    def _open_again(self, image: int, on: bool) -> None:
        self.open_image(image)
        if self.controller.reviewer is not None:
            self.controller.reviewer.mode.on = on

    def _on_annotator(self) -> None:
        """Somebody else goes on: what comes is theirs."""
        reviewer = self.controller.reviewer
        if reviewer is not None and self.state.annotator:
            self._open_again(reviewer.bench.image, reviewer.mode.on)

    def _on_removed(self, event: Any) -> None:
        if self.canvas is not None and event.value.unique_id == self.canvas.layer.unique_id:
            self.controller.close_image()
            self.state.message = "The layer of the classes was removed. Choose the image again to go on."

    def _on_scheme_edit(self, edit: SchemeEdit) -> None:
        reviewer = self.controller.reviewer
        if reviewer is not None:
            self._try(lambda: reviewer.bench.edit_scheme(edit))

    def _on_fine_tune(self) -> None:
        """Open the panel that trains, with this project as its data."""
        from napari_nucleus.gui.train import TrainPanel

        _, panel = self._viewer.window.add_plugin_dock_widget("napari-nucleus", "Train")
        assert isinstance(panel, TrainPanel)
        tab = panel.fine_tune
        tab.source.setCurrentIndex(tab.source.findData("folder"))
        tab.folder.set(self.state.folder)

    def _on_rebound(self, command: Command, key: str) -> None:
        self._try(lambda: self.controller.rebind(command, key))
        self._show_keys()
        self.review.show_keys()

    def _act(self, command: Command) -> None:
        reviewer = self.controller.reviewer
        if reviewer is not None:
            self._try(lambda: reviewer.act(command))
        self._focus()

    def _focus(self) -> None:
        """Give the canvas the keys."""
        if self.canvas is not None:
            self.canvas.focus()

    def _show_keys(self) -> None:
        reviewer = self.controller.reviewer
        if reviewer is not None:
            self.keys.show_keys(reviewer.keys, reviewer.bench.project.scheme)
            self.court.set_keys(reviewer.keys)
            project = reviewer.bench.project
            self.classes.show_classes(project.classes, project.scheme)

    def _show_counts(self) -> None:
        reviewer = self.controller.reviewer
        if reviewer is None or self.tabs.currentWidget() is not self.counts:
            return
        project = reviewer.bench.project
        counts = class_counts(reviewer.bench)
        self.counts.show_counts(counts, work_done(project.journal()), imbalance(counts, project.scheme), project.scheme)

    def _ask_folder(self, title: str, then: Any) -> None:
        folder = QFileDialog.getExistingDirectory(self, title)
        if folder:
            then(folder)

    def _try(self, what: Callable[[], Any]) -> bool:
        """Whether it could be done; what can't be is told."""
        try:
            what()
        except NucleusError as error:
            self._report(error)
            return False
        return True

    def _on_message(self, message: str) -> None:
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def _report(self, error: Exception) -> None:
        self.state.message = str(error)
        report(error)
