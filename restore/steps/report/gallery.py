"""The pictures of the page: the contact sheet, and every shot's stills laid on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restore.film import Damage, Shot
from restore.shots.sheet import DOUBTFUL, middle
from restore.shots.table import Clock, timecode
from restore.steps.report.choice import TILES, Choice, some
from restore.steps.report.differences import Scale, legend
from restore.steps.report.page import clean, count
from restore.steps.stills import Film, Jpeg, Map, Still, Wanted, stills

TILE = 208  # px, width of a picture in the contact sheet

WHY = {
    "start": "start of the film", "cut": "cut", "fade": "fade", "dissolve": "dissolve",
    "listed": "from the edited list",
}  # fmt: skip
KINDS = {"coloured": "has colour of its own", "tinted": "tinted", "card": "title card", "leader": "leader"}


@dataclass(frozen=True)
class Looks:
    """What a frame is shown as: names by key, which two lie on each other (the first is chosen), and the scales of
    those that are maps."""

    names: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...]
    tile: str  # the look of the contact sheet
    scales: Mapping[str, Scale]


@dataclass(frozen=True)
class Gallery:
    """Pictures of a film's shots, taken and ready to be shown."""

    looks: Looks
    choice: Choice
    stills: Mapping[int, Still]
    tiles: Mapping[int, Jpeg]  # by shot

    def picture(self, frame: int, look: str) -> Jpeg | None:
        return self.stills[frame].pictures.get(look) if frame in self.stills else None


def take(films: Sequence[Film], maps: Sequence[Map], looks: Looks, shots: Sequence[Shot], choice: Choice) -> Gallery:
    """Take all pictures. `shots`: whole ones. The film that has the tiles' look is read once more for them."""
    starts = frozenset(shot.start for shot in shots)
    frames = {frame: number for number, chosen in choice.frames.items() for frame in chosen}
    found = stills(films, Wanted(frames, choice.width, maps, starts))
    shown = {middle(shot): shot.number for shot in some(shots, (), TILES)}
    film = next(film for film in films if looks.tile in film.looks)
    only = Film(film.reel, {looks.tile: film.looks[looks.tile]}, film.index)
    tiles = stills([only], Wanted(shown, TILE))
    return Gallery(looks, choice, found, {number: tiles[frame].pictures[looks.tile] for frame, number in shown.items()})


def shot_views(
    gallery: Gallery, shots: Sequence[Shot], time: Clock, damage: Sequence[Damage] = ()
) -> list[dict[str, Any]]:
    """What the template shows of each whole shot; `stills` is empty for those that have none."""
    hurt = [sign.frame for sign in damage]
    return [
        {
            "number": shot.number, "start": shot.start, "stop": shot.stop, "begins": timecode(time(shot.start)),
            "lasts": f"{time(shot.stop) - time(shot.start):.1f} s", "frames": count(shot.frames, "frame"),
            "why": WHY.get(shot.why, clean(shot.why)), "confidence": f"{shot.confidence:.0%}",
            "doubtful": shot.confidence < DOUBTFUL, "kept": kind(shot),
            "damaged": any(shot.start <= frame < shot.stop for frame in hurt),
            "tile": gallery.tiles.get(shot.number),
            "stills": [
                _still_view(gallery, shot.number, frame, time)
                for frame in gallery.choice.frames.get(shot.number, ())
            ],
        }
        for shot in shots
    ]  # fmt: skip


def kind(shot: Shot) -> str:
    """What a shot is, and that it was left as it is, where it was."""
    return f"{KINDS.get(shot.kind, shot.kind)}: left as it is" if shot.left else ""


def _still_view(gallery: Gallery, shot: int, frame: int, time: Clock) -> dict[str, Any]:
    pictures = gallery.stills[frame].pictures
    return {
        "frame": frame,
        "time": timecode(time(frame)),
        "main": gallery.choice.main[shot] == frame,
        "looks": [
            {"key": key, "name": name, "picture": pictures[key], "alt": f"Shot {shot}, frame {frame}: {name}"}
            for key, name in gallery.looks.names.items()
            if key in pictures
        ],
    }


def look_view(gallery: Gallery, shots: Sequence[Shot]) -> dict[str, Any]:
    """What the template and the script need to know of the pictures as a whole."""
    names = gallery.looks.names
    return {
        "pairs": [
            {"left": left, "right": right, "name": f"{names[left]} and {names[right]}"}
            for left, right in gallery.looks.pairs
        ],
        "legends": [
            {
                "key": key, "title": scale.title, "unit": scale.unit, "help": scale.help, "ticks": scale.ticks,
                "strip": legend(scale),
            }
            for key, scale in gallery.looks.scales.items()
        ],
        "said": _said(gallery, shots),
    }  # fmt: skip


def _said(gallery: Gallery, shots: Sequence[Shot]) -> str:
    """How many pictures there are, so that nobody takes the page for the whole film."""
    with_stills, frames = len(gallery.choice.frames), len(gallery.stills)
    wide = max(picture.width for still in gallery.stills.values() for picture in still.pictures.values())
    said = f"{count(frames, 'still')} of {count(with_stills, 'shot')}, {wide} px wide."
    if with_stills < len(shots):
        said += (
            f" The film has {len(shots)} shots: to keep this page small, only those with the worst frames, the "
            "doubtful ones and an even choice of the others have pictures to compare."
        )
    if len(gallery.tiles) < len(shots):
        said += f" {len(gallery.tiles)} shots have a picture in the contact sheet."
    return said
