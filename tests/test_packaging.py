"""The wheel holds every module that git tracks, under the package, and nothing else; the links lead where they say."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("flows", "tasks", "models", "configs")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = (".py", ".toml", ".safetensors", ".xml", ".bin", ".html", ".css", ".js", ".md", ".json", ".typed")


def tracked() -> set[str]:
    """Files that should be in the wheel, by the name they have there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]
    rooms = {f"restore/{name}" for name in names if name.split("/")[0] in ROOMS and name.endswith(SHIPPED)}
    core = {name for name in names if name.startswith("restore/") and name.endswith(SHIPPED)}
    return rooms | core


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in a wheel built from a copy of the tracked files, as an installer would get it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-cf", folder / "all.tar", "--null", "-T", "-"], cwd=ROOT, input=archive, check=True)
    subprocess.run(["tar", "-xf", folder / "all.tar"], cwd=source, check=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive_file:
        return {name for name in archive_file.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_what_git_tracks(wheel: set[str]) -> None:
    assert wheel == tracked()


def test_every_package_is_listed() -> None:
    with_code = {str(Path(name).parent).replace("/", ".") for name in tracked() if name.endswith(".py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == with_code


@pytest.mark.parametrize("room", ROOMS)
def test_links_lead_to_the_rooms(room: str) -> None:
    link = ROOT / "restore" / room
    assert link.is_symlink()
    assert link.resolve() == ROOT / room


def test_every_module_says_what_its_room_is_for() -> None:
    for name in sorted(tracked()):
        path = ROOT / name
        if name.endswith(".py"):
            assert path.read_text(encoding="utf-8").startswith('"""'), f"{name} does not begin with a sentence"
