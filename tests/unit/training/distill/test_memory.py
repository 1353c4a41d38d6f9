import torch

from napari_nucleus.training.distill.memory import PeakMemory

MB = 1 << 20


def megabyte():
    return torch.zeros(MB // 4)


def test_what_is_gone_does_not_count():
    with PeakMemory() as peak:
        for _ in range(5):
            megabyte()
    assert MB <= peak.bytes <= 2 * MB


def test_what_stays_adds_up_and_views_do_not():
    with PeakMemory() as peak:
        kept = [megabyte() for _ in range(3)]
        views = [k.view(2, -1)[0] for k in kept]
    assert peak.bytes == 3 * MB
    assert len(views) == 3
