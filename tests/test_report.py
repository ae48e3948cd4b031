"""The report: one file that loads nothing, shows what was made, and lets no text from a film out of its place."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from finished import GATE, WORST, Finished, finished_run

from restore.film import Damage, Gate, Score, Scorecard, Shot, Survey
from restore.media.index import Index
from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.detector import Transition
from restore.shots.table import tile
from restore.steps.report.choice import BUDGET, choose, some
from restore.steps.report.page import number
from restore.steps.report.scores import row
from restore.steps.report.words import damage_verdict, gates_verdict, light_verdict
from restore.steps.stills import Film, Wanted, in_colour, in_gray, master_index, stills


@pytest.fixture(scope="module")
def finished() -> Finished:
    return finished_run()


@pytest.fixture(scope="module")
def plain(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of an ordinary run."""
    return finished.page(tmp_path_factory.mktemp("plain"))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        named = {key.replace("_", "-"): value for key, value in wanted.items()}
        return [a for name, a in self.found if name == tag and all(a.get(k) == v for k, v in named.items())]


def test_page_says_what_was_made(finished: Finished, plain: str) -> None:
    for text in (
        "demo.mkv", "Luma identical to the source in every frame", "All 96 frames decoded",
        "1 check passed, 1 not applicable", "31.25", "24.5",
        "better than gray", "not better than gray", "Apache-2.0", "ef" * 32,
        finished.run.survey.reel.sha256, "demo.provenance.json", "demo.scores.csv", "00:00:00.000",
        "Colours were made.",
    ):  # fmt: skip
        assert text in plain, text


def test_page_loads_nothing_and_runs_only_its_own_script(plain: str) -> None:
    tags = Tags(plain)
    addresses = [a[k] or "" for _, a in tags.found for k in ("src", "href", "srcset", "data") if k in a]
    assert all(address.startswith(("data:image/", "./", "#")) for address in addresses)
    assert not any(key.startswith("on") or key == "style" for _, a in tags.found for key in a)
    assert {name for name, _ in tags.found}.isdisjoint({"iframe", "object", "embed", "link", "base"})
    [policy] = [a["content"] for a in tags.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        [inside] = re.findall(f"<{kind}>(.*?)</{kind}>", plain, re.S)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_every_link_within_the_page_leads_somewhere(plain: str) -> None:
    tags = Tags(plain)
    names = [str(a["id"]) for _, a in tags.found if "id" in a]
    assert len(names) == len(set(names))
    aims = {str(a["href"])[1:] for a in tags.all("a") if str(a["href"]).startswith("#")}
    assert aims <= set(names)
    assert f"frame-{WORST}" in aims


def test_stills_are_the_frames_themselves(finished: Finished) -> None:
    survey, master = finished.run.survey, probe(finished.run.master.path)
    index = master_index(Index.load(survey.index_path), survey.reel.video, master.video)
    looks = {"source": in_gray, "restored": in_colour}
    wanted = Wanted(dict.fromkeys((0, 7, 8, 60), 1), 640)
    found = stills([Film(master, looks, index)], wanted)
    assert found == stills([Film(master, looks)], wanted)  # by seeking, and in one pass
    with Reader(master, chroma=True) as reader:
        truth = {p.index: in_colour(p, reader.reel.video) for p in reader.pictures()}
    assert set(found) == set(wanted.frames)
    for still in found.values():
        for look, gray in (("source", True), ("restored", False)):
            jpeg = still.pictures[look]
            picture = cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] / 255.0
            assert picture.shape == (96, 128, 3) == (jpeg.height, jpeg.width, 3)
            right = truth[still.frame]
            light = right @ np.array([0.2126, 0.7152, 0.0722])
            assert np.abs(picture - (light[..., None] if gray else right)).mean() < 0.02


def test_a_changed_light_is_shown_from_the_source(finished: Finished, plain: str, tmp_path: Path) -> None:
    other = finished.page(tmp_path, provenance={**finished.run.provenance, "luma_altered_by": ["median"]})
    pictures = [[a["src"] for a in Tags(page).all("img")] for page in (plain, other)]
    assert pictures[0] == pictures[1]  # the master has the source's light
    assert "Luma altered by: median" in other


def test_the_masters_index_is_the_sources_in_the_masters_time(finished: Finished) -> None:
    video = finished.run.survey.reel.video
    index = Index.load(finished.run.survey.index_path)
    doubled = master_index(index, video, replace(video, time_base=video.time_base / 90))
    assert (doubled.pts == index.pts * 90).all()
    assert doubled.key.all()


HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}</script>\u202egpj.exe\n<b>"


def test_hostile_text_stays_text(finished: Finished, plain: str, tmp_path: Path) -> None:
    run = finished.run
    reel = replace(
        run.survey.reel, name=HOSTILE, notes=(HOSTILE,), metadata=((HOSTILE, HOSTILE),), container=HOSTILE,
        others=tuple(replace(other, detail=HOSTILE, language=HOSTILE) for other in run.survey.reel.others),
    )  # fmt: skip
    damage = tuple(Damage(i, "log", HOSTILE) for i in range(300))
    provenance = {
        **run.provenance, "source": {"file": HOSTILE}, "recipe": {HOSTILE: HOSTILE}, "options": {HOSTILE: HOSTILE},
        "networks": [{"network": HOSTILE}], "outputs": [{"name": HOSTILE, "sha256": HOSTILE}], "statement": HOSTILE,
    }  # fmt: skip
    page = finished.page(
        tmp_path,
        provenance=provenance,
        survey=replace(run.survey, reel=reel, damage=damage, notes=(HOSTILE,)),
        master=replace(run.master, gates=(Gate(HOSTILE, False, HOSTILE), GATE)),
        scorecard=replace(run.scorecard, note=HOSTILE),
    )
    tame, wild = Tags(plain), Tags(page)
    for tag in ("img", "script", "style", "svg", "form"):
        assert len(wild.all(tag)) == len(tame.all(tag)), tag
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
    hurt: Survey = replace(finished.run.survey, damage=(Damage(3, "log", "bad slice"),))
    assert damage_verdict(hurt).text.startswith("1 sign of damage")


def test_what_was_not_measured_is_a_dash_and_a_reason(finished: Finished, tmp_path: Path) -> None:
    why = "not measured, because no truth was given"
    assert [row(Score("psnr", "higher", "dB", None, None, why))[k] for k in ("restored", "gray", "gain")] == [
        "–", "–", "",
    ]  # fmt: skip
    assert [number(value) for value in (None, 0.0, 31.25, 9.3041e-05)] == ["–", "0", "31.25", "9.304 × 10⁻⁵"]
    nothing = Scorecard("cd" * 32, "none", 96, (Score("psnr", "higher", "dB", None, None, why),), note="no truth")
    page = finished.page(tmp_path, scorecard=nothing, scores=None)
    assert "true colour" not in page
    assert why in page
    assert Tags(page).all("figure", data_look="flicker")
    assert not Tags(page).all("figure", data_look="difference")
    assert "No curves" in page


def test_the_worst_frame_comes_first_and_is_shown(plain: str) -> None:
    worst = plain[plain.index('id="worst"') : plain.index('id="time"')]
    assert re.findall(r'href="#frame-(\d+)"', worst)[0] == str(WORST)
    assert "CIEDE2000 25.5" in worst
    assert worst.count("Colour flicker 7.25") == 1
    assert "Colour flicker 0.5" not in worst  # steadier than the true film: not a fault of a frame
    for frame in (WORST - 1, WORST):  # a flicker is seen between two frames
        assert f'id="frame-{frame}"' in plain


def test_curves_have_a_line_for_each_film_and_are_told_in_words(plain: str) -> None:
    tags = Tags(plain)
    flicker = plain[plain.index('id="curve-flicker"') : plain.index('id="curve-ciede2000"')]
    assert len(re.findall(r'<path class="line (first|truth|gray)" d="M[\d.]+ [\d.]+h0L', flicker)) == 3
    assert len(tags.all("svg", role="img", aria_label="Colour flicker over time")) == 1
    assert "true film" in flicker
    assert "Cut off at the top: the highest is 7.25." in flicker


def test_doubtful_kept_and_damaged_shots_are_marked(finished: Finished, tmp_path: Path) -> None:
    shots = list(finished.run.shots)
    shots[1] = replace(shots[1], confidence=0.55)
    shots[2] = replace(shots[2], kind="tinted", left=True)
    survey = replace(finished.run.survey, damage=(Damage(shots[0].start, "log", "bad slice"),))
    page = finished.page(tmp_path, shots=tuple(shots), survey=survey)
    sheet = page[page.index('class="sheet"') : page.index('id="worst"')]
    assert ">doubtful " in sheet
    assert "tinted: left as it is" in sheet
    assert ">damaged<" in sheet


def test_every_picture_has_words_and_headings_descend(plain: str) -> None:
    tags = Tags(plain)
    assert all(image.get("alt") for image in tags.all("img"))
    assert tags.all("html")[0]["lang"] == "en"
    levels = [int(name[1]) for name, _ in tags.found if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_page_stays_small_however_many_shots(finished: Finished) -> None:
    video = replace(finished.run.survey.reel.video, width=1440, height=1080)
    shots: tuple[Shot, ...] = tile([Transition(i * 10, "cut") for i in range(1, 5000)], 50_000, 1, 1000)
    for many in (1, 12, 80, 500, 5000):
        marked = [shots[many - 1].start + 3]
        choice = choose(shots[:many], marked, 4, video)
        frames = [frame for chosen in choice.frames.values() for frame in chosen]
        assert len(frames) * 4 * choice.width**2 * video.height / video.width <= BUDGET * 1.05
        assert marked[0] in frames
        assert all(choice.main[shot] in chosen for shot, chosen in choice.frames.items())
    tiny = choose(shots[:500], [], 4, replace(video, width=48, height=32))
    assert [len(chosen) for chosen in tiny.frames.values()] == [1] * 500
    few = some(shots, [25_003], 200)
    assert len(few) == 200
    assert {1, 2501, 5000} <= {shot.number for shot in few}
    assert some(shots[:20], [], 200) == shots[:20]
