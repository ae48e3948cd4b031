"""EDL, OTIO and statistics of a list of shots: the same as PySceneDetect's writers and readers have it, or told why."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scenedetect import FrameTimecode, StatsManager
from scenedetect.output import write_scene_list_edl, write_scene_list_otio

from restore.errors import BadInput, OutputExists
from restore.film import Reel, Shot
from restore.media.make import FilmPlan, make_film
from restore.media.probe import probe
from restore.shots.detector import Transition
from restore.shots.exchange import edl, otio
from restore.shots.stats import COLUMNS
from restore.shots.table import tile
from restore.steps.list_shots import Files, list_shots

CUTS = (7, 24, 60)


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """Sixty-six frames of stripes, then of discs, with sound."""
    path = tmp_path_factory.mktemp("film") / "two scenes.mkv"
    silence = np.zeros((2, 132_000), np.float32)
    plan = FilmPlan("stripes", 80, 60, Fraction(24), True, silence, 48_000, (), ())
    y, x = np.mgrid[:60, :80]
    stripes = [128 + 90 * np.sin((x + y + i) / 9) for i in range(30)]
    discs = [128 + 90 * np.sign(np.sin((x + i / 4) / 13) * np.sin(y / 10)) for i in range(36)]
    neutral = np.full((30, 40), 128, np.uint8)
    make_film(path, plan, ((np.round(light).astype(np.uint8), neutral, neutral) for light in stripes + discs))
    return probe(path)


def at_rate(reel: Reel, rate: Fraction) -> Reel:
    return dataclasses.replace(reel, video=dataclasses.replace(reel.video, rate=rate))


def some_shots(frames: int = 66) -> tuple[Shot, ...]:
    return tile([Transition(frame, "cut", 0.9) for frame in CUTS], frames, 1, 20)


def theirs(shots: Sequence[Shot], rate: Fraction) -> list[tuple[FrameTimecode, FrameTimecode]]:
    whole = [shot for shot in shots if shot.part == 1]
    return [(FrameTimecode(s.scene_start, rate), FrameTimecode(s.scene_stop, rate)) for s in whole]


def events(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:3].isdigit()]


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_edl_at_whole_rates_is_as_pyscenedetect_writes_it(reel: Reel, rate: int) -> None:
    shots, written = some_shots(), io.StringIO()
    write_scene_list_edl(written, theirs(shots, Fraction(rate)), title=reel.name)
    ours = edl(at_rate(reel, Fraction(rate)), shots, lambda frame: frame / rate)
    assert events(ours) == events(written.getvalue())
    assert len(events(ours)) == 4
    assert ours.splitlines()[:2] == ["TITLE: two scenes", "FCM: NON-DROP FRAME"]
    assert ours.count("* FROM CLIP NAME: two scenes.mkv\n") == 4


def test_edl_counts_frames_at_fractional_rates(reel: Reel) -> None:
    rate = Fraction(24_000, 1001)
    hour = tile([Transition(24 * 3600, "cut")], 24 * 3600 + 25, 1, 10**9)
    assert events(edl(at_rate(reel, rate), hour, lambda frame: frame / float(rate))) == [
        "001  AX V     C        00:00:00:00 01:00:00:00 00:00:00:00 01:00:00:00",
        "002  AX V     C        01:00:00:00 01:00:01:01 01:00:00:00 01:00:01:01",
    ]


def test_edl_takes_timestamps_that_a_container_rounded(reel: Reel) -> None:
    exact = edl(reel, some_shots(), lambda frame: frame / 24)
    assert edl(reel, some_shots(), lambda frame: round(frame / 24, 3)) == exact


def test_edl_of_a_film_whose_rate_changes_is_refused(reel: Reel) -> None:
    with pytest.raises(BadInput, match=r"frame 24 comes at 1\.500 s, not at 1\.000 s .* --otio"):
        edl(reel, some_shots(), lambda frame: frame / 24 if frame < 20 else 0.5 + frame / 24)


@pytest.mark.parametrize("rate", [Fraction(37, 2), Fraction(1, 3)])
def test_edl_of_a_rate_that_timecode_lacks_is_refused(reel: Reel, rate: Fraction) -> None:
    with pytest.raises(BadInput, match=r"an EDL cannot count .* frames a second; .* --otio"):
        edl(at_rate(reel, rate), some_shots(), lambda frame: frame / float(rate))


def times(timeline: dict) -> list[list[tuple[float, float]]]:
    ranges = [[clip["source_range"] for clip in track["children"]] for track in timeline["tracks"]["children"]]
    return [[(r["start_time"]["value"], r["duration"]["value"]) for r in track] for track in ranges]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24_000, 1001), Fraction(37, 2)])
def test_otio_is_as_pyscenedetect_writes_it(reel: Reel, rate: Fraction) -> None:
    shots, written = some_shots(), io.StringIO()
    write_scene_list_otio(written, theirs(shots, rate), reel.path, rate, name=reel.name)
    right, ours = (
        json.loads(written.getvalue()),
        json.loads(otio(at_rate(reel, rate), shots, lambda f: f / float(rate))),
    )
    np.testing.assert_allclose(times(ours), times(right), atol=2e-6)
    for timeline in (right, ours):  # where ours differs on purpose
        for track in timeline["tracks"]["children"]:
            for clip in track["children"]:
                clip.pop("metadata", None)
                clip.pop("source_range")
                clip["media_references"]["DEFAULT_MEDIA"].pop("available_range")
    assert ours == right


def test_otio_says_why_and_how_long_the_film_is(reel: Reel) -> None:
    clip = json.loads(otio(reel, some_shots(), lambda frame: frame / 24))["tracks"]["children"][0]["children"][1]
    assert clip["metadata"]["restore"] == {"shot": 2, "why": "cut", "confidence": 0.9}
    assert clip["media_references"]["DEFAULT_MEDIA"]["available_range"]["duration"]["value"] == 66


def test_otio_without_sound_has_one_track(reel: Reel) -> None:
    silent = dataclasses.replace(reel, others=())
    assert len(times(json.loads(otio(silent, some_shots(), lambda frame: frame / 24)))) == 1


def test_otio_follows_a_rate_that_changes(reel: Reel) -> None:
    ours = json.loads(otio(reel, some_shots(), lambda frame: frame / 24 if frame < 20 else 0.5 + frame / 24))
    assert times(ours)[0] == [(0, 7), (7, 29), (36, 36), (72, 6)]


def test_all_files_are_written_and_read_back(reel: Reel, tmp_path: Path) -> None:
    files = Files(tmp_path, tmp_path / "a.edl", tmp_path / "cut" / "a.otio", tmp_path / "a.csv")
    _, _, shots = list_shots(reel, files)
    assert [shot.start for shot in shots] == [0, 30]
    assert events((tmp_path / "a.edl").read_text())[1][23:34] == "00:00:01:06"
    assert times(json.loads((tmp_path / "cut" / "a.otio").read_text())) == [[(0, 30), (30, 36)]] * 2
    with pytest.raises(OutputExists, match=r"a\.edl"):
        list_shots(reel, Files(tmp_path / "elsewhere", edl=tmp_path / "a.edl"))
    assert not (tmp_path / "elsewhere").exists()


def test_stats_are_read_by_pyscenedetect(reel: Reel, tmp_path: Path) -> None:
    list_shots(reel, Files(tmp_path, stats=tmp_path / "stats.csv"))
    manager = StatsManager()
    assert manager.load_from_csv(tmp_path / "stats.csv") == 65
    assert set(manager.metric_keys) == set(COLUMNS)
    likely = [manager.get_metrics(frame, ["odds"])[0] for frame in range(1, 66)]
    assert likely.index(max(likely)) + 1 == 30
    assert max(likely) > 0
    assert sum(odds > 0 for odds in likely) <= 3
    assert (tmp_path / "stats.csv").read_text().splitlines()[30].startswith("31,00:00:01.250,")
