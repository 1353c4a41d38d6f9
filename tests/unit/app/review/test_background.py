"""Lessons in a thread."""

from threading import Event

import numpy as np

from napari_nucleus.app.review import BackgroundLearner, Learner


class Slow(Learner):
    """Waits until it is let go."""

    def __init__(self, *args):
        super().__init__(*args)
        self.begun, self.go = Event(), Event()

    def fit(self, rows, classes):
        self.begun.set()
        assert self.go.wait(30)
        return super().fit(rows, classes)


def lessons(tissue, kind=Slow):
    items, features, truth = tissue
    learner = kind(items, features)
    background, heard = BackgroundLearner(learner), []
    background.learned.connect(heard.append)
    return learner, background, heard, truth


def test_of_the_lessons_that_wait_the_newest_is_taken(tissue):
    learner, background, heard, truth = lessons(tissue)
    for taught in (5, 10, 15, 20):
        background.ask(np.arange(taught), truth[:taught])
        assert learner.begun.wait(30)
    assert background.busy
    learner.go.set()
    assert background.wait(30)
    assert [learned.taught for learned in heard] == [5, 20]


def test_a_lesson_is_about_the_corrections_of_its_moment(tissue):
    learner, background, heard, truth = lessons(tissue)
    classes = truth[:10].copy()
    background.ask(np.arange(10), classes)
    classes[:] = 1
    learner.go.set()
    background.wait(30)
    expected = Learner(*tissue[:2]).fit(np.arange(10), truth[:10])
    np.testing.assert_array_equal(heard[0].probabilities, expected.probabilities)


def test_closed_it_tells_nobody(tissue):
    learner, background, heard, truth = lessons(tissue)
    background.ask(np.arange(5), truth[:5])
    assert learner.begun.wait(30)
    background.ask(np.arange(6), truth[:6])
    background.close()
    learner.go.set()
    assert background.wait(30)
    assert heard == []


def test_what_goes_wrong_is_told_in_one_line(tissue):
    class Broken(Learner):
        def fit(self, rows, classes):
            raise MemoryError

    _, background, heard, truth = lessons(tissue, Broken)
    told = []
    background.failed.connect(told.append)
    background.ask(np.arange(5), truth[:5])
    assert background.wait(30)
    assert heard == []
    assert len(told) == 1
    assert "Close images" in told[0]
    background.ask(np.arange(5), truth[:5])  # it goes on
    assert background.wait(30)
