import numpy as np
import pytest

from napari_nucleus.app.correct import UNKNOWN
from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.project.scheme_edits import merged

ALL = np.ones((6, 6), bool)


def disc(y, x, r):
    v, u = np.mgrid[-r : r + 1, -r : r + 1]
    return (y - r, x - r, y + r + 1, x + r + 1), u**2 + v**2 <= r**2


def test_nuclei_side_by_side_become_one_with_the_class_of_the_largest(bench, consistent):
    """7 and 14 touch; 14 is cut off by 7 and so the smaller."""
    kind, area = bench.rows[7].kind, bench.rows[7].area + bench.rows[14].area
    together = np.isin(bench.labels, (7, 14))
    p = np.array([bench.rows[label].probabilities for label in (7, 14)])
    share = np.array([bench.rows[label].area for label in (7, 14)]) / area

    change = bench.merge([14, 7])

    assert set(change.labels) == {7, 14}
    assert 14 not in bench.rows
    assert (bench.labels[together] == 7).all()
    assert bench.rows[7].area >= area
    assert bench.rows[7].kind == kind
    assert bench.rows[7].probabilities == pytest.approx((share[:, None] * p).sum(0))
    consistent(bench)
    with pytest.raises(NucleusError, match="too far apart"):
        bench.merge([7, 21])
    with pytest.raises(NucleusError, match="two nuclei or more"):
        bench.merge([7])


def test_a_line_parts_a_nucleus_and_a_waist_does_too(bench, consistent):
    bench.merge([7, 14])
    both = bench.labels == 7
    bench.split(7)

    parts = np.unique(bench.labels[both]).tolist()
    assert len(parts) == 2
    assert 7 in parts
    assert all(bench.rows[label].area > 100 for label in parts)
    assert bench.rows[parts[1]].kind == bench.rows[7].kind
    columns = [bench.rows[label].x for label in parts]
    assert sorted(columns) == pytest.approx([20, 37], abs=1.5)
    consistent(bench)

    bench.split(21, [[230, 255], [270, 255.0]])
    halves = np.unique(bench.labels[240:260, 245:265])
    assert len(halves[halves > 0]) == 2
    consistent(bench)
    with pytest.raises(NucleusError, match="one without"):
        bench.split(28)
    with pytest.raises(NucleusError, match="doesn't part it"):
        bench.split(28, [[255, 400], [255, 402]])


def test_what_is_drawn_takes_background_alone(bench, consistent):
    taken = bench.labels > 0
    bench.draw(*disc(28, 28, 6), 3)

    label = bench.rows.columns["label"].max()
    assert (bench.rows.number(label), bench.rows[label].source, bench.rows[label].state) == (3, "human", "accepted")
    assert not taken[bench.labels == label].any()
    assert (bench.classes[bench.labels == label] == 3).all()
    consistent(bench)
    with pytest.raises(NucleusError, match="background to draw a nucleus on"):
        bench.draw((15, 15, 21, 21), ALL, 1)
    with pytest.raises(NucleusError, match="a stroke within the image"):
        bench.draw((-20, 0, -14, 6), ALL, 1)
    bench.draw((-3, 100, 3, 106), ALL, 0)
    assert (bench.classes[:3, 100:106] == UNKNOWN).all()
    consistent(bench)


def test_a_nucleus_is_extended_by_what_hangs_together_with_it(bench, consistent):
    area, others = bench.rows[28].area, bench.labels.copy()

    bench.extend(28, *disc(255, 408, 4))

    assert bench.rows[28].area > area
    assert (bench.labels[others > 0] == others[others > 0]).all()
    consistent(bench)
    with pytest.raises(NucleusError, match="background beside the nucleus"):
        bench.extend(28, *disc(200, 300, 3))


def test_what_is_erased_in_the_middle_leaves_two_nuclei_and_no_specks(bench, consistent):
    bench.erase((240, 253, 262, 257), np.ones((22, 4), bool))

    parts = np.unique(bench.labels[235:265, 240:270])
    assert len(parts[parts > 0]) == 2
    consistent(bench)
    bench.erase((85, 495, 120, 520), np.ones((35, 25), bool))
    assert 35 not in bench.rows
    consistent(bench)
    with pytest.raises(NucleusError, match="got background"):
        bench.erase((85, 495, 120, 520), np.ones((35, 25), bool))


def test_holes_are_filled_and_rims_are_smoothed(bench, consistent):
    whole = bench.labels == 28
    bench.erase((254, 399, 257, 402), np.ones((3, 3), bool))
    bench.fill_holes([28, 7])
    assert np.array_equal(bench.labels == 28, whole)

    bench.extend(28, (254, 405, 255, 420), np.ones((1, 15), bool))
    bench.smooth(28)
    assert not (bench.labels[:, 412:] == 28).any()
    assert (bench.labels[whole] == 28).mean() > 0.9
    consistent(bench)
    with pytest.raises(NucleusError, match="nothing that would change"):
        bench.fill_holes(28)


@pytest.fixture
def maps(bench):
    """As of a network that sees all nuclei, and one more at (150, 150) that wasn't taken."""
    y, x = np.mgrid[:300, :520]
    labels = bench.labels.copy()
    labels[(y - 150) ** 2 + (x - 150) ** 2 <= 81] = 99
    hv, np_prob = np.zeros((2, 300, 520), np.float32), np.zeros((300, 520), np.float32)
    for label in np.unique(labels[labels > 0]):
        mine = labels == label
        np_prob[mine] = 0.4 if label == 99 else 0.9
        for plane, v in enumerate((x, y)):
            hv[plane][mine] = (v[mine] - v[mine].mean()) / np.abs(v[mine] - v[mine].mean()).max()
    types = np.zeros((5, 300, 520), np.float32)
    types[0], types[2] = labels == 0, labels > 0
    return HoverMaps(np_prob, hv, types, mpp=0.25)


def test_a_missed_nucleus_is_proposed_by_a_click_and_grows_and_shrinks(bench, maps, consistent):
    y, x = np.mgrid[:300, :520]
    missed = (y - 150) ** 2 + (x - 150) ** 2 <= 81

    proposal = bench.propose(152, 147, maps)

    mask = np.zeros_like(missed)
    mask[proposal.box[0] : proposal.box[2], proposal.box[1] : proposal.box[3]] = proposal.pixels
    assert (mask & missed).sum() / (mask | missed).sum() > 0.9
    assert proposal.number == 2
    assert proposal.grow().pixels.sum() > proposal.pixels.sum() > proposal.shrink().pixels.sum()
    largest = proposal
    for _ in range(50):
        largest = largest.grow()
    assert largest.grow().pixels.sum() == largest.pixels.sum()
    assert bench.project.journal().empty

    bench.add(proposal)
    label = bench.label_at(150, 150)
    assert bench.rows.number(label) == 2
    assert bench.rows[label].probabilities == pytest.approx((0, 1, 0, 0))
    consistent(bench)
    with pytest.raises(NucleusError, match="a place without nucleus"):
        bench.propose(150, 150, maps)


def test_where_the_network_saw_nothing_a_small_disc_is_proposed(bench, maps):
    proposal = bench.propose(0, 200, HoverMaps(maps.np_prob * 0, maps.hv * 0, None, mpp=0.25))

    assert proposal.number == 0
    assert proposal.box[0] == 0
    assert 100 < proposal.pixels.sum() < 250
    with pytest.raises(NucleusError, match="maps of the image's size"):
        bench.propose(0, 200, HoverMaps(maps.np_prob[:50], maps.hv[:, :50], None, mpp=0.25))


def test_surgery_paints_np_and_lets_the_watershed_decide(bench, maps, consistent):
    others = np.where(np.isin(bench.labels, (7, 14)), 0, bench.labels)
    bench.merge([7, 14])

    bench.repaint((17, 26, 23, 32), ALL, True, maps)

    assert len(np.unique(bench.labels[10:30, 10:50])) == 3
    assert bench.label_at(20, 20) == 7
    assert (bench.labels[others > 0] == others[others > 0]).all()
    consistent(bench)

    bench.repaint((232, 253, 268, 257), np.ones((36, 4), bool), False, maps)
    assert len(np.unique(bench.labels[240:262, 245:265])) == 3
    consistent(bench)

    bench.repaint(*disc(150, 150, 8), True, maps)
    assert bench.rows.number(bench.label_at(150, 150)) == 2
    consistent(bench)
    with pytest.raises(NucleusError, match="a nucleus under the stroke"):
        bench.repaint(*disc(60, 300, 3), False, maps)


def test_maps_of_other_classes_give_no_class(bench, maps):
    bench.edit_scheme(merged(bench.project.classes, "other", "epithelial"))

    assert bench.propose(150, 150, maps).number == 0
    bench.repaint(*disc(150, 150, 8), True, maps)
    assert bench.rows.number(bench.label_at(150, 150)) == 0


def test_a_change_of_classes_redraws_and_can_be_taken_back(bench, consistent):
    before = bench.classes.copy()
    seen = []
    bench.changed.connect(seen.append)

    bench.edit_scheme(merged(bench.project.classes, "spindle-shaped", "other"))

    assert np.array_equal(bench.classes, np.where(before == 4, 1, before))
    assert seen[0].box == (0, 0, 300, 520)
    consistent(bench)
    bench.undo()
    assert np.array_equal(bench.classes, before)
    consistent(bench)
