"""The command line: what it says, where it says it, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from films import Film, lights

from restore import __version__, errors, progress
from restore.errors import Stopped
from restore.flows import cli, console, reels, show
from restore.progress import Event

HEAVY = ("prefect", "torch", "av", "cv2", "numpy", "openvino", "rich")
DOCS = Path(__file__).parents[1] / "docs"


class NoServer:
    """Stands where the Prefect server would boot: these tests end before a flow begins."""

    own = True

    def __enter__(self) -> NoServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def ready(self) -> None:
        raise AssertionError("the checks let a run through that they should have refused")


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return Film().write(tmp_path / "reel.mkv", lights(6))


def run(*words: str) -> int:
    try:
        return cli.run_command(words)
    finally:
        console.log.into(None)


def imported_by(*words: str) -> set[str]:
    """Which heavy packages a command line loads, seen from outside."""
    code = (
        "import sys; from restore.flows.cli import run_command; run_command(sys.argv[2:]);"
        "print('\\n' + ' '.join(m for m in sys.argv[1].split(',') if m in sys.modules))"
    )
    command = [sys.executable, "-c", code, ",".join(HEAVY), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("run", "--help"), ("no-such-command",)])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    assert imported_by(*words) == set()


def test_listing_recipes_loads_no_prefect() -> None:
    assert imported_by("recipes").isdisjoint({"prefect", "torch"})


@pytest.mark.parametrize(
    "command", ["run", "probe", "shots", "keyframes", "recipes", "models", "train", "demo", "doctor"]
)
def test_every_command_has_help_that_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    text = capsys.readouterr().out
    assert "Usage: restore" in text
    assert command == "models" or f"restore {command}" in text.split("Options:")[0].split("\n", 1)[1]


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"restore {__version__}\n"


@pytest.mark.parametrize(
    "words", [("prob",), ("run",), ("run", "a.mkv", "--no-such"), ("run", "a.mkv", "--access", "vhs"), ("models", "x")]
)
def test_wrong_usage_ends_with_two_and_one_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("restore: ")
    assert said.err.count("\n") == 1
    assert "--help" in said.err


def test_recipes_are_listed_and_printed_as_a_file_that_is_a_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("recipes") == 0
    assert "film" in capsys.readouterr().out
    assert run("recipes", "film", "--set", "access.crf=25") == 0
    mine = tmp_path / "mine.toml"
    mine.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run("recipes", str(mine), "--json") == 0
    assert json.loads(capsys.readouterr().out)["access"]["crf"] == 25


class TestRefusals:
    """Every refusal before the first frame: one line on standard error, and the code."""

    @pytest.fixture(autouse=True)
    def no_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("restore.flows.server.Server", NoServer)
        monkeypatch.setattr("restore.steps.prepare.check_networks", lambda *_: None)

    def refused(self, code: int, capsys: pytest.CaptureFixture[str], *words: str) -> str:
        assert run("run", *words) == code
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        return said.err

    def test_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "away.mkv" in self.refused(66, capsys, "away.mkv")

    def test_not_a_film(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "letter.mkv").write_text("Dear archive, the film is in the post.")
        self.refused(65, capsys, "letter.mkv")

    def test_unknown_recipe_and_near_word(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "'cartoon'" in self.refused(78, capsys, str(film), "--recipe", "cartoons")

    def test_unknown_key_and_near_word(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        said = self.refused(78, capsys, str(film), "--set", "colorize.saturatoin=1")
        assert "saturation" in said

    def test_wrong_value(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(78, capsys, str(film), "--set", "access.crf=99")

    def test_no_such_stream(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(2, capsys, str(film), "--stream", "7")

    def test_rate_that_is_none(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(2, capsys, str(film), "--fps", "often")

    def test_truth_away(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(66, capsys, str(film), "--truth", "away.mkv")

    def test_list_of_shots_away(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(66, capsys, str(film), "--shots", "away.csv")

    def test_out_is_a_file(self, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "out").write_text("")
        self.refused(73, capsys, str(film), "--out", "out")

    @pytest.mark.parametrize("name", ["master.mkv", "access.mp4", "report.html", "provenance.json", "shots.csv"])
    def test_output_exists(self, film: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        there = tmp_path / "out" / f"{film.stem}.{name}"
        there.parent.mkdir()
        there.write_text("precious")
        said = self.refused(73, capsys, str(film), "--out", "out")
        assert "--overwrite" in said
        assert there.read_text() == "precious"

    def test_no_access_copy_asked_for_lets_an_old_one_be(
        self, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "restored").mkdir()
        (tmp_path / "restored" / f"{film.stem}.access.mp4").write_text("")
        ran: list[str] = []
        monkeypatch.setattr(reels, "_started", lambda _: None)
        monkeypatch.setattr(reels, "_one", lambda name, *_: ran.append(name) or 0)
        assert run("run", str(film), "--access", "none") == 0
        assert ran == [str(film)]

    def test_disk_full(self, film: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr("restore.store.free_bytes", lambda _: 10)
        assert "free" in self.refused(74, capsys, str(film))

    def test_two_films_of_one_name(self, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(2, capsys, str(film), str(tmp_path / "other" / film.name))

    def test_line_break_in_a_name_stays_in_the_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "two\\nlines" in self.refused(66, capsys, "two\nlines.mkv")

    def test_bad_films_do_not_stop_good_ones(
        self, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "letter.mkv").write_text("no film")
        ran: list[str] = []
        monkeypatch.setattr(reels, "_started", lambda _: None)
        monkeypatch.setattr(reels, "_one", lambda name, *_: ran.append(name) or 3)
        assert run("run", "away.mkv", str(film), "letter.mkv") == 65
        assert ran == [str(film)]
        assert capsys.readouterr().err.count("\n") == 2

    def test_json_errors_are_events(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("run", "away.mkv", "--json") == 66
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        event = next(event for event in events if event["event"] == "error")
        assert (event["event"], event["code"]) == ("error", 66)


def test_a_bug_is_one_line_that_names_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("restore.configs.recipe.names", broken)
    assert run("recipes") == 1
    said = capsys.readouterr().err
    log = tmp_path / "state" / "restore" / "restore.log"
    assert said.count("\n") == 1
    assert str(log) in said
    assert "ZeroDivisionError: oh" in log.read_text()
    assert "Traceback" in log.read_text()


def test_closed_pipe_ends_in_silence() -> None:
    command = [sys.executable, "-m", "restore.flows.cli", "recipes", "film"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_a_terminal_that_knows_ascii_only(film: Path) -> None:
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "restore.flows.cli", "probe", str(film)]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
    assert b"48\\xd732" in done.stdout
    assert done.stderr == b""


def test_probe_says_what_the_film_is(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("probe", str(film), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["video"]["codec"], found["video"]["width"], found["video"]["height"]) == ("ffv1", 48, 32)
    assert run("probe", str(film)) == 0
    assert "ffv1" in capsys.readouterr().out


def test_shots_are_listed_and_not_written_over(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("shots", str(film), "--out", "out") == 0
    listed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in listed] == ["reel.shots.csv", "reel.shots.jpg"]
    assert listed[0].read_text(encoding="utf-8").splitlines()[1].startswith("1,0,6,")
    assert run("shots", str(film), "--out", "out") == 73


def test_models_are_listed_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "list", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    shipped = [row for row in found if row["weights"]]
    assert "duo" in {row["network"] for row in shipped}
    assert {row["state"] for row in shipped} == {"whole"}
    assert all(len(row["sha256"]) == 64 for row in shipped)
    assert all(row["state"].startswith("comes without weights") for row in found if row not in shipped)


def test_training_data_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert run("train", "first", "--data", "away") == 66
    assert "away" in capsys.readouterr().err


def test_worst_code_wins() -> None:
    assert reels.worst([]) == 0
    assert reels.worst([0, 3, 0]) == 3
    assert reels.worst([65, 3, 66]) == 65
    assert reels.worst([74, 65]) == 74
    assert reels.worst([1, 78, 70]) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_asks_for_a_stop(number: signal.Signals, code: int) -> None:
    with reels.signals():
        os.kill(os.getpid(), number)
        with pytest.raises(Stopped, match="same command") as stopped:
            progress.check_stop()
    progress.allow()
    assert stopped.value.exit_code == code


def test_documented_codes_are_the_codes() -> None:
    text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)}
    kinds = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    assert listed == kinds | {0, errors.DAMAGED, 130, 143, cli.BROKEN_PIPE}


class TestShow:
    def test_found_frames_do_not_count_for_speed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr("restore.flows.show.time.monotonic", lambda: now[0])
        counter = show.Counter()
        counter.take(Event("begin", "restore", total=300))
        counter.take(Event("found", "restore", 100, 100, "1 of 3"))
        now[0] += 10
        counter.take(Event("progress", "restore", 50, 100, "2 of 3"))
        assert (counter.done, counter.speed, counter.left_s) == (150, 5.0, 30.0)
        assert counter.words() == "50 %, shot 2 of 3, 5.0 frames/s, 0:30 left"

    def test_total_grows_to_the_whole_of_all_shots_only(self) -> None:
        counter = show.Counter()
        counter.take(Event("begin", "split"))
        counter.take(Event("progress", "split", 24, 720))
        assert (counter.done, counter.total) == (24, 720)

    def test_plain_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        console.speak(0, False)
        with show.showing(as_json=False), progress.stage("split", {}, 10):
            progress.meter("split")(5, 10)
        lines = capsys.readouterr().err.splitlines()
        assert [line.split(":")[0] for line in lines] == ["reading the whole film …", "reading the whole film"]

    def test_json_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        with show.showing(as_json=True), progress.stage("split", {}, 10):
            progress.meter("split")(5, 10)
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [event["event"] for event in events] == ["begin", "progress", "end"]
        assert events[1]["step_done"] == 5
        assert all("time" in event for event in events)

    def test_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        console.speak(0, True)
        with show.showing(as_json=False), progress.stage("split", {}, 10):
            pass
        assert capsys.readouterr().err == ""

    def test_clock(self) -> None:
        assert [show.clock(s) for s in (0, 87.4, 3600, 7509)] == ["0:00", "1:27", "1:00:00", "2:05:09"]


@pytest.mark.parametrize(("limit", "told"), [("unlimited", "None"), ("1", "not enough memory")])
def test_whatever_is_raised_at_the_limit_of_memory_is_told_as_short_memory(limit: str, told: str) -> None:
    code = (
        "import resource, sys; from restore.errors import known;"
        "above = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize() + (64 << 20);"
        "size = resource.RLIM_INFINITY if sys.argv[1] == 'unlimited' else above;"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size));"
        "print(known(SystemError('error return without exception set')))"
    )
    done = subprocess.run([sys.executable, "-c", code, limit], capture_output=True, text=True, check=True)
    assert told in done.stdout
