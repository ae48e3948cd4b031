"""The wear trial: what it scores is what the filters made of a worn colour film, shot by shot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from films import Film, lights
from painters import TAGS, Brush, Room, film

from restore.configs import recipe as recipes
from restore.contracts import Frames
from restore.errors import BadInput, UsageError
from restore.filters.median import Median
from restore.filters.stabilize import Stabilize
from restore.steps import wear_trial as room
from restore.steps.wear_trial import MEASURES, Sample, made_pictures, passages, trial, true_pictures


def sample(frames: int = 8) -> Sample:
    """A still of middle grays in one colour."""
    light = np.repeat(np.clip(film((1, 48, 64)).light, 90, 150), frames, axis=0)
    cb, cr = np.full((24, 32), 110, np.uint8), np.full((24, 32), 150, np.uint8)
    return Sample(Frames(light, None, 0, 8, TAGS), ((cb, cr),) * frames)


class TrueColours:
    """A filter that gives every frame its true colour, and the odd ones more of it by `flicker`."""

    context, changes_light, version = 0, False, 1

    def __init__(self, flicker: float = 0.0) -> None:
        self._flicker = flicker

    def begin(self, shot: object, runtime: object) -> object:
        def paint(frames: Frames) -> Frames:
            own = np.broadcast_to(np.array([-18, 22], np.float32)[:, None, None] / 224, (len(frames), 2, 24, 32)).copy()
            own[(np.arange(frames.start, frames.stop) % 2).astype(bool)] += self._flicker
            return Frames(frames.light, own, frames.start, frames.depth, frames.tags)

        return paint


def scores(*chain: tuple[str, object], strength: float = 0.0, frames: int = 8) -> dict[str, dict[str, float]]:
    one = sample(frames)
    journey = passages(true_pictures(one, one.frames.light))
    return dict(trial(one, journey, room.worn_surface(strength), chain, Room(Brush())))


def test_true_colours_score_as_the_truth() -> None:
    found = scores(("true", TrueColours()))
    assert list(found) == ["truth", "gray", "true"] and set(found["true"]) == set(MEASURES)
    assert found["truth"]["psnr"] == found["true"]["psnr"] == 100 and found["true"]["ciede2000"] < 1e-3
    assert found["gray"]["psnr"] < 30 and found["gray"]["ciede2000"] > 5


def test_every_filter_is_scored_and_flicker_is_seen_to_go() -> None:
    found = scores(("true", TrueColours(0.05)), ("stabilize", Stabilize()), ("median", Median()), frames=16)
    assert list(found)[2:] == ["true", "true + stabilize", "true + stabilize + median"]
    assert found["true"]["chroma_warp_error"] > 1e-3
    assert found["true + stabilize"]["chroma_warp_error"] < 0.05 * found["true"]["chroma_warp_error"]
    assert found["gray"]["chroma_warp_error"] < 1e-9


def test_wear_is_in_the_light_and_the_truth_lies_on_it() -> None:
    clean, worn = scores(("true", TrueColours())), scores(("true", TrueColours()), strength=1.0)
    assert worn["truth"]["warp_error"] > 20 * max(clean["truth"]["warp_error"], 1e-6)
    assert worn["true"]["psnr"] > 35
    assert worn["truth"]["cdc_to_truth"] == 0 < worn["gray"]["cdc_to_truth"]


def test_gray_frames_are_shown_gray() -> None:
    one = sample()
    picture = next(made_pictures(one.frames, (24, 32)))
    assert np.array_equal(picture[..., 0], picture[..., 2])


def test_a_film_is_tried_shot_by_shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Film(codec="ffv1").write(tmp_path / "film.mkv", lights(14, 64, 48))
    recipe = recipes.load("draft", ["colorize.working_size=16"])
    told: list[tuple[int, int]] = []
    table = room.wear_trial(path, recipe, (0.0, 1.0), 6, lambda done, total: told.append((done, total)))
    assert (table.shots, table.frames, table.recipe, table.metrics) == (1, 6, "draft", MEASURES)
    assert [(row.wear, row.way) for row in table.rows] == [
        (strength, way) for strength in (0.0, 1.0) for way in ("truth", "gray", "colorize")
    ]
    assert all([name for name, _ in row.values] == list(MEASURES) for row in table.rows)
    assert told == [(6, 12), (12, 12)]


def test_what_cannot_be_tried_is_refused(tmp_path: Path) -> None:
    recipe = recipes.load("draft")
    path = Film(codec="ffv1").write(tmp_path / "film.mkv", lights(4, 64, 48))
    with pytest.raises(BadInput, match="no shot has 5 frames"):
        room.wear_trial(path, recipe)
    with pytest.raises(UsageError, match="it goes from 0 to 2"):
        room.wear_trial(path, recipe, (3.0,))
    with pytest.raises(UsageError, match="3 frames a shot are too few"):
        room.wear_trial(path, recipe, frames_per_shot=3)
    gray = Film(codec="ffv1", pixel_format="gray").write(tmp_path / "gray.mkv", lights(8, 64, 48))
    with pytest.raises(UsageError, match="has no colour"):
        room.wear_trial(gray, recipe)
