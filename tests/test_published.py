"""Published weights: read without running anything, used only when they are what was published, fetched by asking."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from painters import TAGS, shot

from restore import along, motion, published, torchfile
from restore.configs import recipe as recipes
from restore.contracts import Frames
from restore.errors import BadWeights, Unavailable
from restore.filters.stabilize import Stabilize
from restore.runtime import Runtime, raft
from restore.windows import filtered

torch = pytest.importorskip("torch")
optical_flow = pytest.importorskip("torchvision.models.optical_flow")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch's, for this test alone."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


def bytes_of(saved: object) -> bytes:
    out = io.BytesIO()
    torch.save(saved, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def small_raft() -> bytes:
    """RAFT small with random weights, under the published names of its tensors, as torchvision saves it."""
    torch.manual_seed(1)
    return bytes_of(optical_flow.raft_small(weights=None).state_dict())


def keep(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `content` where RAFT's weights are kept, and let the catalogue say that this is what was published."""
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(published.CATALOGUE, "raft", replace(published.CATALOGUE["raft"], sha256=digest))
    path = published.CATALOGUE["raft"].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_tensors_are_read_as_torch_reads_them(tmp_path: Path) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    saved = OrderedDict(
        plain=base, turned=base.T, part=base[1:3, 2:5], half=base.half(), count=torch.tensor(7), none=torch.zeros(0, 3),
        trained=torch.nn.Parameter(base[:2]), doubles=base.double(), whole=torch.tensor([[1, 2]], dtype=torch.int32),
    )  # fmt: skip
    (tmp_path / "a.pth").write_bytes(bytes_of(saved))
    found = torchfile.read(tmp_path / "a.pth")
    assert list(found) == list(saved)
    for name, values in saved.items():
        assert found[name].shape == tuple(values.shape) and np.array_equal(found[name], values.detach().numpy()), name


class Harmful:
    """What a poisoned file looks like: unpickling it calls a function."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must not be printed",)


@pytest.mark.parametrize("poison", [Harmful(), [1, 2], {"a": Harmful()}, {"a": "text"}, {"a": {"b": 1}}])
def test_nothing_in_a_file_is_run(tmp_path: Path, poison: object, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pth").write_bytes(bytes_of(poison))
    with pytest.raises(BadWeights, match=r"a\.pth: not a dictionary of tensors that torch saved: .*; get it again"):
        torchfile.read(tmp_path / "a.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("cut", [0, 10, 500, -40])
def test_damaged_files_are_refused(tmp_path: Path, cut: int) -> None:
    content = bytes_of({"a": torch.ones(50)})
    (tmp_path / "a.pth").write_bytes(content[:cut])
    with pytest.raises(BadWeights, match="not a dictionary of tensors"):
        torchfile.read(tmp_path / "a.pth")


def test_a_tensor_may_not_reach_beyond_its_numbers(tmp_path: Path) -> None:
    whole, told = zipfile.ZipFile(io.BytesIO(bytes_of({"a": torch.ones(50)}))), io.BytesIO()
    with zipfile.ZipFile(told, "w") as out:
        for name in whole.namelist():
            out.writestr(name, whole.read(name)[:100] if name.endswith("data/0") else whole.read(name))
    (tmp_path / "a.pth").write_bytes(told.getvalue())
    with pytest.raises(BadWeights, match=r"a tensor of \(50,\) in 25 numbers"):
        torchfile.read(tmp_path / "a.pth")


def test_weights_that_are_away_are_asked_for_by_name(cache: Path) -> None:
    assert published.known("raft").path.parent == cache
    for ask in (lambda: published.sha256("raft"), Stabilize(flow="raft").ingredients):
        with pytest.raises(BadWeights, match=r"01064c6d\.pth is not there; get it with: restore models pull raft$"):
            ask()
    with pytest.raises(BadWeights, match="did you mean 'raft'"):
        published.known("rafd")


def test_weights_that_are_others_are_refused(cache: Path, small_raft: bytes) -> None:
    path = published.CATALOGUE["raft"].path
    path.parent.mkdir(parents=True)
    path.write_bytes(small_raft)
    with pytest.raises(BadWeights, match="its publisher says 01064c6d"):
        published.tensors("raft")


def test_the_network_must_be_the_one(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(bytes_of({"a": torch.ones(3)}), monkeypatch)
    with pytest.raises(BadWeights, match=r"weights raft: not the network's: .*Missing key"):
        raft.search("raft", "cpu")


def test_torch_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raft.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r'flow = "raft": torch, torchvision not installed; install restore-film\[sc'):
        Stabilize(flow="raft").ingredients()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights find nothing, however often it is refined."""
    monkeypatch.setattr(raft, "ROUNDS", 2)


def test_raft_finds_what_torchvision_finds(cache: Path, small_raft: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a picture that needs padding on both sides, both ways; and the filter takes its ways from it."""
    keep(small_raft, monkeypatch)
    rng = np.random.default_rng(3)
    here, there = rng.integers(0, 256, (2, 100, 148), dtype=np.uint8)
    ahead, back = raft.search("raft", "cpu").both(here, there)
    network = optical_flow.raft_small(weights=None).eval()
    network.load_state_dict(torch.load(io.BytesIO(small_raft), weights_only=True))
    padded = [np.pad(light, ((0, 28), (0, 4)), mode="edge") for light in (here, there)]
    one, two = (torch.from_numpy(p).expand(1, 3, -1, -1) / 127.5 - 1 for p in padded)
    with torch.inference_mode():
        for found, pair in ((ahead, (one, two)), (back, (two, one))):
            expected = network(*pair, num_flow_updates=2)[-1][0, :, :100, :148].permute(1, 2, 0).numpy()
            assert np.abs(found - expected).max() < 1e-2 * max(1.0, np.abs(expected).max())


def test_stabilize_follows_raft_and_says_so(cache: Path, small_raft: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(small_raft, monkeypatch)
    plain, follows = Stabilize(), Stabilize(flow="raft")
    assert plain.ingredients() == ()
    name, digest, *versions = follows.ingredients()
    assert (name, digest) == ("raft", hashlib.sha256(small_raft).hexdigest())
    assert [version.split()[0] for version in versions] == ["torch", "torchvision"]
    rng = np.random.default_rng(4)
    light = rng.integers(0, 256, (2, 64, 80), dtype=np.uint8)
    film = Frames(light, rng.normal(0, 0.1, (2, 2, 32, 40)).astype(np.float32), 0, 8, TAGS)
    asked: list[tuple[int, ...]] = []
    real = raft._both
    monkeypatch.setattr(raft, "_both", lambda n, d, a, b: asked.append(a.shape) or real(n, d, a, b))
    raft._loaded.cache_clear()
    motion.forget()
    (made,) = filtered([film], follows, follows.begin(shot(film), Runtime("cpu", 1)))
    raft._loaded.cache_clear()
    assert asked == [(64, 80)] and made.colour is not None and np.isfinite(made.colour).all()


def test_the_flow_is_part_of_what_a_take_is_named_after() -> None:
    keys = {recipes.load("film", [f"stabilize.flow={flow}"]).picture_key() for flow in ("dis", "raft", "raft_large")}
    assert len(keys) == 3


@pytest.fixture
def publisher() -> Iterator[HTTPServer]:
    """A server that gives `content`, and claims `claimed` bytes."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith(".pth") else 404)
            self.send_header("Content-Length", str(self.server.claimed or len(self.server.content)))
            self.end_headers()
            self.wfile.write(self.server.content)

        def log_message(self, *said: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.content, server.claimed = b"weights", 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_pulling(cache: Path, publisher: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{publisher.server_port}/raft.pth"
    digest = hashlib.sha256(b"weights").hexdigest()
    entry = replace(published.CATALOGUE["raft"], url=url, sha256=digest[:8])
    monkeypatch.setitem(published.CATALOGUE, "raft", entry)
    assert published.pull("raft") == cache / "raft.pth"
    assert published.sha256("raft") == digest
    publisher.content = b"another"
    assert published.pull("raft").read_bytes() == b"weights"  # it is there and whole: nobody is asked
    (cache / "raft.pth").unlink()
    with pytest.raises(BadWeights, match=f"its publisher says {digest[:8]}"):
        published.pull("raft")
    publisher.content, publisher.claimed = b"weigh", 7
    with pytest.raises(Unavailable, match=r"cannot get http://.*; try again, or put the file at"):
        published.pull("raft")
    monkeypatch.setitem(published.CATALOGUE, "raft", replace(entry, url=url.replace("pth", "gone")))
    with pytest.raises(Unavailable, match="Not Found"):
        published.pull("raft")
    assert [path.name for path in cache.iterdir()] == []


def test_ways_from_any_search_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search on fine light: its motion, in px of that light, is halved with it."""
    light = np.random.default_rng(1).integers(0, 256, (2, 128, 160), dtype=np.uint8)
    still, four = np.zeros((128, 160, 2), np.float32), np.array([4, 0], np.float32)
    search = motion.Search("four to the right", True, lambda here, there: (still + four, still - four))
    frames = Frames(light, None, 0, 8, TAGS)
    ((ahead, _),) = motion.Paths(motion.Tolerance(light=1), search).steps(frames, (32, 40))
    assert ahead.x[5, 5] == pytest.approx(6) and ahead.y[5, 5] == pytest.approx(5)
    planes = [np.full((1, 32, 40), value, np.float32) for value in (0, 0.001)]
    averages = along.Averages(1)
    averages.show(0, planes[0], None)
    averages.show(1, planes[1], (ahead, ahead))
    assert averages.of(0, planes[0])[0, 5, 5] == pytest.approx(0.0005, rel=1e-3)
