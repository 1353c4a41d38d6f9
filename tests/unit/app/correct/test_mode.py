from napari_nucleus.app.correct.mode import ReviewMode, Tool


def test_what_was_pointed_at_last_counts_else_what_the_queue_shows():
    mode = ReviewMode()
    assert mode.targets == ()
    mode.visit(5)
    assert mode.target == 5
    mode.point(7, (1, 1))
    assert mode.target == 7
    mode.point(0, (2, 2))
    assert mode.target == 7
    mode.visit(9)
    assert mode.target == 9


def test_chosen_nuclei_count_before_all():
    mode = ReviewMode()
    mode.point(7, (1, 1))
    mode.choose([4, 3])
    assert mode.targets == (3, 4)
    mode.forget([3, 7])
    assert mode.targets == (4,)
    mode.choose([])
    assert mode.targets == ()


def test_tools_follow_the_pointer():
    mode = ReviewMode()
    heard = []
    mode.events.trace.connect(heard.append)
    mode.take(Tool.CUT, (1, 1))
    for place in ((2, 2), (3, 5)):
        mode.point(0, place)
    assert mode.trace == ((1, 1), (3, 5))
    mode.take(Tool.LASSO, (0, 0))
    for place in ((2, 2), (3, 5)):
        mode.point(0, place)
    assert mode.trace == ((0, 0), (2, 2), (3, 5))
    mode.put_down()
    mode.point(0, (9, 9))
    assert mode.trace == ()
    assert mode.tool is None
    assert heard
