"""The report: whole in itself, safe with strangers' names, complete with full contents and honest with few."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from selflearn.errors import DataError
from selflearn.evaluation import Scorecard
from selflearn.serving.report import NAMES, ReportContents, render_report, write_report

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, ids, scripts and text, and holds that every tag is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.scripts, self.seen = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.seen.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.seen).split())

    @property
    def ids(self):
        return {attributes["id"] for _, attributes in self.tags if "id" in attributes}


def full(count=60, **changes):
    draw = np.random.default_rng(0)
    labels = np.arange(count) % 3
    card = Scorecard()
    for measure in ("knn", "4 labels a class", "rankme", "my own measure"):
        for features, value in (("encoder", 0.9), ("raw", 0.8), ("pca", 0.75), ("untrained", 0.7)):
            card.add(features, measure, [value - 0.01, value, value + 0.01])
    metrics = [
        {"stage": stage, "step": step, "seconds": 0.1 * step, "lr": 0.1, "total": 3.0 / step, "on": 1 / step, "off": 2 / step}
        | {"grad_norm": 1.0, "deviation": 0.9, "rank": 9.0 + step}
        for stage in (0, 1)
        for step in range(1, 20)
    ]
    given = {
        "title": "holiday photos",
        "verdict": {"kind": "learned", "reason": "It is better.", "remedy": "Nothing to do."},
        "created": "today",
        "facts": {"Data": "60 samples", "Budget": "20 s"},
        "scorecard": card,
        "metrics": metrics,
        "embeddings": np.eye(8)[labels] + 0.1 * draw.normal(size=(count, 8)),
        "ids": [f"photo {row}.jpg" for row in range(count)],
        "labels": labels,
        "classes": ["cat", "dog", "owl"],
        "pictures": {row: Image.new("RGB", (16, 12), (row, 99, 9)) for row in range(count)},
        "views": [[Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "red")]],
        "view_names": ["sample", "first view"],
        "skipped": [("broken.jpg", "it ends too early")],
        "notes": ["2 pictures are turned."],
        "settings": {"recipe": {"fit": "BarlowTwins"}},
        "environment": {"python": "3.11"},
        "usage": [("Embed", "selflearn embed RUN DATA")],
    }
    return ReportContents(**{**given, **changes})


@pytest.fixture(scope="module")
def page():
    return render_report(full())


def test_every_section_is_there_and_linked(page):
    parsed = Page(page)
    sections = set(NAMES) - {"ladder"}  # of a tuned run alone
    assert {*sections, "verdict", "facts"} <= parsed.ids
    links = {attributes["href"] for tag, attributes in parsed.tags if tag == "a"}
    assert {f"#{anchor}" for anchor in sections} <= links
    for said in (
        "It learned.",
        "It is better.",
        "Nothing to do.",
        "holiday photos",
        "90.0 %",
        "my own measure",
        "Effective rank",
        "Learning rate",
        "cat",
        "first view",
        "broken.jpg",
        "it ends too early",
        "2 pictures are turned.",
        "fit: BarlowTwins",
        "selflearn embed RUN DATA",
    ):
        assert said in parsed.text


def test_the_verdict_comes_first(page):
    text = Page(page).text
    order = ["It learned.", "60 samples", "Scorecard Every", "Map of the embeddings", "Skipped and noted", "Use the encoder"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in Page(page).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "xlink:href", "action", "poster"):
            assert re.match(r"data:image/|#", attributes.get(name) or "#"), (tag, attributes)
    assert "url(http" not in page
    assert "@import" not in page
    assert not re.search(r"""["'(]\s*(?:https?:)?//(?!www\.w3\.org/2000/svg)""", page)


def test_only_the_pages_own_script_may_run(page):
    parsed = Page(page)
    policy = next(
        attributes["content"] for tag, attributes in parsed.tags if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    digest = base64.b64encode(hashlib.sha256(parsed.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)


def test_names_of_strangers_are_shown_and_never_run():
    contents = full(
        title=EVIL,
        verdict={"kind": "learned", "reason": EVIL, "remedy": EVIL},
        created=EVIL,
        ids=[EVIL + str(row) for row in range(60)],
        classes=[EVIL, EVIL + "b", "c"],
        facts={EVIL: EVIL},
        notes=[EVIL],
        skipped=[(EVIL, EVIL)],
        settings={EVIL: EVIL},
        usage=[(EVIL, EVIL)],
        view_names=[EVIL],
    )
    contents.scorecard = Scorecard()
    for features in ("encoder", EVIL, "pca", "untrained"):
        contents.scorecard.add(features, EVIL, [0.5, 0.6, 0.7])
    contents.metrics = [{**row, EVIL: 1.0} for row in contents.metrics]
    page = render_report(contents)
    clean = Page(render_report(full()))
    parsed = Page(page)
    count = {tag: sum(1 for each, _ in parsed.tags if each == tag) for tag in ("script", "img")}
    assert count == {tag: sum(1 for each, _ in clean.tags if each == tag) for tag in ("script", "img")}
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert EVIL.replace("\n", " ") in parsed.text
    data = json.loads(next(text for text in parsed.scripts if text.lstrip().startswith("{")))
    assert data["ids"][0].startswith(EVIL)


@pytest.mark.parametrize("kind", ["learned", "did not learn", "collapsed", "diverged"])
def test_with_nothing_but_a_verdict(kind):
    parsed = Page(render_report(ReportContents("data", {"kind": kind, "reason": "Because.", "remedy": ""})))
    assert f"It {kind}." in parsed.text
    assert "Nothing was skipped" in parsed.text
    assert not parsed.ids & {"scorecard", "training", "map", "neighbours", "spectrum", "views", "settings", "use"}


def test_without_labels_the_colours_are_clusters():
    text = Page(render_report(full(labels=None, classes=()))).text
    assert "k-means clusters" in text
    assert "cluster 1" in text
    assert "mean similarity" in text


def test_without_pictures_neighbours_are_named():
    page = render_report(full(pictures=None))
    assert 'id="map-sheet"' not in page
    assert "photo 3.jpg" in Page(page).text


def test_only_samples_with_a_picture_are_shown():
    contents = full()
    contents.pictures = {row: contents.pictures[row] for row in range(0, 60, 2)}
    data = json.loads(next(text for text in Page(render_report(contents)).scripts if text.lstrip().startswith("{")))
    assert data["ids"] == [f"photo {row}.jpg" for row in range(0, 60, 2)]


def test_many_classes_and_unknown_labels_have_groups_of_their_own():
    labels = np.arange(120) % 40 - 1
    contents = full(120, labels=labels, classes=[f"kind {number}" for number in range(39)])
    text = Page(render_report(contents)).text
    assert "no label" in text
    assert "10 other classes" in text


def test_collapsed_embeddings_still_give_a_page():
    Page(render_report(full(embeddings=np.ones((60, 8)))))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_samples(count):
    Page(render_report(full(count, labels=None)))


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="60"):
        render_report(full(ids=["one"]))


def test_the_same_contents_give_the_same_page(page):
    assert render_report(full()) == page


def test_writing_leaves_one_file(tmp_path):
    path = write_report(full(), tmp_path / "new" / "report.html")
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    assert path.stat().st_size < 300_000
    Page(path.read_text(encoding="utf-8"))


def test_long_lists_of_skipped_files_are_counted():
    text = Page(render_report(full(skipped=[(f"file {number}", "why") for number in range(1234)]))).text
    assert "1,234 skipped" in text
    assert "and 1,034 more" in text
