"""Shots go to other processes and machines by digest and come back as the same bytes, whoever is killed meanwhile."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from films import Film, lights, write_frames
from stand_in import Wash

from restore import progress
from restore.depot import Cache, Depot
from restore.errors import MissingInput, Unavailable, UsageError
from restore.film import Shot
from restore.flows import cli, cluster, console
from restore.progress import Event
from restore.steps import afar
from restore.steps.options import Options
from restore.steps.prepare import opened
from restore.steps.restore_shot import Job, restore_shot, take_key
from restore.steps.split import Splitting, split
from restore.store import file_sha256


@pytest.fixture(params=["folder", "memory"])
def depot(request: pytest.FixtureRequest, tmp_path: Path) -> Depot:
    """A folder, as NFS would be, and storage that is no disk, as S3 is not."""
    return Depot(str(tmp_path / "depot") if request.param == "folder" else f"memory://{tmp_path.name}")


def a_file(folder: Path, content: bytes = b"light") -> tuple[Path, str]:
    path = folder / "film.mkv"
    path.write_bytes(content)
    return path, file_sha256(path)


def blob(depot: Depot, sha256: str) -> str:
    return depot._blob(sha256)


def test_files_come_back_as_they_went(depot: Depot, tmp_path: Path) -> None:
    path, sha256 = a_file(tmp_path)
    told = list[int]()
    depot.put(path, sha256, lambda done, total: told.append(done))
    depot.put(path, sha256)
    assert told[-1] == 5
    assert depot.get(sha256, tmp_path / "back.mkv").read_bytes() == b"light"
    depot.note("takes/1", {"sha256": sha256})
    assert depot.noted("takes/1") == {"sha256": sha256} and depot.noted("takes/2") is None
    depot.forget([sha256, "0" * 64], ["takes/1", "takes/2"])
    assert depot.noted("takes/1") is None
    with pytest.raises(Unavailable, match="is not there"):
        depot.get(sha256, tmp_path / "gone.mkv")
    assert not (tmp_path / "gone.mkv").exists()


def test_what_was_hurt_there_is_not_taken(depot: Depot, tmp_path: Path) -> None:
    path, sha256 = a_file(tmp_path)
    depot.put(path, sha256)
    depot._files.pipe_file(blob(depot, sha256), b"lighT")
    with pytest.raises(Unavailable, match=r"has SHA-256 .*delete it there"):
        depot.get(sha256, tmp_path / "back.mkv")
    assert sorted(item.name for item in tmp_path.iterdir() if item.is_file()) == ["film.mkv"]


@pytest.mark.parametrize(
    ("url", "what"),
    [("s3://me:secret@bucket", "keep name and password out"), ("nothing://x", "Protocol not known")],
)
def test_urls_that_cannot_be(url: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as error:
        Depot(url)
    assert "secret" not in str(error.value)


def test_a_machine_fetches_a_file_once_and_checks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sha256 = a_file(tmp_path)
    depot, fetched = Depot(str(tmp_path / "depot")), list[str]()
    depot.put(path, sha256)
    get = depot.get
    monkeypatch.setattr(depot, "get", lambda digest, *rest: fetched.append(digest) or get(digest, *rest))
    first, second = Cache(tmp_path / "cache"), Cache(tmp_path / "cache")
    for cache in (first, first, second):
        assert cache.file(sha256, ".mkv", depot).read_bytes() == b"light"
    assert fetched == [sha256]
    (tmp_path / "cache" / f"{sha256}.mkv").write_bytes(b"darks")
    assert Cache(tmp_path / "cache").file(sha256, ".mkv", depot).read_bytes() == b"light"
    assert len(fetched) == 2
    first.tidy(unused_s=60)
    assert (tmp_path / "cache" / f"{sha256}.mkv").exists()
    first.tidy(unused_s=-1)
    assert not (tmp_path / "cache" / f"{sha256}.mkv").exists()


def job_of(film: Path, folder: Path) -> tuple[Job, tuple[Shot, ...]]:
    """What a run has in hand before its first shot."""
    plan = opened(str(film), Options(out=str(folder / "out"), threads=1, rate="18" if film.is_dir() else None))
    (folder / "takes").mkdir(parents=True)
    survey, shots = split(plan.reel, folder / "index.npz", Splitting(None, 4, 60.0, ()))
    return Job(survey, plan.recipe, plan.spec, str(folder / "takes"), "cpu", 1), shots


@pytest.mark.parametrize("kind", ["film", "frames"])
def test_a_worker_without_the_film_makes_the_same_take(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restore.runtime.Runtime.painter", lambda *_: Wash())
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path / "cache"))
    afar.cache.cache_clear()
    pictures = lights(8, 64, 48)
    if kind == "film":
        film = Film().write(tmp_path / "reel.mkv", pictures)
    else:
        film = write_frames(tmp_path / "scans", pictures)
    job, (shot, *_) = job_of(film, tmp_path)
    (tmp_path / "own").mkdir()
    expected = restore_shot(shot, replace(job, takes=str(tmp_path / "own")))
    key = take_key(shot, job)
    parcel = afar.send(job, str(tmp_path / "depot"))
    film.rename(tmp_path / "elsewhere")
    Path(job.survey.index_path).unlink()
    take = afar.shot_afar(shot, job, key, parcel)
    assert (take.key, take.sha256) == (key, expected.sha256)
    assert not Path(take.path).exists() and not list((tmp_path / "cache").rglob(f"{key}*")), "it is in the depot only"
    with pytest.raises(Unavailable, match="would make another take"):
        afar.shot_afar(shot, job, "0" * 64, parcel)
    found = afar.earlier(shot, job, key, parcel)
    assert found is not None and found.sha256 == expected.sha256, "a killed run finds it there"
    assert afar.bring(take, parcel).path == found.path
    afar.clear(parcel, [take])
    assert [len(entry.name) for entry in (tmp_path / "depot" / "blobs").rglob("*") if entry.is_file()] == (
        [64] * len(parcel.film)
    ), "only the film stays"


def test_a_worker_that_sees_nothing_says_so(tmp_path: Path) -> None:
    film = Film().write(tmp_path / "reel.mkv", lights(8, 64, 48))
    job, _ = job_of(film, tmp_path)
    assert afar.at_hand(job, None) is job
    film.unlink()
    with pytest.raises(MissingInput, match=r"this worker does not see it; share the folder, or give --depot"):
        afar.at_hand(job, None)


@pytest.mark.parametrize(
    ("wanted", "own", "what"),
    [
        ({"cluster": "dask:0"}, True, "a number of workers"), ({"cluster": "local"}, True, "a scheduler's address"),
        ({"cluster": "tcp://10.0.0.1:8786"}, True, "PREFECT_API_URL"), ({"depot": "/x"}, True, "goes with --cluster"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_once(wanted: dict[str, str], own: bool, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        cluster.check(Options.model_validate(wanted), own)
    cluster.check(Options(cluster="tcp://10.0.0.1:8786", depot="s3://bucket"), False)
    cluster.check(Options(cluster="tcp://127.0.0.1:8786"), True)
    cluster.check(Options(), True)


def run(*words: str) -> int:
    try:
        return cli.run_command(words)
    finally:
        console.log.into(None)


@pytest.mark.prefect
@pytest.mark.timeout(600)
def test_one_process_and_two_workers_of_which_one_is_killed_make_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the real network, as workers are processes of their own; theirs goes by a depot."""
    pictures = lights(32, 64, 48)
    film = Film(sound=1.0).write(tmp_path / "reel.mkv", pictures)
    listed = tmp_path / "edited.csv"
    listed.write_text("start frame\n0\n8\n16\n24\n", encoding="utf-8")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path / "cache"))
    words = ("run", str(film), "--recipe", "draft", "--shots", str(listed), "--access", "none", "-o")
    assert run(*words, str(tmp_path / "one")) == 0

    shots, killed = set[str](), list[int]()

    def kill_one(event: Event) -> None:
        if event.step == "restore" and event.kind == "progress":
            shots.add(event.shot)
            if not killed:
                (victim, *_) = multiprocessing.active_children()
                killed.append(int(victim.pid or 0))
                victim.kill()

    with progress.listening(kill_one):
        more = ("--cluster", "dask:2", "--depot", str(tmp_path / "depot"))
        assert run(*words, str(tmp_path / "killed"), *more) == 0
    assert {"1 of 4", "2 of 4", "3 of 4", "4 of 4"} <= shots, "its progress is told"
    assert killed and not Path(f"/proc/{killed[0]}").exists()
    for name in ("reel.master.mkv", "reel.shots.csv"):
        assert file_sha256(tmp_path / "killed" / name) == file_sha256(tmp_path / "one" / name), name
    assert not multiprocessing.active_children(), "no worker is left"
    assert "Traceback" not in capsys.readouterr().err
