import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_nucleus.core import NucleusError
from napari_nucleus.jobs.record import STATES, Record, obeyed, wished

WISHES = ("run", "pause", "cancel")


@pytest.mark.parametrize(
    ("state", "wish", "becomes"),
    [
        ("queued", "pause", "paused"),
        ("queued", "cancel", "cancelled"),
        ("queued", "run", "queued"),
        ("running", "pause", "running"),
        ("running", "cancel", "running"),
        ("running", "run", "running"),
        ("paused", "run", "queued"),
        ("paused", "cancel", "cancelled"),
        ("paused", "pause", "paused"),
        ("failed", "run", "queued"),
        ("cancelled", "run", "queued"),
        ("cancelled", "cancel", "cancelled"),
    ],
)
def test_what_becomes_of_a_job_that_is_asked(state, wish, becomes):
    assert wished(Record(state), wish, 1.0).state == becomes


@pytest.mark.parametrize(
    ("state", "wish"),
    [
        ("done", "run"),
        ("done", "pause"),
        ("done", "cancel"),
        ("failed", "pause"),
        ("failed", "cancel"),
        ("cancelled", "pause"),
    ],
)
def test_what_cannot_be_asked_of_it(state, wish):
    with pytest.raises(NucleusError, match=f"got one that is {state}"):
        wished(Record(state), wish, 1.0)


@given(st.sampled_from(STATES), st.lists(st.sampled_from((*WISHES, "obey"))))
def test_only_a_process_makes_a_job_run_and_end(state, asked):
    """Whatever is asked in whatever order: nobody's wish starts a job, ends one well, or lets one fail."""
    record, wish = Record(state), "run"
    for now, word in enumerate(asked, 1):
        before = record
        if word == "obey":
            if record.state == "running" and wish != "run":
                record = obeyed(record, wish, now)
                assert record.state == {"pause": "paused", "cancel": "cancelled"}[wish]
            continue
        try:
            record = wished(record, word, now)
        except NucleusError:
            assert record == before
            continue
        wish = word
        assert record.state == before.state or record.state in ("queued", "paused", "cancelled")
        assert (record.state == "running") == (before.state == "running")
        if record.state == "queued" != before.state:
            assert record.queued == now  # behind those that wait already


def test_a_job_that_is_to_go_on_after_all_is_queued():
    assert obeyed(Record("running"), "run", 5.0) == Record("queued", queued=5.0)


def test_what_is_written_is_read():
    record = Record("failed", "why", 1.0, 2.0, 3.0, "here", 4, 5.0, "/", 2, "/runs/a", "a")
    assert Record.from_dict(record.as_dict() | {"from_a_later_version": 1}) == record
    with pytest.raises(NucleusError, match="'asleep'"):
        Record.from_dict({"state": "asleep"})
