"""What each shot is, clean and worn; a shot that is left keeps the source's chroma to the bit, and no neighbour's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from films import Film

from restore.colour import resampled
from restore.configs import recipe as recipes
from restore.errors import BadInput, BadRecipe
from restore.film import Shot, Take
from restore.media.evidence import pictures
from restore.media.probe import probe
from restore.media.spec import plan
from restore.shots.kinds import Kind, KindFinder
from restore.shots.table import read_shots, write_shots
from restore.steps import restore_shot as rendering
from restore.steps import studio as room
from restore.steps.leave import sentence, warning
from restore.steps.restore_shot import Job, restore_shot, take_key
from restore.steps.split import Splitting, split
from restore.wear import evenly, wear_out

SIZE = (240, 320)
FRAMES = 24
Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def scene(seed: int = 1) -> np.ndarray:
    """(240, 320) 0 to 1: many soft shapes of all sizes."""
    dice, picture = np.random.default_rng(seed), np.zeros(SIZE, np.float32)
    for size, share in ((4, 0.5), (12, 0.3), (40, 0.2)):
        picture += share * cv2.resize(dice.random((size, size), np.float32), SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 1)


def card(*lines: str, light: bool = False) -> np.ndarray:
    picture = np.full(SIZE, 20, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(picture, line, (30, 90 + 34 * number), cv2.FONT_HERSHEY_COMPLEX, 0.8, 220, 1, cv2.LINE_AA)
    cv2.rectangle(picture, (10, 10), (310, 230), 220, 2)
    return (255 - picture if light else picture).astype(np.float32) / 255


def shot_of(light: np.ndarray, chroma: tuple[float, float] | None = None, depth: int = 8, wear: float = 0.0) -> Kind:
    """The kind of a shot of one still picture; `chroma`: Cb, Cr in 8-bit codes at full light, growing with it."""
    finder, scale = KindFinder(), 1 << (depth - 8)
    kind = np.uint8 if depth == 8 else np.uint16
    codes = [np.round((16 + 219 * light) * scale).astype(kind)] * FRAMES
    dice = np.random.default_rng(3)
    for number, worn in enumerate(wear_out(codes, depth, evenly(wear), 5)):
        small = cv2.resize(light, (SIZE[1] // 2, SIZE[0] // 2), interpolation=cv2.INTER_AREA)
        planes = [
            np.round((128 + part * small + dice.normal(0, 1.5, small.shape)) * scale).astype(kind)
            for part in chroma or (0.0, 0.0)
        ]
        finder.add(number, worn.light, (planes[0], planes[1]), depth)
    return finder.of(0, FRAMES)


@pytest.mark.parametrize("wear", [0.0, 1.0])
@pytest.mark.parametrize(
    ("light", "chroma", "kind"),
    [
        (scene(), None, "picture"),
        (0.15 * scene(), None, "picture"),  # by night
        (1 - 0.25 * scene(), None, "picture"),  # snow
        (scene(), (-20.0, 15.0), "tinted"),
        (scene(), (30.0, -12.0), "tinted"),
        (card("LATER THAT NIGHT", "IN THE CITY"), None, "card"),
        (card("It is raining", "since yesterday", light=True), None, "card"),
        (card("LATER THAT NIGHT", "IN THE CITY"), (40.0, -10.0), "card"),
        (np.zeros(SIZE, np.float32), None, "leader"),
        (np.full(SIZE, 0.4, np.float32), None, "leader"),
    ],
)
def test_kinds_are_told_apart(light: np.ndarray, chroma: tuple[float, float] | None, kind: str, wear: float) -> None:
    assert shot_of(light, chroma, wear=wear).name == kind


def test_bits_do_not_matter() -> None:
    assert [shot_of(scene(), tint, depth).name for depth in (10, 16) for tint in (None, (-20.0, 15.0))] == [
        "picture", "tinted", "picture", "tinted",
    ]  # fmt: skip


def test_several_hues_at_the_same_light_are_colour() -> None:
    finder, light = KindFinder(), np.round(16 + 219 * scene()).astype(np.uint8)
    cb, cr = (np.round(128 + 60 * (scene(seed)[::2, ::2] - 0.5)).astype(np.uint8) for seed in (8, 9))
    for number in range(6):
        finder.add(number, light, (cb, cr), 8)
    assert finder.of(0, 6).name == "coloured"


def test_a_film_without_chroma_is_gray_and_too_short_a_shot_is_a_picture() -> None:
    finder = KindFinder()
    for number in range(4):
        finder.add(number, np.round(16 + 219 * scene(number)).astype(np.uint8), None, 8)
    assert finder.of(0, 4).name == "picture"
    assert finder.of(1, 2) == Kind("picture", 0.5)


def made(folder: Path) -> Path:
    """Three shots: gray, tinted with noise in its chroma, gray; made once."""
    if (folder / "film.mkv").exists():
        return folder / "film.mkv"
    dice = np.random.default_rng(2)
    lights = [np.round(16 + 219 * scene(1 + n // 12)[::4, ::4]).astype(np.uint8) for n in range(36)]
    neutral = np.full((30, 40), 128, np.uint8)
    sepia = [tuple((v + dice.integers(-2, 3, (30, 40))).astype(np.uint8) for v in (110, 144)) for _ in range(36)]
    chroma = [sepia[n] if 12 <= n < 24 else (neutral, neutral) for n in range(36)]
    return Film(pixel_format="yuv420p").write(folder / "film.mkv", lights, chroma)  # type: ignore[arg-type]


def rendered(
    folder: Path, options: tuple[str, ...] = (), leave: tuple[str, ...] = ("tinted",)
) -> tuple[Job, list[Shot]]:
    reel = probe(made(folder))
    (folder / "takes").mkdir(exist_ok=True)
    lines = folder / "list.csv"
    lines.write_text("start frame\n0\n12\n24\n")
    survey, shots = split(reel, folder / "index.npz", Splitting(str(lines), leave=("tinted",)))
    recipe = recipes.load("draft", ("access.codec=none", *options))
    job = Job(survey, recipe, plan(reel, recipe.master, recipe.access), str(folder / "takes"), "cpu", 1)
    return job, list(shots)


def planes(path: str) -> list[Planes]:
    with av.open(path) as film:
        return [tuple(f.to_ndarray()[rows] for rows in (slice(0, 60), slice(60, 75), slice(75, 90)))  # type: ignore[misc]
                for f in film.decode(video=0)]  # fmt: skip


def test_a_left_shot_keeps_its_chroma_and_runs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, shots = rendered(tmp_path)
    assert [(s.kind, s.left) for s in shots] == [("picture", False), ("tinted", True), ("picture", False)]
    monkeypatch.setattr(room.Studio, "runtime", None, raising=False)
    monkeypatch.setattr(rendering, "_made", None)
    take = restore_shot(shots[1], job)
    source, master = planes(job.survey.reel.path)[12:24], planes(take.path)
    assert all(
        np.array_equal(a, b) for one, two in zip(source, master, strict=True) for a, b in zip(one, two, strict=True)
    )
    assert pictures(Path(take.path), None, spans=[(0, 12)]).chroma == (take.chroma_sha256,)
    assert restore_shot(shots[1], job) == replace(take, seconds=0.0, found=True)
    room.leave_studio("cpu", 1)


def test_another_kind_is_another_take(tmp_path: Path) -> None:
    job, shots = rendered(tmp_path)
    keys = [take_key(shot, job) for shot in (shots[1], replace(shots[1], left=False))]
    other, _ = rendered(tmp_path, ("colorize.saturation=0.5",))
    assert keys[0] != keys[1]
    assert take_key(shots[1], other) == keys[0]
    assert take_key(replace(shots[1], left=False), other) != keys[1]
    room.leave_studio("cpu", 1)


def test_the_list_says_the_kinds_and_is_obeyed(tmp_path: Path) -> None:
    job, shots = rendered(tmp_path)
    table = tmp_path / "film.shots.csv"
    write_shots(table, shots, lambda frame: frame / 24)
    table.write_text(table.read_text().replace("tinted", "picture").replace(",picture,", ",card,", 1))
    _, again = split(job.survey.reel, tmp_path / "again.npz", Splitting(str(table), leave=("card",)))
    assert [(s.kind, s.left) for s in again] == [("card", True), ("picture", False), ("picture", False)]
    table.write_text(table.read_text().replace("card", "crad"))
    with pytest.raises(BadInput, match=r"film.shots.csv:2: kind is 'crad'; did you mean 'card'"):
        read_shots(table)


def test_what_is_left_is_said(tmp_path: Path) -> None:
    job, shots = rendered(tmp_path)
    assert sentence(shots) == "1 of 3 shots left as it is: 1 tinted (frames 12-23)"
    assert job.survey.notes[-1] == sentence(shots)
    assert warning(shots) == ""
    assert "in colour already" in warning([replace(shots[1])])
    assert sentence([replace(shot, left=False) for shot in shots]) == ""


def test_unknown_kinds_are_refused() -> None:
    assert recipes.load("film").shots.leave == ("coloured", "tinted", "card", "leader")
    assert recipes.load("film", ("shots.leave=[]",)).shots.leave == ()
    with pytest.raises(BadRecipe, match=r"shots.leave"):
        recipes.load("film", ('shots.leave=["crad"]',))


@pytest.mark.parametrize("siting", ["left", "center", "topleft"])
def test_resampled_chroma_stays_in_its_place(siting: str) -> None:
    """A ramp across the picture, sampled where each size has its samples, is the same ramp in every size."""
    rows, columns = np.mgrid[0:64, 0:96].astype(np.float64)
    ramp = 4000 + 100 * columns + 50 * rows

    def sampled(down: int, across: int) -> np.ndarray:
        lines = ramp[::down] if siting == "topleft" else ramp.reshape(64 // down, down, 96).mean(axis=1)
        if siting == "center":
            lines = lines.reshape(len(lines), 96 // across, across).mean(axis=2)
        else:
            lines = lines[:, ::across]
        return np.round(lines).astype(np.uint16)

    for old, new in (((2, 2), (1, 1)), ((1, 4), (1, 2)), ((4, 4), (2, 2)), ((1, 1), (2, 2))):
        got = resampled(sampled(*old), (64, 96), sampled(*new).shape, siting)
        inner = (slice(4, -4), slice(4, -4))
        assert np.abs(got.astype(int) - sampled(*new).astype(int))[inner].max() <= 1
    same = sampled(2, 2)
    assert resampled(same, (64, 96), same.shape, siting) is same


def test_takes_know_the_hash_of_left_chroma_only(tmp_path: Path) -> None:
    job, shots = rendered(tmp_path)
    takes: list[Take] = [restore_shot(shot, job) for shot in shots]
    assert [bool(take.chroma_sha256) for take in takes] == [False, True, False]
    room.leave_studio("cpu", 1)
