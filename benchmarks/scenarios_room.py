"""What there is no room or right for: names taken, folders closed, disks full, memory short, no GPU (S1 to S9)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from rehearsal import Stage
from scenario import Ended, must


def exists(stage: Stage) -> Ended:
    """S1: a result is there already; with --overwrite it is replaced"""
    stage.run()
    said, wrong = must(stage.run(), 73, "--overwrite")
    again = stage.run("--overwrite")
    return f"{said}; --overwrite: {again.code}", [*wrong, *stage.wrong_after(again)]


def twice(stage: Stage) -> Ended:
    """S2: the same reel twice at once"""
    first = stage.start()
    while not list(stage.out.glob(".restore/*/index.npz")):
        time.sleep(0.002)
    os.kill(first.pid, signal.SIGSTOP)
    second = Stage.start(stage)
    said, wrong = must(second.wait(), 75, str(first.pid))
    wrong += [f"took {second.seconds:.1f} s"] if second.seconds > 10 else []
    os.kill(first.pid, signal.SIGCONT)
    return f"second: {said}", wrong + stage.wrong_after(first.wait())


def no_folder(stage: Stage) -> Ended:
    """S3: the output folder is a file, or takes no file"""
    stage.out.write_text("a file")
    said, wrong = must(stage.run(), 73)
    stage.out.unlink()
    stage.out.mkdir(mode=0o555)

    more, also = must(stage.run(before=powerless), 73)
    stage.out.rmdir()
    return f"{said}; {more}", wrong + also


def powerless() -> None:
    """Give all of root's rights away: what is read-only is that for this process too (capset(2))."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")


@contextlib.contextmanager
def small_disk(stage: Stage, size: str) -> Iterator[Path]:
    """A file system of `size` bytes in place of the output folder."""
    stage.out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(stage.out)], check=True)
    try:
        yield stage.out
    finally:
        subprocess.run(["umount", "-l", str(stage.out)], check=True)


def full_at_start(stage: Stage) -> Ended:
    """S4: the disk is too full to begin"""
    if os.geteuid():
        return "not played: wants root, for a small disk", []
    with small_disk(stage, "64k"):
        return must(stage.run(), 74, "needed; free some space")


def full_on_the_way(stage: Stage) -> Ended:
    """S5: the disk fills up on the way; room is made; the same command goes on"""
    if os.geteuid():
        return "not played: wants root, for a small disk", []
    said, wrong = list[str](), list[str]()
    for size in (600, 700, 800, 900, 1100):  # KiB: full at the takes, at the master, at the papers
        with small_disk(stage, f"{size}k"):
            run = stage.run()
            if run.code:
                wrong += must(run, 74)[1] + stage.partial()
                subprocess.run(["mount", "-o", "remount,size=64m", str(stage.out)], check=True)
                kept = stage.takes()
                wrong += stage.wrong_after(stage.run(), kept)
            said.append(f"{run.code}")
        stage.clear()
    wrong += [] if "74" in said else ["it never was full"]
    return " ".join(said), wrong


def file_limit(stage: Stage) -> Ended:
    """S6: ulimit -f; the limit is lifted; the same command goes on"""
    said, wrong = list[str](), list[str]()
    words = [word for word in stage.words if word != "--json"]  # standard output is a file here
    for size in (2, 8, 20, 60, 120):  # KiB

        def limited(size: int = size) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size << 10, size << 10))

        run = stage.run(before=limited, words=[*words, str(stage.out)])
        if run.code:
            wrong += [f"{size} KiB: {each}" for each in (*must(run, 74)[1], *stage.partial())]
            wrong += stage.wrong_after(stage.run(), stage.takes())
        said.append(f"{run.code}")
        stage.clear()
    return " ".join(said), wrong


def no_gpu(stage: Stage) -> Ended:
    """S7: --device cuda where there is none"""
    with contextlib.suppress(ImportError):
        import torch

        if torch.cuda.is_available():
            return "not played: there is a GPU", []
    return must(stage.run("--device", "cuda:0"), 69)


def little_memory(stage: Stage) -> Ended:
    """S9: not enough memory; the limit is lifted; the same command goes on"""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    said, wrong = list[str](), list[str]()
    for more in (64, 150, 300):  # MiB; with none at all Python cannot even say so

        def limited(more: int = more) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (used + (more << 20),) * 2)

        run = stage.run(before=limited)
        said.append(f"{run.code}")
        if run.code not in (0, 69):
            wrong.append(f"{more} MiB more: ended with {run.code}: {run.said.strip()[-200:]}")
        if run.code:
            wrong += [*stage.partial(), *stage.wrong_after(stage.run(), stage.takes())]
        stage.clear()
    return " ".join(said), wrong
