"""The report: one file that loads nothing, shows what was made, and lets no text from a film out of its place."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from restore.demo.film import DemoFilm, make_demo
from restore.film import Damage, Gate, Master, Score, Scorecard, Shot, Survey
from restore.media.index import Index
from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.detector import Transition
from restore.shots.table import tile
from restore.steps.report import damage_verdict, gates_verdict, light_verdict, report, score_row
from restore.steps.split import split
from restore.steps.stills import MOST, chosen, in_colour, master_index, stills

GATE = Gate("luma", True, "96 of 96 frames")


class Finished:
    """A run that was finished: the demo film's truth stands for the master."""

    def __init__(self, demo: DemoFilm, folder: Path) -> None:
        self.demo = demo
        self.survey, self.shots = split(probe(demo.gray), folder / "index.npz")
        self.master = Master(str(demo.truth), "ab" * 32, None, None, (GATE, Gate("sound", None, "no sound")))
        better, worse = Score("psnr", "higher", "dB", 31.25, 24.5), Score("lab_mse", "lower", "", 90.0, 80.0)
        by_shot = tuple((shot.number, (better,)) for shot in self.shots)
        self.scorecard = Scorecard("cd" * 32, str(demo.truth), self.survey.frames, (better, worse), by_shot)
        self.provenance: dict[str, Any] = {
            "source": {"file": "demo.mkv"},
            "statement": "Colours were made.",
            "luma_altered_by": [],
            "networks": [{"network": "duo", "title": "two frames", "licence": "Apache-2.0", "sha256": "ef" * 32,
                          "weights": "duo-1", "paper": "ours"}],
            "recipe": {"title": "Film"},
            "options": {"device": "cpu"},
            "outputs": [{"name": "demo.master.mkv", "sha256": "ab" * 32}],
            "versions": {"restore": "0.1.0", "packages": {"av": "18"}},
            "run": {"seconds": {"split": 2.0, "restore": 4.0}},
        }  # fmt: skip

    def page(self, folder: Path, **changes: Any) -> str:
        parts = {name: getattr(self, name) for name in ("provenance", "survey", "shots", "master", "scorecard")}
        out = folder / "page.html"
        report(**{**parts, **changes}, out_path=out)
        return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("demo")
    return Finished(make_demo(folder, seconds=4), folder)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_page_says_what_was_made(finished: Finished, tmp_path: Path) -> None:
    page = finished.page(tmp_path)
    for text in (
        "demo.mkv", "Luma identical to the source in every frame", "All 96 frames decoded",
        "1 check passed, 1 not applicable", "31.25", "24.5",
        "better than gray", "not better than gray", "Apache-2.0", "ef" * 32,
        finished.survey.reel.sha256, "demo.provenance.json", "00:00:00.000", "Colours were made.",
    ):  # fmt: skip
        assert text in page, text


def test_page_loads_nothing_and_runs_only_its_own_script(finished: Finished, tmp_path: Path) -> None:
    page = finished.page(tmp_path)
    tags = Tags(page)
    addresses = [a[k] or "" for _, a in tags.found for k in ("src", "href", "srcset", "data") if k in a]
    assert all(address.startswith(("data:image/jpeg;base64,", "./", "#")) for address in addresses)
    assert not any(key.startswith("on") or key == "style" for _, a in tags.found for key in a)
    assert {name for name, _ in tags.found}.isdisjoint({"iframe", "object", "embed", "link", "base", "form"})
    [policy] = [a["content"] for a in tags.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        [inside] = re.findall(f"<{kind}>(.*?)</{kind}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_stills_are_the_frames_themselves(finished: Finished) -> None:
    found = stills(finished.survey, finished.shots, finished.master.path, finished.scorecard, same_light=True)
    assert set(found) == {shot.number for shot in finished.shots}
    with Reader(probe(finished.demo.truth), chroma=True) as reader:
        truth = {p.index: in_colour(p, reader.reel.video) for p in reader.pictures()}
    for still in found.values():
        assert still.truth is not None
        for jpeg, gray in ((still.before, True), (still.after, False), (still.truth, False)):
            picture = cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] / 255.0
            assert picture.shape == (480, 640, 3) == (jpeg.height, jpeg.width, 3)
            right = truth[still.frame]
            light = right @ np.array([0.299, 0.587, 0.114])
            assert np.abs(picture - (light[..., None] if gray else right)).mean() < 0.02


def test_a_changed_light_is_shown_from_the_source(finished: Finished) -> None:
    same = stills(finished.survey, finished.shots, finished.master.path, finished.scorecard, same_light=True)
    other = stills(finished.survey, finished.shots, finished.master.path, finished.scorecard, same_light=False)
    assert same == other  # the demo's truth has the source's light


def test_the_masters_index_is_the_sources_in_the_masters_time(finished: Finished) -> None:
    video = finished.survey.reel.video
    index = Index.load(finished.survey.index_path)
    doubled = master_index(index, video, replace(video, time_base=video.time_base / 90))
    assert (doubled.pts == index.pts * 90).all()
    assert doubled.key.all()


HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}</script>\u202egpj.exe\n<b>"


def test_hostile_text_stays_text(finished: Finished, tmp_path: Path) -> None:
    reel = finished.survey.reel
    reel = replace(
        reel, name=HOSTILE, notes=(HOSTILE,), metadata=((HOSTILE, HOSTILE),), container=HOSTILE,
        others=tuple(replace(other, detail=HOSTILE, language=HOSTILE) for other in reel.others),
    )  # fmt: skip
    damage = tuple(Damage(i, "log", HOSTILE) for i in range(300))
    provenance = {
        **finished.provenance, "source": {"file": HOSTILE}, "recipe": {HOSTILE: HOSTILE}, "options": {HOSTILE: HOSTILE},
        "networks": [{"network": HOSTILE}], "outputs": [{"name": HOSTILE, "sha256": HOSTILE}], "statement": HOSTILE,
    }  # fmt: skip
    page = finished.page(
        tmp_path,
        provenance=provenance,
        survey=replace(finished.survey, reel=reel, damage=damage, notes=(HOSTILE,)),
        master=replace(finished.master, gates=(Gate(HOSTILE, False, HOSTILE), GATE)),
        scorecard=replace(finished.scorecard, note=HOSTILE),
    )
    tame = Tags(finished.page(tmp_path))
    wild = Tags(page)
    for tag in ("img", "script", "style", "b"):
        assert len(wild.all(tag)) == len(tame.all(tag))
    assert not any(key.startswith("on") for _, a in wild.found for key in a)
    assert all((a["href"] or "").startswith(("./", "#")) for a in wild.all("a"))
    assert "\u202e" not in page
    assert html.escape("<img src=x onerror=alert(1)>") in page
    assert "{{7*7}}" in page
    assert "and 100 more" in page


@pytest.mark.parametrize(
    ("gates", "altered", "mark", "says"),
    [
        ((GATE,), [], "good", "identical"),
        ((GATE,), ["median"], "note", "Luma altered by: median"),
        ((replace(GATE, passed=False, detail="frame 3"),), [], "bad", "differs from the source: frame 3"),
        ((replace(GATE, passed=None, detail="a lossy master"),), [], "note", "not compared: a lossy master"),
        ((), [], "note", "not compared"),
    ],
)
def test_luma_is_called_identical_only_when_it_was_seen(
    gates: tuple[Gate, ...], altered: list[str], mark: str, says: str
) -> None:
    verdict = light_verdict(gates, altered)
    assert verdict.mark == mark
    assert says in verdict.text


def test_failed_checks_and_damage_are_named(finished: Finished) -> None:
    verdict = gates_verdict((GATE, Gate("timestamps", False, "")))
    assert (verdict.mark, verdict.text) == ("bad", "Checks that failed: timestamps")
    hurt: Survey = replace(finished.survey, damage=(Damage(3, "log", "bad slice"),))
    assert damage_verdict(hurt).text.startswith("1 sign of damage")


def test_what_was_not_measured_is_a_dash_and_a_reason(finished: Finished, tmp_path: Path) -> None:
    row = score_row(Score("psnr", "higher", "dB", None, None, "not measured, because no truth was given"))
    assert (row["restored"], row["gray"], row["gain"]) == ("–", "–", "")
    nothing = Scorecard("cd" * 32, "none", finished.survey.frames, (), note="not measured, because no truth was given")
    page = finished.page(tmp_path, scorecard=nothing)
    assert "true colour" not in page
    assert Tags(page).all("input")


def test_every_picture_and_divider_has_words(finished: Finished, tmp_path: Path) -> None:
    tags = Tags(finished.page(tmp_path))
    assert all(image.get("alt") for image in tags.all("img"))
    sliders = [a for a in tags.all("input") if a["type"] == "range"]
    assert len(sliders) == len({shot.number for shot in finished.shots}) + 1
    assert all(slider.get("aria-label") for slider in sliders)
    assert tags.all("html")[0]["lang"] == "en"


def test_of_very_many_shots_some_get_stills() -> None:
    shots: tuple[Shot, ...] = tile([Transition(i * 10, "cut") for i in range(1, 1000)], 10_000, 1, 1000)
    some = chosen(shots)
    assert len(some) == MOST
    assert (some[0].number, some[-1].number) == (1, 1000)
    assert chosen(shots[:20]) == shots[:20]
