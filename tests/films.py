"""Tiny films for tests, made on the spot: every picture's luma is known, and FFV1 keeps it to the bit.

pictures = lights(12)
film = Film(pixel_format="yuv422p10le", rate=Fraction(18)).write(tmp_path / "film.mkv", lights(12, depth=10))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[Any]


def lights(count: int, width: int = 48, height: int = 32, depth: int = 8) -> list[Plane]:
    """`count` different pictures, (height, width) uint8 or uint16 in the low `depth` bits: a moving ramp with grain."""
    rows, columns = np.mgrid[0:height, 0:width]
    kind = np.uint8 if depth == 8 else np.uint16
    grain = np.random.default_rng(7)
    span = 1 << depth
    noise = max(span // 64, 1)
    return [
        (((columns * 3 + rows * 2 + n * 11) * span // 256 + grain.integers(0, noise, (height, width))) % span).astype(
            kind
        )
        for n in range(count)
    ]


@dataclass(frozen=True)
class Film:
    """How a test film is coded. `times` are timestamps in `time_base`, one a frame; else frames follow at `rate`.

    `stream` sets attributes of the encoder's context (color_range, colorspace, sample_aspect_ratio, field_order …).
    `sound` adds that many seconds of a 48 kHz tone, PCM where the container takes it, else AAC.
    """

    codec: str = "ffv1"
    pixel_format: str = "yuv420p"
    rate: Fraction = Fraction(24)
    times: Sequence[int] | None = None
    time_base: Fraction | None = None
    options: dict[str, str] = field(default_factory=dict)
    stream: dict[str, Any] = field(default_factory=dict)
    sound: float = 0.0
    chapters: Sequence[dict[str, Any]] = ()
    format: str | None = None
    muxer: dict[str, str] = field(default_factory=dict)

    def write(
        self, path: Path, pictures: Sequence[Plane], colours: Sequence[tuple[Plane, Plane]] | None = None
    ) -> Path:
        """Write the film; chroma planes as given (code values, at the format's chroma size), else neutral gray."""
        height, width = pictures[0].shape
        tick = self.time_base or 1 / self.rate
        with av.open(str(path), "w", format=self.format, options=self.muxer) as out:
            video: Any = out.add_stream(self.codec, rate=self.rate, options=self.options)
            video.width, video.height, video.pix_fmt = width, height, self.pixel_format
            video.codec_context.time_base = tick
            for name, value in self.stream.items():
                setattr(video.codec_context, name, value)
            sound = self._sound_stream(out) if self.sound else None
            if self.chapters:
                out.set_chapters(list(self.chapters))
            for number, light in enumerate(pictures):
                frame = picture(light, self.pixel_format, colours[number] if colours else None)
                frame.pts, frame.time_base = (self.times[number] if self.times else number), tick
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
            if sound is not None:
                self._play(out, sound)
        return path

    def _sound_stream(self, out: Any) -> Any:
        codec = "pcm_s16le" if out.format.name in ("matroska", "avi", "mov") else "aac"
        return out.add_stream(codec, rate=48000, layout="mono")

    def _play(self, out: Any, sound: Any) -> None:
        wave = np.sin(np.arange(int(self.sound * 48000)) * 0.0576) * 8000
        for start in range(0, len(wave), 1024):
            block = wave[start : start + 1024].astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def picture(light: Plane, pixel_format: str, colour: tuple[Plane, Plane] | None = None) -> av.VideoFrame:
    """A frame of a planar or gray format with exactly this luma; chroma as given, else neutral."""
    height, width = light.shape
    frame = av.VideoFrame(width, height, pixel_format)
    neutral = 1 << (frame.format.components[0].bits - 1)
    for number, plane in enumerate(frame.planes):
        words = plane_view(plane, light.dtype)
        if number == 0:
            words[:height, :width] = light
        elif colour is not None and number < 3:
            rows, columns = colour[number - 1].shape
            words[:rows, :columns] = colour[number - 1]
        else:
            words[:] = neutral
    return frame


def plane_view(plane: Any, kind: Any) -> Plane:
    """A writable view of a plane with its line padding."""
    kind = np.dtype(kind)
    return np.frombuffer(plane, dtype=kind).reshape(-1, plane.line_size // kind.itemsize)


def write_frames(folder: Path, pictures: Sequence[Plane], suffix: str = "png", first: int = 1) -> Path:
    """A folder of frame files frame_000001.png and on; (H, W) gray or (H, W, 3) RGB, uint8 or uint16."""
    folder.mkdir(parents=True, exist_ok=True)
    codec = {"dpx": "dpx", "tif": "tiff", "tiff": "tiff", "png": "png"}[suffix]
    for number, image in enumerate(pictures, start=first):
        deep = image.dtype == np.uint16
        if image.ndim == 3:
            name = {"png": "rgb48be", "tiff": "rgb48le", "dpx": "rgb48be"}[codec] if deep else "rgb24"
        else:
            name = {"png": "gray16be", "tiff": "gray16le", "dpx": "gray16le"}[codec] if deep else "gray"
        frame = av.VideoFrame(image.shape[1], image.shape[0], name)
        flat = image.reshape(image.shape[0], -1)
        stored = flat.astype(">u2") if name.endswith("be") else flat
        plane_view(frame.planes[0], stored.dtype)[: stored.shape[0], : stored.shape[1]] = stored
        encoder: Any = av.CodecContext.create(codec, "w")
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, name
        encoder.time_base, frame.pts = Fraction(1, 24), 0
        packets = [*encoder.encode(frame), *encoder.encode(None)]
        (folder / f"frame_{number:06d}.{suffix}").write_bytes(b"".join(bytes(packet) for packet in packets))
    return folder
