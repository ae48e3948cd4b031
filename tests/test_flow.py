"""The flow on a real Prefect server: from film to published results, stopped and gone on with, failed and told."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from films import Film, lights
from stand_in import Wash, Weights

from restore import progress
from restore.errors import DiskError, Stopped
from restore.flows import cli, console, reels, runs
from restore.flows.server import Server
from restore.media.probe import probe
from restore.media.read import Reader
from restore.progress import Event
from restore.store import file_sha256

pytestmark = pytest.mark.prefect


@pytest.fixture(autouse=True)
def brown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restore.runtime.Runtime.painter", lambda *_: Wash())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One temporary server for all tests of this file, started as a run starts it."""
    before = os.environ.get("PREFECT_HOME")
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    try:
        with Server() as running:
            running.ready()
            with running.used():
                yield running
    finally:
        os.environ.pop("PREFECT_HOME")
        if before is not None:
            os.environ["PREFECT_HOME"] = before


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Three shots of eight frames, and sound."""
    pictures = lights(24, 64, 48)
    for number, picture in enumerate(pictures):
        if 8 <= number < 16:
            picture[:] = 255 - picture
    return Film(sound=1.0).write(tmp_path / "reel.mkv", pictures)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "edited.csv"
    path.write_text("start frame\n0\n8\n16\n", encoding="utf-8")
    return path


def run(*words: str) -> int:
    try:
        return cli.run_command(words)
    finally:
        console.log.into(None)


def light(path: Path) -> list[bytes]:
    with Reader(probe(path)) as reader:
        return [picture.light.tobytes() for picture in reader.pictures()]


def flow_runs(server: Server) -> list[dict[str, Any]]:
    """What the server knows of its runs, latest first."""
    word = base64.b64encode(os.environ["PREFECT_API_AUTH_STRING"].encode()).decode()
    request = urllib.request.Request(
        f"{server.url}/flow_runs/filter",
        data=json.dumps({"sort": "START_TIME_DESC"}).encode(),
        headers={"Authorization": f"Basic {word}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def test_a_reel_goes_the_whole_way(
    server: Server, film: Path, listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("run", str(film), "-o", str(out), "--shots", str(listed)) == 0
    said = capsys.readouterr()
    names = {path.name for path in out.iterdir()}
    assert names == {
        "reel.master.mkv", "reel.access.mp4", "reel.report.html", "reel.scorecard.json", "reel.provenance.json",
        "reel.shots.csv", "reel.scores.csv",
    }  # fmt: skip
    assert {Path(line).name for line in said.out.splitlines()} == names
    assert light(out / "reel.master.mkv") == light(film)

    written = json.loads((out / "reel.provenance.json").read_text(encoding="utf-8"))
    assert written["source"]["sha256"] == file_sha256(film)
    assert {entry["name"]: entry["sha256"] for entry in written["outputs"]} == {
        name: file_sha256(out / name) for name in ("reel.master.mkv", "reel.access.mp4")
    }
    assert written["networks"][0]["sha256"] == Weights.sha256
    assert [(shot["start"], shot["stop"]) for shot in written["shots"]] == [(0, 8), (8, 16), (16, 24)]
    assert all(gate["passed"] is not False for gate in written["proof"])
    assert written["run"]["seconds"].keys() >= {"probe", "split", "restore", "assemble"}

    last = flow_runs(server)[0]
    assert (last["name"], last["state"]["type"]) == (str(film), "COMPLETED")
    assert run("run", str(film), "-o", str(out), "--shots", str(listed)) == 73


def test_stopped_and_gone_on_with_gives_the_same_bytes(
    server: Server, film: Path, listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", str(film), "--shots", str(listed), "-o")
    assert run(*words, str(tmp_path / "whole")) == 0

    def stop_in_the_second_shot(event: Event) -> None:
        if event.kind == "progress" and event.shot.startswith("2 of"):
            progress.request_stop(Stopped("stopped by SIGINT", signal.SIGINT))

    with progress.listening(stop_in_the_second_shot):
        assert run(*words, str(tmp_path / "halves")) == 130
    work = tmp_path / "halves" / ".restore"
    assert [path.name for path in (tmp_path / "halves").iterdir()] == [".restore"]
    assert len(list(work.glob("*/takes/*.mkv"))) == 1, "the second shot was not put down at its next window"
    assert "stopped by SIGINT" in next(work.glob("*/log.txt")).read_text(encoding="utf-8")
    capsys.readouterr()

    assert run(*words, str(tmp_path / "halves")) == 0
    assert "resuming: " in capsys.readouterr().err
    for name in ("reel.master.mkv", "reel.access.mp4", "reel.shots.csv"):
        assert file_sha256(tmp_path / "whole" / name) == file_sha256(tmp_path / "halves" / name), name
    assert not work.exists()


def test_any_bytes_are_a_name(server: Server, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = film.rename(tmp_path / os.fsdecode(b"-i \xff\n%03d <b>.mkv"))
    assert run("run", "-o", str(tmp_path / "out"), "--", str(odd)) == 0
    made = tmp_path / "out" / f"{odd.stem}.master.mkv"
    assert light(made) == light(odd)
    written = json.loads(made.with_name(f"{odd.stem}.provenance.json").read_text(encoding="utf-8"))
    assert written["run"]["source_path"] == str(odd)
    assert "\n%03d" not in capsys.readouterr().err


def test_an_error_in_a_shot_ends_the_reel_with_its_code(
    server: Server,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise DiskError("takes: No space left on device; what is finished is kept, the same command goes on")

    monkeypatch.setattr("restore.tasks.restore_shot.render", full)
    assert run("run", str(film), "-o", str(tmp_path / "out")) == 74
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("restore: ")] == [
        "restore: takes: No space left on device; what is finished is kept, the same command goes on"
    ]
    assert not list((tmp_path / "out").glob("reel.*"))
    assert flow_runs(server)[0]["state"]["type"] == "FAILED"


def test_a_reel_that_fails_on_the_way_does_not_stop_the_next(
    server: Server, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from restore.tasks import restore_shot

    whole = restore_shot.render

    def bad(shot: Any, job: Any, **how: Any) -> Any:
        if job.survey.reel.name == "bad":
            raise DiskError("full")
        if job.survey.reel.name == "odd":
            raise LookupError("met nowhere")
        return whole(shot, job, **how)

    monkeypatch.setattr("restore.tasks.restore_shot.render", bad)
    films = [film.with_name("bad.mkv"), film.with_name("odd.mkv"), film]
    for name in films[:2]:
        name.write_bytes(film.read_bytes())
    assert run("run", *map(str, films), "-o", str(tmp_path / "out"), "--json") == 1
    ends = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(end["event"], end.get("code")) for end in ends if end["event"] in ("error", "result")] == [
        ("error", 74), ("error", 1), ("result", None)]  # fmt: skip
    assert (tmp_path / "out" / "reel.master.mkv").exists()


def test_two_runs_of_one_reel(server: Server, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from restore.store import WorkFolder

    with WorkFolder(tmp_path / "out", file_sha256(film)):
        monkey = run("run", str(film), "-o", str(tmp_path / "out"))
    assert monkey == 75
    assert str(os.getpid()) in capsys.readouterr().err


def test_the_server_is_ours_alone(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server.url}/admin/version", timeout=10)
    foreign = urllib.request.Request(f"{server.url}/health", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign, timeout=10)


def test_the_server_ends_with_a_killed_run(tmp_path: Path) -> None:
    code = (
        "import time; from restore.flows.server import Server\n"
        "with Server() as s: print(s._process.pid, flush=True); time.sleep(60)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    environment["PREFECT_HOME"] = str(tmp_path)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.5)
        parent.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and _state(child) != "Z":
        assert time.monotonic() < until, "the server outlives the run"
        time.sleep(0.1)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def test_a_server_that_is_away_is_said_in_a_line(
    film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr("restore.flows.server.AWAY_TIMEOUT_S", 0.2)
    assert run("run", str(film), "-o", str(film.parent / "out")) == 69
    assert "http://127.0.0.1:9/api" in capsys.readouterr().err


@pytest.mark.parametrize("end", [DiskError("the disk is full"), Stopped("stopped", 2), "an outcome"])
def test_a_server_that_is_gone_for_good_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch, end: object) -> None:
    """Prefect goes on telling it how the flow ended; we know, and do not wait for that."""
    told = threading.Event()

    def flow(film: str, _: object) -> None:
        runs.ENDED[film] = end
        told.wait(60)

    monkeypatch.setattr("restore.flows.restore_reel.restore_reel", flow)
    monkeypatch.setattr(reels, "PATIENCE_S", 0.5)
    monkeypatch.setattr(reels, "STOP_S", 0.5)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    options: Any = None
    try:
        with Server() as gone:
            if isinstance(end, Exception):
                with pytest.raises(type(end)):
                    reels.restored("reel.mkv", options, gone)
            else:
                assert reels.restored("reel.mkv", options, gone) == end
        assert console.IN_HASTE.is_set() and not runs.ENDED
    finally:
        console.IN_HASTE.clear()
        told.set()


def test_the_doctor_finds_this_machine_ready(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert found["self test"]["state"] == "ok"
    assert "luma" in found["self test"]["detail"]
    assert found["prefect server"]["state"] == "ok"
