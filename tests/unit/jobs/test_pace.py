import pytest

from napari_nucleus.core import Progress
from napari_nucleus.jobs.folder import JobFolder
from napari_nucleus.jobs.pace import Pace


@pytest.fixture
def told(tmp_path):
    """A pace that is told of steps, and what is on disk of it after the last."""
    folder = JobFolder(tmp_path)
    pace = Pace(folder)

    def tell(*steps):
        for step in steps:
            pace.step(step)
        pace.last()
        return folder.progress()

    return tell


def test_the_last_step_is_never_left_out(told):
    last = Progress(50, 60, "training", {"loss": 0.5})
    assert told(*(Progress(i, 60, "training", {"loss": 1.0}) for i in range(50)), last)[0] == last


def test_time_left_is_of_this_start_and_without_reading(told):
    assert told(Progress(0, 2, "reading"), Progress(100, 200, "training"))[1] is None
    left = told(Progress(150, 200, "training"))[1]
    assert 0 < left < 60
    assert told(Progress(200, 200, "training"))[1] == 0


def test_validations_are_in_the_log(told, capsys):
    told(*(Progress(i, 9, "training", {"loss": 1.0}) for i in range(1, 8)), Progress(8, 9, "training", {"val_pq": 0.5}))
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1/9", "8/9"]
