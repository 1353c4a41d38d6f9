import re
from base64 import b64decode
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.evaluation import Case
from napari_nucleus.evaluation.report import write_report
from napari_nucleus.evaluation.report.pictures import EXTRA, FOUND, MISSED, picture
from napari_nucleus.evaluation.run import findings_steps


class Page(HTMLParser):
    """Text of a page, the values of its links, and whether its tags close in order."""

    def __init__(self, source):
        super().__init__()
        self.text, self.links, self.open = "", [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def drain(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def folders(tmp_path, random_case):
    """Truth, prediction and another prediction of four images, one of them with a picture."""
    for seed, name in enumerate(("a", "b", "c", "<d>&")):
        case = random_case(seed)
        for side, nuclei in (("truth", case.truth), ("pred", case.prediction), ("other", case.truth)):
            (tmp_path / side).mkdir(exist_ok=True)
            np.savez_compressed(tmp_path / side / name, inst=nuclei.labels, type=nuclei.type_map())
    Picture.new("RGB", (400, 300), "pink").save(tmp_path / "truth" / "a.png")
    return tmp_path


def page(folders, tmp_path, *others, **options):
    findings, cases = drain(findings_steps(folders / "pred", folders / "truth", *others, bootstrap=50, **options))
    write_report(tmp_path / "r.html", findings, cases, worst=2)
    source = (tmp_path / "r.html").read_text(encoding="utf-8")
    read = Page(source)
    assert read.open == []
    return source, read, findings


def test_one_page_that_needs_nothing_else(folders, tmp_path):
    source, read, findings = page(folders, tmp_path, classes="consep")
    assert all(link.startswith("data:image/") for link in read.links)
    assert not re.search(r"<script|url\(|@import", source)
    assert len(source) < 2e6
    assert f"{findings.evaluation.value('pq'):.3f}" in read.text
    for part in ("epithelial", "95\xa0%\xa0interval", "The worst images", "missed", "<d>&"):
        assert part in read.text
    assert "<d>" not in source
    assert sum(link.startswith("data:image/jpeg") for link in read.links) == 2


def test_a_comparison(folders, tmp_path):
    _, read, _ = page(folders, tmp_path, folders / "other", classes="consep")
    assert "PQ of other is higher than that of pred" in " ".join(read.text.split())
    assert "Differences by class" in read.text


def test_a_single_image_without_classes(tmp_path, random_case):
    case = random_case(0)
    for side, nuclei in (("truth", case.truth), ("pred", case.prediction)):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", nuclei.labels)
    _, read, findings = page(tmp_path, tmp_path)
    assert "whatever their class" in read.text
    assert "By class" not in read.text
    assert any("only image" in note for note in findings.notes)


def test_nothing_to_show_is_no_error(tmp_path):
    for side in ("truth", "pred"):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", np.zeros((20, 30), int))
    _, read, _ = page(tmp_path, tmp_path)
    assert "The worst images" not in read.text


def test_what_cannot_be_written_leaves_nothing(folders, tmp_path):
    findings, cases = drain(findings_steps(folders / "pred", folders / "truth", bootstrap=0))
    with pytest.raises(NucleusError, match="place to write"):
        write_report(tmp_path / "none" / "r.html", findings, cases)


def _rgb(color):
    return np.array(list(bytes.fromhex(color[1:])))


def test_pictures_show_the_errors_in_their_colours(squares):
    truth = squares([(10, 10, 1), (600, 700, 2)], shape=(800, 900))
    prediction = squares([(10, 10, 1), (640, 730, 2)], shape=(800, 900))
    shown = picture(Case("a", truth, prediction), None)
    assert not shown.whole
    assert not shown.tissue
    assert shown.y <= 600 <= shown.y + shown.height
    drawn = cv2.imdecode(np.frombuffer(b64decode(shown.uri.split(",")[1]), np.uint8), 1)[..., ::-1]
    near = {color: (np.abs(drawn.astype(int) - _rgb(color)).sum(-1) < 120).any() for color in (FOUND, MISSED, EXTRA)}
    assert near == {FOUND: False, MISSED: True, EXTRA: True}


@pytest.mark.parametrize("shape", [(5, 7), (100, 2000), (384, 384), (390, 401)])
def test_pictures_of_any_size(shape):
    truth = NucleusMap.from_labels(np.ones(shape, int))
    prediction = NucleusMap.from_labels(np.zeros(shape, int))
    shown = picture(Case("a", truth, prediction), np.zeros((*shape, 3), np.uint8))
    assert (shown.height, shown.width) == (min(384, shape[0]), min(384, shape[1]))
    assert shown.tissue
