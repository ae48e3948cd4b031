"""Networks that others publish: where their files are to be had, where they are kept, and whether they are whole.

They are kept where torch keeps what it downloads, so that a file that is there already is used. Nothing is downloaded
but by `pull`, and nothing is used whose SHA-256 is not what its publisher says.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy.typing as npt

from restore import torchfile
from restore.errors import BadWeights, Unavailable
from restore.shelf import near
from restore.store import CHUNK, file_sha256, writing

PATIENCE_S = 30
"""Seconds without a byte after which a download is given up."""


@dataclass(frozen=True)
class Published:
    """A file that someone publishes.

    sha256  hex digits that the file's SHA-256 begins with; torchvision states eight of them, in the file's name.
    """

    title: str
    url: str
    sha256: str
    licence: str
    paper: str

    @property
    def path(self) -> Path:
        """Where it is kept: torch's cache, $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        home = Path(os.environ.get("TORCH_HOME") or Path(caches) / "torch").expanduser()
        return home / "hub" / "checkpoints" / Path(urlsplit(self.url).path).name


_RAFT = "Z. Teed, J. Deng: RAFT, ECCV 2020; trained by torchvision"
_TERMS = "BSD-3-Clause (torchvision); trained on data sets that are free for research"
CATALOGUE = {
    "raft": Published(
        "RAFT small: optical flow",
        "https://download.pytorch.org/models/raft_small_C_T_V2-01064c6d.pth",
        "01064c6d",
        _TERMS,
        _RAFT,
    ),
    "raft_large": Published(
        "RAFT large: optical flow",
        "https://download.pytorch.org/models/raft_large_C_T_SKHT_V2-ff5fadd5.pth",
        "ff5fadd5",
        _TERMS,
        _RAFT,
    ),
    "vgg19": Published(
        "VGG-19 for ImageNet: what FAVC sees with (docs/models.md)",
        "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        "dcbb9e9d",
        "BSD-3-Clause (torchvision); trained on ImageNet, whose pictures are for research",
        "K. Simonyan, A. Zisserman: Very Deep Convolutional Networks, 2014, arXiv:1409.1556; trained by torchvision",
    ),
}
"""Name → what is published, as torchvision 0.29 lists it (`torchvision.models`)."""


def known(name: str) -> Published:
    """Raises BadWeights, with the near word, for a name that is not in the catalogue."""
    if name not in CATALOGUE:
        raise BadWeights(f"nothing that is published is called {name!r} here{near(name, tuple(CATALOGUE))}")
    return CATALOGUE[name]


def sha256(name: str) -> str:
    """SHA-256 (hex) of the file, which is there and is the published one. Raises BadWeights."""
    entry = known(name)
    if not entry.path.is_file():
        raise BadWeights(f"weights {name}: {entry.path} is not there; get it with: restore models pull {name}")
    return _checked(name, entry.path)


def tensors(name: str) -> dict[str, npt.NDArray[Any]]:
    """Its tensors under their published names. Raises BadWeights."""
    sha256(name)
    return torchfile.read(known(name).path)


def pull(name: str) -> Path:
    """Download what is published under `name` into torch's cache.

    A file that is there and whole is left as it is. Raises BadWeights for a file with another SHA-256, which is not
    kept, Unavailable where the publisher cannot be reached, and DiskError.
    """
    entry = known(name)
    if entry.path.is_file() and file_sha256(entry.path).startswith(entry.sha256):
        return entry.path
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    with writing(entry.path) as unfinished:
        _download(name, unfinished)
        _checked(name, unfinished)
    return entry.path


def _download(name: str, file: Path) -> None:
    import http.client  # here, as every run imports this room and hardly any downloads
    import urllib.error
    import urllib.request

    entry = CATALOGUE[name]
    try:
        with urllib.request.urlopen(entry.url, timeout=PATIENCE_S) as answer, file.open("wb") as out:  # noqa: S310
            size = int(answer.headers.get("Content-Length") or 0)
            while piece := answer.read(CHUNK):
                out.write(piece)
            if size and out.tell() != size:
                raise ConnectionError(f"it ended after {out.tell()} of {size} bytes")
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise Unavailable(
            f"weights {name}: cannot get {entry.url}: {reason}; try again, or put the file at {entry.path} yourself"
        ) from error


def _checked(name: str, file: Path) -> str:
    found, wanted = file_sha256(file), CATALOGUE[name].sha256
    if not found.startswith(wanted):
        raise BadWeights(
            f"weights {name}: {file} has SHA-256 {found[:16]}…, its publisher says {wanted}…; delete it and get it "
            f"again with: restore models pull {name}"
        )
    return found
