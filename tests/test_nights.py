"""The nightly service on a Prefect server of its own: a night, a submitted film, what the server lets nobody do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from films import Film, lights

from restore.batch import record
from restore.batch.record import Night, Result
from restore.flows import cli, console, house, service

pytestmark = pytest.mark.prefect

PATIENCE_S = 400.0


def until(holds: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "restore.flows.cli", *words]


@pytest.fixture
def url(tmp_path: Path) -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/api"


@pytest.fixture
def environment(tmp_path: Path, url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RESTORE_"))}
    return {**kept, "PREFECT_HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def served(tmp_path: Path, url: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A service in the middle of its night, with a film and a bad one in its inbox."""
    (tmp_path / "in").mkdir()
    Film().write(tmp_path / "in" / "reel.mkv", lights(4, 32, 32))
    (tmp_path / "in" / "bad.mkv").write_bytes(b"no film")
    now = datetime.now()
    with (tmp_path / "said.txt").open("w") as said, subprocess.Popen(
        command(
            "serve", "--inbox", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--settle", "0s",
            "--at", f"{now - timedelta(minutes=1):%H:%M}", "--until", f"{now + timedelta(hours=2):%H:%M}",
            "--port", url.split(":")[2].removesuffix("/api"),
        ),
        stdout=subprocess.DEVNULL, stderr=said, text=True, env=environment, cwd=tmp_path,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def answer(url: str, path: str, body: Any = None, method: str | None = None, **headers: str) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json", **named}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as found:
            return found.status, dict(found.headers) | {"body": found.read()}
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


@pytest.mark.timeout(900)
def test_a_night_and_a_submitted_film(
    served: subprocess.Popen[str], tmp_path: Path, url: str, environment: dict[str, str]
) -> None:
    out, asking = tmp_path / "out", {**environment, "PREFECT_API_URL": url}

    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*words), capture_output=True, text=True, env=asking, timeout=300, cwd=tmp_path)

    def night() -> Night | None:
        found = [record.load(file) for file in (out / "nights").glob("*.json")]
        return next((each for each in found if each is not None and each.ended), None)

    ended = until(night, "the night")
    assert {result.name: result.state for result in ended.results} == {"reel": "restored", "bad": "failed"}
    assert (out / "reel.master.mkv").exists()
    until(lambda: (out / "nights" / "index.html").exists(), "the list of nights")

    film = Film().write(tmp_path / "in" / "new.mkv", lights(4, 32, 32))
    done = asked("submit", str(film), "--out", str(out), "--wait", "--json")
    assert done.returncode == 0, done.stderr
    assert (out / "new.master.mkv").exists()
    number = json.loads(done.stdout.splitlines()[0])["run"]
    outside = asked("submit", str(film), "--out", "/elsewhere", "--wait")
    assert outside.returncode == 3
    assert "lies outside the folders that this worker may use" in outside.stdout

    runs = json.loads(asked("status", "--json").stdout)["runs"]
    assert any(run["flow"] == "restore night" and run["state"] == "Scheduled" for run in runs), "nothing is planned"
    assert {run["state"] for run in runs if run["name"] == str(film)} == {"Completed", "Failed"}
    assert "begin restore" in asked("logs", number[:13]).stdout
    late = asked("cancel", str(film))
    assert (late.returncode, late.stderr.count("restore: ")) == (66, 1)

    _lets_no_other_page_in(url)
    served.send_signal(signal.SIGTERM)
    assert served.wait(60) == 143
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert "Traceback" not in said
    assert asked("status").returncode == 69


def _lets_no_other_page_in(server: str) -> None:
    assert answer(server, "/health", Host="evil.example")[0] == 400
    assert answer(server, "/flows/", {"name": "x"}, Origin="https://evil.example")[0] == 403, "no CSRF token"
    asked = {"Origin": "https://evil.example", "Access_Control_Request_Method": "POST"}
    code, headers = answer(server, "/flows/", method="OPTIONS", **asked)
    assert code == 400
    assert "access-control-allow-origin" not in {name.lower() for name in headers}
    found = answer(server, "/health")[1]
    policy = {name.lower(): value for name, value in found.items()}["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_server_that_others_can_reach_wants_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(house.KEY, raising=False)
    try:
        assert cli.run_command(["server", "start", "--host", "192.0.2.1"]) == 2
    finally:
        console.log.into(None)
    assert house.KEY in capsys.readouterr().err
    monkeypatch.setenv(house.KEY, "archive:secret")
    settings = house.environment("192.0.2.1", 4200)
    assert settings["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://192.0.2.1:4200"
    assert settings["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


@pytest.mark.parametrize("words", [("submit", "film.mkv"), ("status",), ("cancel", "x"), ("logs", "x"),
                                   ("worker", "--pool", "p", "--root", "/")])  # fmt: skip
def test_without_a_server_it_is_said_how_to_start_one(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    try:
        assert cli.run_command(words) == 69
    finally:
        console.log.into(None)
    (line,) = capsys.readouterr().err.splitlines()
    assert "restore server start" in line


@pytest.mark.parametrize(
    ("ended", "code", "begun", "goes_on"),
    [
        ("", 0, True, True),  # killed
        ("2026-01-02T03:00:00+00:00", 0, True, False),  # all was done
        ("2026-01-02T03:00:00+00:00", 75, True, False),  # time was over
        ("2026-01-02T03:00:00+00:00", 143, True, True),  # the service was stopped
        ("", 0, False, True),  # the machine was off at two
        ("2026-01-02T01:30:00+00:00", 0, True, True),  # of another window: its hour was changed on the same day
    ],
)
def test_a_service_knows_whether_the_night_is_to_be_gone_on_with(
    tmp_path: Path, ended: str, code: int, begun: bool, goes_on: bool
) -> None:
    from restore.flows.night import NightWish, papers_of
    from restore.steps.options import Options

    wish = NightWish(inbox="/in", options=Options(out=str(tmp_path)), until="07:00")
    if begun:
        waiting = (Result("/in/a", "a", "o", "waiting", code),) if code else ()
        papers_of(wish, "2026-01-02").keep(Night("N", "i", "o", "2026-01-02T02:00:00+00:00", ended, results=waiting))
    inside = datetime(2026, 1, 2, 4, tzinfo=UTC)
    assert service.unfinished(wish, "02:00", inside) == ("2026-01-02" if goes_on else "")
    assert service.unfinished(wish, "02:00", inside + timedelta(hours=4)) == "", "the window is over"
