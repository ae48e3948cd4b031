"""The front door: the command `restore`. Reads the command line, and turns every error into one line and a code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from restore import __version__
from restore.errors import RestoreError, Stopped, known, shown
from restore.flows import console
from restore.flows.commands import (
    batch,
    compare,
    demo,
    doctor,
    keyframes,
    models,
    probe,
    recipes,
    remote,
    run,
    score,
    serve,
    server,
    shots,
    train,
    verify,
    worker,
)

BROKEN_PIPE = 141
"""Exit code when whoever read our output went away: 128 + SIGPIPE, as other Unix tools end."""

HELP = """\
Bring black-and-white film and cartoons back in colour, with the source's luma kept bit for bit.

\b
Examples:
  restore run film.mp4                          film.master.mkv, film.access.mp4, film.report.html
  restore run film.mp4 -o out --recipe cartoon  another recipe, another folder
  restore run scans/ --fps 18                   a folder of DPX, TIFF or PNG frames
  restore batch inbox/ -o out                   every film in a folder, or in a catalogue
  restore serve --inbox in --out out --at 02:00 the same every night, with a morning page
  restore probe film.mp4                        what the file is, before any work
  restore shots film.mp4                        the list of shots, to be edited and given back
  restore keyframes film.mp4 -n 20              the frames most worth painting, ready to be painted
  restore score made.mkv truth.mkv              how near made colour is to the true one
  restore compare first second                  two runs' results on one page
  restore verify restored/                      whether results are still what they were
  restore doctor                                whether this machine is ready

Results go to standard output, progress and messages to standard error. A run that was stopped goes on when the same
command is given again. Exit codes: 0 right, 3 finished with damage in the source, 2 usage, 65 bad film, 66 missing,
69 server or GPU away, 70 proof failed, 73 output exists, 74 disk, 75 busy, 78 bad recipe or weights, 130 stopped.
"""

app = typer.Typer(
    name="restore",
    help=HELP,
    rich_markup_mode=None,  # plain help needs no rich: 0.1 s in place of 0.2 s
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"restore {__version__}")
        raise typer.Exit


@app.callback()
def _globally(
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say more on standard error; twice: everything.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors and results only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    del version  # its callback has ended the program
    console.speak(verbose, quiet)


app.command("run")(run.run)
app.command("batch")(batch.batch)
app.command("probe")(probe.probe)
app.command("shots")(shots.shots)
app.command("keyframes")(keyframes.keyframes)
app.command("score")(score.score)
app.command("compare")(compare.compare)
app.command("recipes")(recipes.recipes)
app.add_typer(models.app, name="models")
app.command("verify")(verify.verify)
app.command("train")(train.train)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("submit")(remote.submit)
app.command("status")(remote.status)
app.command("cancel")(remote.cancel)
app.command("logs")(remote.logs)
app.command("worker")(worker.worker)
app.add_typer(server.app, name="server")


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name); returns the exit code. Prints at most one line of error."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="restore", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except console.ReaderGone:
        return _reader_gone()
    except RestoreError as error:
        console.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        return Stopped("stopped", 2).exit_code
    except typer.Abort:
        console.say_error("stopped; the same command goes on")
        return 130
    except Exception as error:
        if (told := known(error)) is not None:
            console.fail(told)
            return told.exit_code
        return _usage_or_bug(error)


def _usage_or_bug(error: Exception) -> int:
    """Wrong usage ends with 2 and where help is; anything else is our bug: 1, with the traceback in the log."""
    if hasattr(error, "format_message"):  # every error of click about the command line, and no other
        context = getattr(error, "ctx", None)
        if error.__class__.__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message(), err=True)
        else:
            path = context.command_path if context is not None else "restore"
            console.say_error(f"{shown(error.format_message())} ({path} --help tells more)")
        return 2
    console.bug(error)
    return 1


def _reader_gone() -> int:
    """Standard output is closed: send what is still buffered nowhere, so that the interpreter ends in silence."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return BROKEN_PIPE


def _standard_files() -> None:
    """Give standard input, output and error to nobody where they were closed: else a film's file would get their
    number, and messages be written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def main() -> None:
    """Entry point of the command `restore`."""
    _standard_files()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # LANG=C has no ×, and files may have names that are no UTF-8
    try:
        code = run_command()
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_gone()
    if console.IN_HASTE.is_set():
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
