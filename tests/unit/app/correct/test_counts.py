from napari_nucleus.app.correct.counts import Wanted, class_counts, imbalance, matching, nuclei_by_class, work_done


def test_nuclei_are_found_by_where_they_come_from(bench):
    bench.set_class([7, 14], 3)
    bench.flag(21)
    assert matching(bench, Wanted(source="human")) == [7, 14]
    assert matching(bench, Wanted(state="flagged")) == [21]
    assert set(matching(bench, Wanted(source="human", number=1))) == set()
    assert len(matching(bench, Wanted())) == 6


def test_counts_follow_corrections(bench):
    bench.set_class([7, 14, 21, 28, 35], 3)
    bench.set_class(42, 0)
    counts = class_counts(bench)
    assert counts.loc["epithelial", ["nuclei", "human", "accepted"]].tolist() == [5, 5, 5]
    assert counts.loc["unknown", "nuclei"] == 1
    assert counts["nuclei"].sum() == 6
    assert nuclei_by_class(bench) == counts["nuclei"].to_dict()


def test_a_missing_class_is_told_of(bench):
    bench.set_class([7, 14, 21, 28, 35, 42], 3)
    scheme = bench.project.scheme
    assert "other (0)" in imbalance(class_counts(bench), scheme)
    bench.set_class([7], 1)
    bench.set_class([14], 2)
    bench.set_class([21], 4)
    assert imbalance(class_counts(bench), scheme) == ""


def test_work_is_counted_by_annotator(bench, project):
    assert work_done(project.journal()).empty
    bench.set_class(7, 3)
    bench.undo()
    work = work_done(project.journal())
    assert work.loc["ada", "corrections"] == 2
    assert work.loc["ada", "hours"] in (1, 2)


def test_the_last_word_on_a_nucleus(bench, project):
    assert project.last_line(1, 7) is None
    bench.set_class([7, 14], 3)
    bench.flag(14)
    bench.set_class(42, 1)
    assert project.last_line(1, 7).action == "set class"
    assert (project.last_line(1, 14).action, project.last_line(1, 14).annotator) == ("flag", "ada")
    bench.delete(7)
    assert project.last_line(1, 7).action == "delete"
