"""How sure painted colours are: kept beside a take, gathered for the film, read back, and told on the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finished import finished_run

from restore.errors import BadInput, MissingInput
from restore.film import Hint, Shot, Take
from restore.guidance import sureness
from restore.guidance.doubt import confidence
from restore.guidance.proxies import HEIGHT, WIDTH
from restore.guidance.rehearsal import SURELY
from restore.guidance.worth import Suggestion
from restore.steps.report import Painting

INDEX = "ab" * 32
HINT = Hint(3, "3.npz", "cd" * 32, "000003.png")


def take(folder: Path, start: int, stop: int, sure: float | None) -> Take:
    """A take of some frames, all equally sure; None: no paint reached it."""
    path = folder / f"{start}.mkv"
    if sure is not None:
        hints = np.zeros((stop - start, 3, 90, 120), np.float32)
        hints[:, 2] = sure
        half = (stop - start) // 2
        text = sureness.packed([sureness.small(hints[:half]), sureness.small(hints[half:])])
        path.with_suffix(".json").write_text(json.dumps({"sha256": "ab", sureness.KEY: text}), encoding="utf-8")
    shot = Shot(1, 1, start, stop, start, stop, "cut")
    return Take(shot, "key", str(path), "", 0, 0.0, False, "", (HINT,) if sure is not None else ())


def gathered(folder: Path) -> Path:
    takes = [take(folder, 0, 10, 1.0), take(folder, 10, 30, None), take(folder, 30, 40, 0.25)]
    path = folder / "film.confidence.npz"
    sureness.gather(path, takes, INDEX, 40)
    return path


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    found = sureness.load(gathered(tmp_path), INDEX, 40)
    assert found.doubt(15) is None
    for frame, doubt in ((0, 0.0), (9, 0.0), (30, 0.75), (39, 0.75)):
        known = found.doubt(frame)
        assert known is not None and known.shape == (HEIGHT, WIDTH)
        np.testing.assert_allclose(known, doubt, atol=0.009)  # half a step of doubt
    assert found.mean(0, 40) == pytest.approx((10 + 2.5) / 40, abs=0.002)
    assert found.mean(5, 15) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("doubt", [0.05, 0.5, 3.0, 30.0, 300.0, 1500.0])
def test_what_is_sure_is_told_from_what_is_surer(tmp_path: Path, doubt: float) -> None:
    one = take(tmp_path, 0, 4, float(confidence(np.array([doubt], np.float32))[0]))
    path = tmp_path / "film.confidence.npz"
    sureness.gather(path, [one], INDEX, 4)
    levels = sureness.load(path, INDEX, 4).levels(2)
    assert levels is not None
    np.testing.assert_allclose(sureness.DOUBTS[levels], doubt, rtol=0.03)


def test_where_nothing_is_known_there_is_no_confidence() -> None:
    assert sureness.CONFIDENCES[sureness.mapped(np.zeros((9, 9), np.float32))].max() == 0


@pytest.mark.parametrize("shape", [(90, 120), (136, 320), (160, 90), (214, 320), (9, 9)])
def test_a_frame_that_is_painted_as_a_whole_is_known_as_one(shape: tuple[int, int]) -> None:
    assert sureness.mapped(np.ones(shape, np.float32)).min() > SURELY


def test_the_same_maps_give_the_same_file(tmp_path: Path) -> None:
    first = gathered(tmp_path).read_bytes()
    assert gathered(tmp_path).read_bytes() == first


def test_a_note_that_is_hurt_tells_nothing(tmp_path: Path) -> None:
    one = take(tmp_path, 0, 10, 1.0)
    note = Path(one.path).with_suffix(".json")
    path = tmp_path / "film.confidence.npz"
    for text in ("", "{}", '{"doubt": "!"}', '{"doubt": "AAAA"}', '{"doubt": 7}'):
        note.write_text(text, encoding="utf-8")
        sureness.gather(path, [one], INDEX, 40)
        assert sureness.load(path, INDEX, 40).doubt(5) is None


def test_of_another_film_or_no_such_file(tmp_path: Path) -> None:
    path = gathered(tmp_path)
    with pytest.raises(BadInput, match="of another film"):
        sureness.load(path, "ef" * 32, 40)
    with pytest.raises(BadInput, match="of another film"):
        sureness.load(path, INDEX, 41)
    with pytest.raises(MissingInput):
        sureness.load(tmp_path / "away.npz", INDEX, 40)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match="is not what a run wrote"):
        sureness.load(path, INDEX, 40)


def test_the_page_tells_what_was_painted_and_what_to_paint_next(tmp_path: Path) -> None:
    run = finished_run()
    survey = run.run.survey
    path = tmp_path / "confidence.npz"
    sureness.gather(path, [take(tmp_path, 0, 24, 0.8)], survey.index_sha256, survey.frames)
    sure = sureness.load(path, survey.index_sha256, survey.frames)
    given = {
        "kind": "keyframe", "file": "<b>5</b>.png", "sha256": "12" * 32, "frames": list(range(20)),
        "detail": "31% of the picture",
    }  # fmt: skip
    provenance = {**run.run.provenance, "given": [given]}
    painting = Painting(sure, (Suggestion(60, 3, 1.25, 0.5),))
    text = run.page(tmp_path, provenance=provenance, painted=painting)
    part = text.split('<section id="painted"')[1].split("</section>")[0]
    assert "&lt;b&gt;5&lt;/b&gt;.png" in part
    assert "31% of the picture" in part and "and 8 more" in part
    assert 'Shot 1</a> <meter min="0" max="100" value="80">80%</meter>' in part
    assert "3 other shots: no painted colour reached them" in part
    assert "frame 60" in part and "1.2 s of picture more" in part
    assert "20% of the picture has colour that somebody asked for" in part
    assert 'href="#painted"' in text
    assert 'id="painted"' not in run.page(tmp_path, painted=None)


def test_shots_that_are_left_are_not_counted(tmp_path: Path) -> None:
    run = finished_run()
    survey, shots = run.run.survey, run.run.shots
    path = tmp_path / "confidence.npz"
    sureness.gather(path, [take(tmp_path, 0, 24, 1.0)], survey.index_sha256, survey.frames)
    sure = sureness.load(path, survey.index_sha256, survey.frames)
    left = tuple(replace(shot, left=shot.number != 1) for shot in shots)
    text = run.page(tmp_path, shots=left, painted=Painting(sure, ()))
    assert "Of the 24 frames that were coloured, 100% of the picture" in text
