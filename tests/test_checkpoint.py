"""A published .pth becomes safetensors, or is refused; nothing in it is ever run."""

from __future__ import annotations

import pickle  # noqa: TID251 (makes the file that must be refused)
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from restore import checkpoint, weights
from restore.errors import BadWeights, MissingInput, OutputExists, Unavailable, UsageError
from restore.flows import cli

torch = pytest.importorskip("torch")


class Canary:
    """A program in the shape of a value: whoever unpickles it makes the file RAN."""

    def __reduce__(self) -> Any:
        return open, ("RAN", "w")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(content: Any, name: str = "net.pth") -> Path:
    torch.save(content, name)
    return Path(name)


PARTS = OrderedDict(a=torch.arange(6.0).reshape(2, 3), b=torch.ones(4, dtype=torch.bfloat16), c=torch.tensor(3))


@pytest.mark.parametrize("content", [PARTS, {"state_dict": PARTS, "epoch": 7}])
def test_tensors_come_through_unchanged(here: Path, content: Any) -> None:
    lines = checkpoint.convert(saved(content), here / "net.safetensors")
    assert lines[0] == "3 tensors, 11 numbers, all finite"
    made = load_file(here / "net.safetensors")
    assert {name: values.dtype for name, values in made.items()} == {"a": np.float32, "b": np.float32, "c": np.int64}
    assert np.array_equal(made["a"], PARTS["a"].numpy())
    assert weights.check(here / "net.safetensors")[-1].startswith("3 tensors, 11 numbers")
    with pytest.raises(OutputExists):
        checkpoint.convert(Path("net.pth"), here / "net.safetensors")


def test_several_networks_want_a_choice(here: Path) -> None:
    path = saved({"g": PARTS, "d": {"weights": PARTS}, "ema": PARTS})
    with pytest.raises(UsageError, match="one of g, ema"):
        checkpoint.convert(path, here / "x.safetensors")
    with pytest.raises(UsageError, match="it has: g, d, ema"):
        checkpoint.convert(path, here / "x.safetensors", "f")
    checkpoint.convert(path, here / "x.safetensors", "d.weights")


def refused(here: Path, path: Path) -> str:
    with pytest.raises(BadWeights) as caught:
        checkpoint.convert(path, here / "x.safetensors")
    assert not (here / "RAN").exists() and not (here / "x.safetensors").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_code_is_refused_and_not_run(here: Path) -> None:
    Path("bare.pth").write_bytes(pickle.dumps({"state_dict": Canary()}, protocol=2))
    with zipfile.ZipFile("zip.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": Canary()}, protocol=2))
        archive.writestr("archive/version", "3\n")
    for name in ("bare.pth", "zip.pth"):
        assert "restricted reader refuses it" in refused(here, Path(name))
        Path(name).rename("evil.safetensors")
        with pytest.raises(BadWeights):
            weights.read(here / "evil.safetensors")
    assert not (here / "RAN").exists()


def test_traps_and_trash_are_refused(here: Path) -> None:
    with zipfile.ZipFile("bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(4 << 20))
    assert "a trap" in refused(here, Path("bomb.pth"))
    Path("noise.pth").write_bytes(bytes(range(256)) * 9)
    refused(here, Path("noise.pth"))
    refused(here, saved(PARTS | {"c": torch.tensor([1.0, float("nan")])}))
    refused(here, saved([1, 2, 3]))
    with pytest.raises(MissingInput):
        checkpoint.convert(here / "absent.pth", here / "x.safetensors")
    with pytest.raises(UsageError, match="ends in"):
        checkpoint.convert(here / "absent.pth", here / "x.pth")


def test_an_old_torch_is_not_used(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(Unavailable, match=r"2\.10"):
        checkpoint.convert(saved(PARTS), here / "x.safetensors")


def test_the_commands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(PARTS)
    assert cli.run_command(["models", "convert", str(path), "--to", "net.safetensors"]) == 0
    assert cli.run_command(["models", "check", "net.safetensors"]) == 0
    assert "all finite" in capsys.readouterr().out
    assert cli.run_command(["models", "check", str(path)]) == 78
    assert cli.run_command(["models", "check", "absent.safetensors"]) == 78
    assert capsys.readouterr().err.count("\n") == 2
