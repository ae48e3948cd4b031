"""The judge on films whose colour is known: right numbers, the gray baseline beside them, and none that is made up."""

from __future__ import annotations

import gc
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from weakref import WeakSet

import av
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from restore import colour, metrics
from restore.errors import BadInput, MissingInput, UsageError
from restore.film import Score, Scorecard, Shot, Survey
from restore.media.index import Indexer
from restore.media.probe import probe
from restore.media.read import Reader
from restore.metrics.flicker import Part
from restore.progress import Progress
from restore.steps import curves
from restore.steps.judge import Judging, Measuring, measure, true_reel
from restore.steps.judge import judge as judged
from restore.steps.report.scores import beats_gray
from restore.steps.tallies import Measured

SIZE = (32, 48)
FRAMES = 12


def planes(number: int, tint: float = 1.0, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, ...]:
    """Light that moves, and chroma `tint` times as strong as it should be; the second half has other colours."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    half = y[::2, ::2] + x[::2, ::2]
    light = 80 + (3 * x + 2 * y + 5 * number) % 90
    wave = np.sin(half / 9 + (2 if number >= FRAMES // 2 else 0))
    return light.astype(np.uint8), *((128 + tint * a * wave).round().astype(np.uint8) for a in (30, -24))


def film(
    path: Path, tint: float = 1.0, frames: int = FRAMES, size: tuple[int, int] = SIZE, rate: int = 24, blink: int = 0
) -> Path:
    """A lossless FFV1 film, BT.709 limited range; in odd frames, Cb is `blink` code values higher."""
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("ffv1", rate=rate)
        stream.width, stream.height, stream.pix_fmt = size[1], size[0], "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_range = 1, 1
        context.color_primaries = context.color_trc = 1
        for number in range(frames):
            y, cb, cr = planes(number, tint, size)
            cb = cb + np.uint8(blink * (number % 2))
            rows = np.concatenate([y.reshape(-1), cb.reshape(-1), cr.reshape(-1)]).reshape(-1, size[1])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rows, format="yuv420p")))
        out.mux(stream.encode())
    return path


def gray_film(path: Path) -> Path:
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "gray"
        for number in range(FRAMES):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(planes(number)[0], format="gray")))
        out.mux(stream.encode())
    return path


def survey_of(path: Path, frames: int = FRAMES) -> Survey:
    return Survey(probe(path), frames, "", "", (), ())


def shot(number: int, start: int, stop: int, part: int = 1) -> Shot:
    return Shot(number, part, start, stop, start, stop, "cut")


WHOLE = (shot(1, 0, FRAMES),)


def judge(
    restored: str, truth: str | None, survey: Survey, shots: tuple[Shot, ...], progress: Progress | None = None
) -> Scorecard:
    return judged(restored, survey, shots, Judging(truth, progress=progress))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {
        "truth": film(folder / "truth.mkv"),
        "made": film(folder / "made.mkv", tint=0.5),
        "gray": gray_film(folder / "gray.mkv"),
    }


def named(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {score.metric: score for score in scores}


def test_scores_are_those_of_scikit_image_on_the_same_planes(films: dict[str, Path]) -> None:
    card = judge(str(films["made"]), str(films["truth"]), survey_of(films["gray"]), WHOLE)
    tags = probe(films["truth"]).video.colour
    expected = {"restored": [], "gray": []}
    for number in range(FRAMES):
        truth = colour.to_rgb(*planes(number), tags, 8)
        made = colour.to_rgb(*planes(number, 0.5), probe(films["gray"]).video.colour, 8)
        gray = colour.gray_rgb(planes(number)[0], probe(films["gray"]).video.colour, 8)
        for name, rgb in (("restored", made), ("gray", gray)):
            expected[name].append(peak_signal_noise_ratio(truth.astype(float), rgb.astype(float), data_range=1))
    psnr = named(card.scores)["psnr"]
    assert (card.frames, card.reel_sha256, card.truth) == (FRAMES, probe(films["gray"]).sha256, str(films["truth"]))
    assert psnr.restored == pytest.approx(np.mean(expected["restored"]), abs=1e-3)
    assert psnr.gray == pytest.approx(np.mean(expected["gray"]), abs=1e-3)


def test_half_the_colour_is_better_than_none_by_every_metric(films: dict[str, Path]) -> None:
    card = judge(str(films["made"]), str(films["truth"]), survey_of(films["truth"]), WHOLE)
    for score in card.scores:
        assert score.restored is not None and score.gray is not None and score.note == ""
        assert beats_gray(score.better, score.restored, score.gray, score.truth), score
        assert (score.truth is not None) == (score.better == "truth")


def test_the_sources_own_colour_is_a_perfect_truth_for_itself(films: dict[str, Path]) -> None:
    card = judge(str(films["truth"]), "self", survey_of(films["truth"]), WHOLE)
    scores = named(card.scores)
    assert card.truth == "self"
    assert (scores["psnr"].restored, scores["lab_mse"].restored) == (100.0, 0.0)
    assert scores["lab_mse"].gray > 0


def test_shots_have_scores_of_their_own_and_make_up_the_films(films: dict[str, Path]) -> None:
    shots = (shot(1, 0, 3), shot(1, 3, 6, part=2), shot(2, 6, 8), shot(3, 8, FRAMES))
    card = judge(str(films["made"]), str(films["truth"]), survey_of(films["truth"]), shots)
    assert [number for number, _ in card.by_shot] == [1, 2, 3]
    whole = judge(str(films["made"]), str(films["truth"]), survey_of(films["truth"]), WHOLE)
    for metric, score in named(card.scores).items():
        each = [(frames, named(scores)[metric]) for frames, (_, scores) in zip((6, 2, 4), card.by_shot, strict=True)]
        counted = [(frames, shot) for frames, shot in each if shot.restored is not None]
        mean = sum(frames * shot.restored for frames, shot in counted) / sum(frames for frames, _ in counted)
        assert score.restored == pytest.approx(mean)
        if metric == "psnr":  # which is neither sampled nor remembers
            assert score.restored == pytest.approx(named(whole.scores)[metric].restored)


def test_what_a_shot_is_too_short_for_is_said_and_left_out_of_the_film(films: dict[str, Path]) -> None:
    card = judge(
        str(films["made"]), str(films["truth"]), survey_of(films["truth"]), (shot(1, 0, 3), shot(2, 3, FRAMES))
    )
    short, long = (named(scores)["cdc"] for _, scores in card.by_shot)
    assert (short.restored, short.gray, short.truth) == (None, None, None)
    assert short.note == "not measured: cdc of fewer than 5 frames"
    film = named(card.scores)["cdc"]
    assert (film.restored, film.truth) == (pytest.approx(long.restored), pytest.approx(long.truth))
    assert film.note == "not measured: cdc of fewer than 5 frames (1 of 2 shots)"
    alone = judge(
        str(films["made"]), str(films["truth"]), survey_of(films["truth"]),
        tuple(shot(i + 1, 3 * i, 3 * i + 3) for i in range(4)),
    )  # fmt: skip
    assert named(alone.scores)["cdc"].restored is None and named(alone.scores)["cdc"].note


def test_a_run_says_what_it_sampled_and_what_it_left_out(films: dict[str, Path]) -> None:
    card = judge(str(films["made"]), str(films["truth"]), survey_of(films["truth"]), WHOLE)
    assert "Each 4th frame of a shot: CIEDE2000" in card.note
    assert "lpips" not in named(card.scores) and "LPIPS" in card.note


def test_every_frame_is_told_with_its_own_values(films: dict[str, Path]) -> None:
    told: list[tuple] = []
    parts = tuple(Measured(metrics.find(name)(), every) for name, every in (("psnr", 1), ("cdc", 1), ("ssim", 5)))
    how = Measuring(parts, each=lambda *frame: told.append(frame))
    shots = (shot(1, 0, 7), shot(2, 7, FRAMES))
    card = measure(probe(films["made"]), str(films["truth"]), survey_of(films["truth"]), shots, how)
    assert [(frame, number) for frame, number, _ in told] == [(i, 1 if i < 7 else 2) for i in range(FRAMES)]
    psnr, gray = (np.mean([values[0][k] for *_, values in told]) for k in (0, 1))
    assert named(card.scores)["psnr"].restored == pytest.approx(psnr)
    assert named(card.scores)["psnr"].gray == pytest.approx(gray)
    assert [frame for frame, _, values in told if values[1][0] is None] == [0, 7]  # nothing to look back at
    assert [frame for frame, _, values in told if values[2][0] is not None] == [0, 5, 7]


def test_a_metric_that_looks_back_gets_the_frames_it_needs_and_no_pair_across_a_gap(films: dict[str, Path]) -> None:
    values: dict[int, list] = {}
    for every in (1, 4):
        told: list = []
        how = Measuring((Measured(metrics.find("warp_error")(), every),), each=lambda *frame: told.append(frame))  # noqa: B023
        card = measure(probe(films["made"]), str(films["truth"]), survey_of(films["truth"]), WHOLE, how)
        values[every] = [three[0] for _, _, (three,) in told]
        counted = [value for value in values[every] if value is not None]
        assert card.scores[0].restored == pytest.approx(np.mean(counted))
    assert [frame for frame, value in enumerate(values[4]) if value is not None] == [1, 5, 9]
    assert [values[4][frame] for frame in (1, 5, 9)] == [values[1][frame] for frame in (1, 5, 9)]


def test_a_film_too_small_for_a_metric_is_scored_by_the_others(tmp_path: Path) -> None:
    small = film(tmp_path / "small.mkv", size=(8, 16))
    card = judge(str(small), "self", survey_of(small), WHOLE)
    scores = named(card.scores)
    assert scores["psnr"].restored == 100.0
    assert scores["ssim"].restored is None and "its window is 11x11" in scores["ssim"].note


def test_without_truth_a_film_is_measured_by_itself_and_nothing_is_made_up(films: dict[str, Path]) -> None:
    card = judge(str(films["made"]), None, survey_of(films["truth"]), WHOLE)
    assert card.truth == "none" and card.note.startswith("No truth was given. Each 12th frame of a shot: ")
    scores = named(card.scores)
    for score in card.scores:
        assert (score.gray, score.truth) == (None, None)
        if score.metric in ("flicker", "mean_chroma"):
            assert score.restored is not None and not score.note
        else:
            assert (score.restored, score.note) == (None, "not measured, because no truth was given")
    assert {"psnr", "warp_error", "flicker"} <= scores.keys()
    assert scores["mean_chroma"].restored > 1
    assert [number for number, _ in card.by_shot] == [1]


def test_colour_that_flickers_is_told_with_and_without_a_truth(films: dict[str, Path], tmp_path: Path) -> None:
    blinking = film(tmp_path / "blinking.mkv", tint=0.5, blink=6)
    for truth in (None, str(films["truth"])):
        steady, blinks = (
            named(judge(str(path), truth, survey_of(films["truth"]), WHOLE).scores)["flicker"]
            for path in (films["made"], blinking)
        )
        assert blinks.restored > steady.restored + 3
        assert blinks.truth == steady.truth and (blinks.gray is None) == (truth is None)
    assert blinks.gray == pytest.approx(0, abs=1e-3)


def test_every_frame_goes_into_a_table(films: dict[str, Path], tmp_path: Path) -> None:
    index = Indexer()
    with Reader(probe(films["truth"])) as reader:
        for picture in reader.pictures():
            index.add(picture)
    index.index().save(tmp_path / "index.npz")
    survey = replace(survey_of(films["truth"]), index_path=str(tmp_path / "index.npz"))
    for truth in (str(films["truth"]), None):
        path = tmp_path / "film.scores.csv"
        card = judged(str(films["made"]), survey, (shot(1, 0, 7), shot(2, 7, FRAMES)), Judging(truth, path))
        found = curves.read(path)
        assert (found.shots.tolist(), found.seconds[6]) == ([1] * 7 + [2] * 5, 0.25)
        assert ("flicker gray" in found.columns) == ("psnr" in found.columns) == (truth is not None)
        for name, values in found.columns.items():
            assert len(values) == FRAMES
            metric, _, look = name.partition(" ")
            if metric == "flicker":  # too few frames for a mean by frames to be the mean of pairs
                assert np.isnan(values[[0, 7]]).all()
            elif metric != "cdc" and metric != "warp_error":
                score = getattr(named(card.scores)[metric], look or "restored")
                shots = np.nanmean(values[:7]), np.nanmean(values[7:])
                assert (7 * shots[0] + 5 * shots[1]) / 12 == pytest.approx(score, rel=1e-5, abs=1e-5)


def test_progress_is_told(films: dict[str, Path]) -> None:
    told: list[tuple[int, int]] = []
    judge(str(films["made"]), "self", survey_of(films["truth"]), WHOLE, lambda done, total: told.append((done, total)))
    assert told == [(8, FRAMES), (FRAMES, FRAMES)]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"frames": FRAMES - 1}, f"{FRAMES - 1} frames, but the film has more than {FRAMES - 1}"),
        ({"frames": FRAMES + 1}, f"more than {FRAMES} frames, but the film has {FRAMES}"),
        ({"size": (32, 64)}, "64x32 px, but the film has 48x32"),
        ({"rate": 25}, "25.000 frames a second, but the film has 24.000"),
    ],
)
def test_a_truth_that_is_another_film_is_refused(
    films: dict[str, Path], tmp_path: Path, other: dict, words: str
) -> None:
    truth = film(tmp_path / "other.mkv", **other)
    with pytest.raises(BadInput, match=words) as caught:
        judge(str(films["made"]), str(truth), survey_of(films["truth"]), WHOLE)
    assert str(truth) in str(caught.value) and "\n" not in str(caught.value)


def test_a_gray_film_is_no_truth(films: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match=r"gray\.mkv: has no colour to score against"):
        judge(str(films["made"]), "self", survey_of(films["gray"]), WHOLE)
    with pytest.raises(UsageError, match=r"gray\.mkv: has no colour to score against"):
        judge(str(films["made"]), str(films["gray"]), survey_of(films["truth"]), WHOLE)


def test_a_truth_that_is_not_there_is_refused(films: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        judge(str(films["made"]), str(tmp_path / "none.mkv"), survey_of(films["truth"]), WHOLE)


def test_a_rate_a_hair_off_is_the_same_film(films: dict[str, Path]) -> None:
    reel = probe(films["truth"])
    ntsc = replace(reel, video=replace(reel.video, rate=Fraction(24000, 1001)))
    assert true_reel(ntsc, str(films["truth"])).video.rate == 24


def test_of_a_shot_that_is_over_only_numbers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tallies hold the frames that they look back at: those of a film's thousands of shots would fill the memory."""
    alive, most = WeakSet[object](), [0]
    begin = Part.begin

    def counted(metric: Part) -> object:
        tally = begin(metric)
        alive.add(tally)
        gc.collect()
        most[0] = max(most[0], len(alive))
        return tally

    monkeypatch.setattr(Part, "begin", counted)
    made, shots = film(tmp_path / "made.mkv"), [Shot(n + 1, 1, n, n + 1, n, n + 1, "cut") for n in range(FRAMES)]
    measure(probe(str(made)), None, survey_of(made), shots, Measuring((Measured(Part(), 1),)))
    assert 0 < most[0] <= 2
