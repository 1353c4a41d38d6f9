from napari_nucleus.core import Progress, drain


def test_drain_gives_the_result():
    def work():
        yield Progress(1, 2)
        yield Progress(2, 2)
        return 42

    assert drain(work()) == 42
