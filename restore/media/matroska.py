"""A name of its own for each Matroska master, without which the archives' acceptance policies refuse the file.

The ffmpeg program either writes random identifiers, and then the same film never gives the same bytes, or none at
all. So it is told to write none, and the segment's UID is put in afterwards, into the empty space that it leaves
behind its table of contents (RFC 9559: SeekHead, Void, Info; RFC 8794: element numbers, sizes, CRC-32).
"""

from __future__ import annotations

import zlib
from pathlib import Path

SEGMENT, SEEK_HEAD, VOID, INFO = 0x18538067, 0x114D9B74, 0xEC, 0x1549A966
_CRC, _SEEK, _SEEK_ID, _SEEK_POSITION = 0xBF, 0x4DBB, 0x53AB, 0x53AC
_SEGMENT_UID = 0x73A4
_HEAD = 4096  # bytes, in which all of this lies
_TRACKS, _ENTRY, _VIDEO, _CLUSTER = 0x1654AE6B, 0xAE, 0xE0, 0x1F43B675
_CROPS = {0x54BB: "top", 0x54AA: "bottom", 0x54CC: "left", 0x54DD: "right"}  # PixelCrop…, RFC 9559, section 5.1.4.1.28
_BEGINNING = 1 << 20  # bytes, in which the tracks of films lie

Element = tuple[int, int, bytes]
"""ID, position in the data it was read from, content."""


def set_segment_uid(path: Path, uid: bytes) -> bool:
    """Put `uid` (16 bytes) into the file's Info element, in place; no other byte moves.

    Returns False, the file untouched, when it already has one, or is not laid out as FFmpeg lays it out.
    """
    with path.open("r+b") as file:
        head = file.read(_HEAD)
        inside = _inside_segment(head)
        found = _leading(head, inside)
        if [number for number, _, _ in found] != [SEEK_HEAD, VOID, INFO]:
            return False
        (_, seek_at, seek), (_, _, _), (_, info_at, info) = found
        if any(number == _SEGMENT_UID for number, _, _ in _children(info)):
            return False
        end = info_at + len(_element(INFO, info))
        if head[info_at:end] != _element(INFO, info):
            return False
        new_info = _element(INFO, _checked(_element(_SEGMENT_UID, uid) + _unchecked(info)))
        new_seek = _element(SEEK_HEAD, _moved(seek, info_at - inside, end - len(new_info) - inside))
        void = end - len(new_info) - seek_at - len(new_seek)
        if void < 9:
            return False
        file.seek(seek_at)
        file.write(new_seek + _number(VOID) + (0x0100000000000000 | void - 9).to_bytes(8, "big") + bytes(void - 9))
        file.write(new_info)
    return True


def segment_uid(path: Path) -> bytes | None:
    """The segment's UID, or None when the file names none."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for number, _, content in _leading(head, _inside_segment(head)):
        if number == INFO:
            return next((value for part, _, value in _children(content) if part == _SEGMENT_UID), None)
    return None


def hidden_edges(path: Path, track: int) -> dict[str, int]:
    """Pixels at each edge that a Matroska file asks players to hide in its track number `track` (from 0); no zeros.

    Empty, too, for a file that is not built as it should be.
    """
    with path.open("rb") as file:
        head = file.read(_BEGINNING)
    try:
        for number, _, content in _children(head[_inside_segment(head) :]):
            if number == _TRACKS:
                entry = [inner for kind, _, inner in _children(content) if kind == _ENTRY][track]
                video = next((inner for kind, _, inner in _children(entry) if kind == _VIDEO), b"")
                found = {_CROPS[kind]: int.from_bytes(inner[:8], "big") for kind, _, inner in _children(video)
                         if kind in _CROPS}  # fmt: skip
                return {edge: pixels for edge, pixels in found.items() if pixels}
            if number == _CLUSTER:
                break
    except IndexError:  # it ends in the middle of an element
        pass
    return {}


def _inside_segment(head: bytes) -> int:
    at = 0
    while True:
        number, at_size = _read(head, at, keep_marker=True)
        size, at_content = _read(head, at_size)
        if number == SEGMENT:
            return at_content
        at = at_content + size


def _leading(head: bytes, at: int) -> list[Element]:
    """The segment's first elements, up to Info."""
    found = list[Element]()
    for element in _children(head[at:]):
        found.append((element[0], element[1] + at, element[2]))
        if element[0] == INFO or len(found) == 8:
            break
    return found


def _children(content: bytes) -> list[Element]:
    found, at = list[Element](), 0
    while at + 2 <= len(content):
        number, at_size = _read(content, at, keep_marker=True)
        size, at_content = _read(content, at_size)
        found.append((number, at, content[at_content : at_content + size]))
        at = at_content + size
    return found


def _moved(seek: bytes, old: int, new: int) -> bytes:
    """The content of a SeekHead whose entry for position `old` says `new`."""
    entries = b""
    for number, _, content in _children(_unchecked(seek)):
        parts = {part: value for part, _, value in _children(content)}
        where = int.from_bytes(parts[_SEEK_POSITION], "big")
        if where == old:
            width = len(parts[_SEEK_POSITION])
            content = _element(_SEEK_ID, parts[_SEEK_ID]) + _element(_SEEK_POSITION, new.to_bytes(width, "big"))
        entries += _element(number, content)
    return _checked(entries)


def _unchecked(content: bytes) -> bytes:
    """Content without the CRC-32 element that leads it."""
    return content[6:] if content[:2] == bytes([_CRC, 0x84]) else content


def _checked(content: bytes) -> bytes:
    return bytes([_CRC, 0x84]) + zlib.crc32(content).to_bytes(4, "little") + content


def _element(number: int, content: bytes) -> bytes:
    """An element, its size in as few bytes as hold it, as FFmpeg writes the elements that are met here."""
    size, width = len(content), 1
    while size >= (1 << 7 * width) - 1:
        width += 1
    return _number(number) + (size | 1 << 7 * width).to_bytes(width, "big") + content


def _number(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _read(data: bytes, at: int, keep_marker: bool = False) -> tuple[int, int]:
    """A variable-length number at `at` and the place behind it."""
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big")
    return (value if keep_marker else value & ~(1 << 7 * width)), at + width
