"""The cartoon of the demo film: a fox in a meadow, and a penguin that sails home at dusk."""

from __future__ import annotations

import math
from collections.abc import Callable

from restore.demo.ink import INK, Image, Point, Rgb, Sheet, curve, oval

WIDTH, HEIGHT = 640, 480

ORANGE: Rgb = (232, 124, 44)
CREAM: Rgb = (252, 236, 208)
RED: Rgb = (206, 52, 52)
BLUE: Rgb = (62, 124, 200)
WHITE: Rgb = (250, 250, 246)
GOLD: Rgb = (250, 204, 72)
WOOD: Rgb = (150, 92, 52)
DUSK: tuple[Rgb, ...] = (  # from the zenith down to the sea
    (70, 58, 120), (112, 72, 138), (166, 88, 138), (216, 112, 116), (244, 152, 98), (252, 192, 104),
)  # fmt: skip


def meadow(t: float) -> Image:
    """The picture `t` seconds into the meadow: the fox walks to the right, the land moves to the left."""
    sheet = Sheet(WIDTH, HEIGHT, (142, 206, 238))
    _sky(sheet, t)
    _hills(sheet, 40 * t)
    _cottage(sheet, 430 - 40 * t, 282)
    _tree(sheet, 90 - 62 * t, 330)
    _tree(sheet, 640 - 62 * t, 334)
    sheet.shape(
        [(-9, 372), *curve((-9, 372), (200, 352), (430, 384), (649, 362)), (649, 489), (-9, 489)], (126, 184, 82)
    )
    for i in range(16):
        x = (i * 83 - 120 * t) % 720 - 40
        _flower(sheet, x, 402 + (i * 37) % 62, (RED, GOLD, (236, 128, 190))[i % 3])
    _fox(sheet, 150 + 70 * t, 398, t * 2.2)
    _bird(sheet, 520 - 75 * t, 118 + 14 * math.sin(t * 4), t * 5)
    return sheet.picture()


def _sky(sheet: Sheet, t: float) -> None:
    sheet.shape([(-9, 190), (649, 170), (649, 489), (-9, 489)], (188, 228, 240), line=0)
    sheet.ellipse((560, 72), (38, 38), GOLD)
    for x, y, size in ((120, 84, 1.0), (350, 56, 0.7), (600, 140, 0.8)):
        left = (x - 14 * t * size + 90) % 820 - 90
        puffs = ((-34, 8, 28, 20), (36, 8, 30, 20), (0, -6, 36, 28))
        for dx, dy, rx, ry in puffs:
            sheet.ellipse((left + dx * size, y + dy * size), (rx * size, ry * size), WHITE)
        for dx, dy, rx, ry in puffs:
            sheet.ellipse((left + dx * size, y + dy * size), (rx * size - 1, ry * size - 1), WHITE, line=0)


def _hills(sheet: Sheet, shift: float) -> None:
    for height, wave, speed, fill in ((232, 150.0, 0.25, (150, 190, 196)), (286, 210.0, 0.6, (104, 168, 104))):
        tops = [
            (x - 9.0, height + 22 * math.sin((x + shift * speed) / wave * 2) + 8 * math.sin((x + shift * speed) / 47))
            for x in range(0, 668, 6)
        ]
        sheet.shape([*tops, (660, 489), (-9, 489)], fill)


def _cottage(sheet: Sheet, x: float, y: float) -> None:
    sheet.shape([(x + 62, y - 64), (x + 78, y - 64), (x + 78, y - 24), (x + 62, y - 24)], (140, 84, 76))
    sheet.shape([(x, y), (x + 100, y), (x + 100, y + 66), (x, y + 66)], CREAM)
    sheet.shape([(x - 12, y + 4), (x + 50, y - 54), (x + 112, y + 4)], (190, 66, 56))
    sheet.shape([(x + 16, y + 24), (x + 40, y + 24), (x + 40, y + 66), (x + 16, y + 66)], WOOD)
    sheet.shape([(x + 58, y + 20), (x + 84, y + 20), (x + 84, y + 44), (x + 58, y + 44)], (120, 190, 214))
    sheet.stroke([(x + 71, y + 20), (x + 71, y + 44)], INK, 2)


def _tree(sheet: Sheet, x: float, y: float) -> None:
    sheet.shape([(x - 9, y - 60), (x + 9, y - 60), (x + 13, y + 46), (x - 13, y + 46)], WOOD)
    for dx, dy, r in ((-32, -76, 34), (32, -76, 34), (0, -108, 42)):
        sheet.ellipse((x + dx, y + dy), (r, r * 0.9), (66, 138, 74))
    sheet.ellipse((x, y - 84), (36, 30), (66, 138, 74), line=0)
    for dx, dy in ((-26, -84), (20, -66), (6, -112), (40, -88)):
        sheet.ellipse((x + dx, y + dy), (6, 6), RED, line=1.5)


def _flower(sheet: Sheet, x: float, y: float, fill: Rgb) -> None:
    sheet.stroke([(x, y), (x, y + 14)], (62, 122, 56), 2.5)
    sheet.ellipse((x, y), (5.5, 5.5), fill, line=1.5)
    sheet.ellipse((x, y), (2, 2), WHITE, line=0)


def _fox(sheet: Sheet, x: float, ground: float, step: float) -> None:
    swing = math.sin(step * math.pi)
    y = ground - 58 - 3 * abs(swing)
    tip = (x - 96, y - 28 + 10 * swing)
    sheet.shape([*curve((x - 18, y + 14), (x - 76, y + 40), tip), *curve(tip, (x - 52, y - 24), (x - 14, y))], ORANGE)
    sheet.ellipse((tip[0] + 12, tip[1] + 11), (15, 9), CREAM, tilt=45)
    for side, tone in ((-1, (190, 96, 34)), (1, ORANGE)):
        foot = x + side * 22 * swing
        sheet.limb([(x + side * 7, y + 26), (foot, ground - 4), (foot + 11, ground - 3)], tone, 11)
    sheet.limb([(x - 5, y - 6), (x - 12 + 20 * swing, y + 24)], (190, 96, 34), 9)
    sheet.ellipse((x, y + 6), (27, 34), ORANGE)
    sheet.ellipse((x + 9, y + 10), (14, 24), CREAM, line=0)
    sheet.limb([(x + 5, y - 4), (x + 9 - 20 * swing, y + 26)], ORANGE, 9)
    _fox_head(sheet, x + 8, y - 52, swing)
    sheet.shape([*curve((x - 20, y - 28), (x + 6, y - 12), (x + 30, y - 28)), (x + 28, y - 16), (x - 17, y - 15)], RED)
    sheet.shape([(x - 16, y - 24), (x - 52, y - 22 + 6 * swing), (x - 50, y - 8 + 6 * swing), (x - 14, y - 14)], RED)


def _fox_head(sheet: Sheet, x: float, y: float, swing: float) -> None:
    for side in (-1, 1):
        sheet.shape([(x + side * 34, y - 8), (x + side * 30, y - 56 - swing), (x + side * 6, y - 30)], ORANGE)
        sheet.shape([(x + side * 28, y - 20), (x + side * 26, y - 42 - swing), (x + side * 14, y - 28)], CREAM, line=0)
    sheet.ellipse((x, y), (42, 36), ORANGE)
    sheet.shape(
        [
            *curve((x - 26, y + 24), (x - 2, y - 10), (x + 26, y + 6)),
            *curve((x + 40, y + 8), (x + 22, y + 42), (x - 26, y + 24)),
        ],
        CREAM,
        line=0,
    )
    sheet.ellipse((x + 33, y + 7), (7, 5.5), INK, line=0)
    for dx in (-2, 21):
        sheet.ellipse((x + dx, y - 8), (4.5, 7), INK, line=0)
        sheet.ellipse((x + dx + 1.5, y - 11), (1.6, 2.2), WHITE, line=0)
    sheet.stroke(curve((x + 32, y + 14), (x + 24, y + 26), (x + 10, y + 20)), INK, 2)


def _bird(sheet: Sheet, x: float, y: float, beat: float) -> None:
    wing = 22 * math.sin(beat * math.pi)
    sheet.shape([(x + 14, y), (x + 40, y - 8), (x + 36, y + 8)], BLUE)
    sheet.ellipse((x, y), (22, 14), BLUE)
    sheet.shape([(x - 18, y - 6), (x - 34, y + 1), (x - 18, y + 5)], GOLD)
    sheet.shape(
        [*curve((x - 8, y - 4), (x + 6, y - 8 - wing), (x + 18, y - 10 - wing)), (x + 12, y + 2)], (110, 170, 230)
    )
    sheet.ellipse((x - 12, y - 4), (2.4, 3), INK, line=0)


def harbour(t: float) -> Image:
    """The picture `t` seconds into the dusk: the boat comes in from the left and rocks."""
    sheet = Sheet(WIDTH, HEIGHT, DUSK[0])
    for i, fill in enumerate(DUSK):
        sheet.shape([(-9, i * 48), (649, i * 48), (649, 489), (-9, 489)], fill, line=0)
    sheet.ellipse((452, 286), (62, 62), (255, 226, 140))
    sheet.shape([(-9, 290), *curve((-9, 262), (90, 214), (150, 290)), (150, 300), (-9, 300)], (84, 70, 110))
    sheet.shape([(-9, 292), (649, 292), (649, 489), (-9, 489)], (44, 112, 132))
    for i in range(7):
        y = 300 + i * 7
        half = 52 - i * 6 + 6 * math.sin(t * 3 + i)
        sheet.stroke([(452 - half, y), (452 + half, y)], (250, 190, 112), 2)
    _waves(sheet, 318, t, (52, 128, 146))
    _lighthouse(sheet, 548, 300, t)
    _boat(sheet, 110 + 62 * t, 356 + 5 * math.sin(t * 3.1), 3.5 * math.sin(t * 2.3), t)
    _waves(sheet, 396, t * 1.6, (36, 98, 122))
    _waves(sheet, 438, -t * 1.3, (28, 82, 108))
    for i in range(3):
        _gull(sheet, 180 + 66 * i - 26 * t, 96 + 26 * (i % 2), t * 3 + i)
    return sheet.picture()


def _waves(sheet: Sheet, y: float, t: float, fill: Rgb) -> None:
    tops = [(x - 9.0, y + 6 * math.sin(x / 21 + t * 2.4) + 3 * math.sin(x / 53 - t)) for x in range(0, 668, 5)]
    sheet.shape([*tops, (660, 489), (-9, 489)], fill, line=2)


def _lighthouse(sheet: Sheet, x: float, y: float, t: float) -> None:
    sheet.ellipse((x + 14, y + 22), (74, 26), (92, 84, 96))
    sheet.shape([(x - 20, y + 6), (x - 13, y - 118), (x + 29, y - 118), (x + 36, y + 6)], WHITE)
    for low, high in ((-24, -52), (-80, -106)):
        inner = [(x - 18.3, y + low), (x - 16.7, y + high), (x + 32.7, y + high), (x + 34.3, y + low)]
        sheet.shape(inner, RED, line=0)
    lamp = GOLD if int(t * 3) % 2 == 0 else (150, 118, 70)
    sheet.shape([(x - 9, y - 142), (x + 25, y - 142), (x + 25, y - 118), (x - 9, y - 118)], lamp)
    sheet.shape([(x - 15, y - 142), (x + 8, y - 166), (x + 31, y - 142)], RED)


def _boat(sheet: Sheet, x: float, y: float, tilt: float, t: float) -> None:
    c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))

    def at(dx: float, dy: float) -> Point:
        return x + dx * c - dy * s, y + dx * s + dy * c

    sheet.limb([at(-10, 10), at(-10, -190)], WOOD, 5)
    sail = [at(-4, -184), *(at(*p) for p in curve((-4, -184), (104, -120), (94, -34))), at(-4, -34)]
    sheet.shape(sail, CREAM)
    sheet.shape([at(-4, -108), *(at(*p) for p in curve((72, -118), (80, -100), (86, -84))), at(-4, -74)], (222, 92, 70))
    sheet.shape([at(-12, -186), at(-44, -178 + 5 * math.sin(t * 9)), at(-12, -168)], BLUE)
    _penguin(sheet, at, t)
    hull = [
        at(-104, 0),
        at(112, 0),
        *(at(*p) for p in curve((112, 0), (84, 56), (20, 56))),
        *(at(*p) for p in curve((-40, 56), (-92, 52), (-104, 0))),
    ]
    sheet.shape(hull, (168, 78, 48))
    sheet.shape([at(-106, -8), at(116, -8), at(110, 8), at(-101, 8)], GOLD)
    for dx in (-44, 0, 44):
        sheet.shape([at(*p) for p in oval((dx, 26), (8, 8))], (110, 190, 206))


def _penguin(sheet: Sheet, at: Callable[[float, float], Point], t: float) -> None:
    wave = 16 * math.sin(t * 7)
    dark: Rgb = (52, 58, 84)
    sheet.limb([at(-72, -44), at(-94, -72 + wave)], dark, 10)
    sheet.shape([at(*p) for p in oval((-58, -30), (24, 38))], dark)
    sheet.shape([at(*p) for p in oval((-52, -26), (15, 30))], WHITE, line=0)
    sheet.shape([at(*p) for p in oval((-56, -78), (22, 21))], dark)
    sheet.shape([at(*p) for p in oval((-50, -74), (13, 13))], WHITE, line=0)
    sheet.shape([at(-42, -78), at(-20, -71), at(-42, -66)], ORANGE, line=2)
    sheet.shape([at(*p) for p in oval((-52, -80), (3, 4))], INK, line=0)
    sheet.shape([at(-78, -56), at(-34, -56), at(-36, -46), at(-76, -46)], (96, 176, 92))
    sheet.limb([at(-42, -40), at(-26, -22)], dark, 9)


def _gull(sheet: Sheet, x: float, y: float, beat: float) -> None:
    lift = 8 * math.sin(beat * 2)
    left = curve((x - 22, y - lift), (x - 10, y - 10), (x, y))
    sheet.stroke([*left, *curve((x, y), (x + 10, y - 10), (x + 22, y - lift))], WHITE, 3)
