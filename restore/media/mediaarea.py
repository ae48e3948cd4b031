"""MediaArea's programs, where they are installed: MediaInfo describes a file, MediaConch holds it to a policy."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from restore.errors import BadRecipe, MissingInput, Unavailable, shown
from restore.film import Gate

PATIENCE_S = 3600
"""Seconds for one file: both programs read headers and some packets, and a slow share may be far away."""

LARGEST = 1 << 20
"""Bytes of a policy; the largest that archives publish have some ten thousand."""

FORMS = {"mediainfo.json": "JSON", "ebucore.xml": "EBUCore"}
"""Suffixes of descriptions, and what MediaInfo calls the form."""

_SPACE = "{https://mediaarea.net/mediaconch}"


@dataclass(frozen=True)
class Tool:
    path: str
    version: str  # as the program says it: "MediaInfoLib - v23.04"


def tool(name: str) -> Tool | None:
    """The program `mediainfo` or `mediaconch` on PATH; None where it is not installed or does not run."""
    path = shutil.which(name)
    return None if path is None else _asked(path)


@lru_cache(maxsize=4)
def _asked(path: str) -> Tool | None:
    try:
        said = _run([path, "--Version"], Path("/"), 30)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return Tool(path, lines[-1]) if lines else None


def describe(file: Path, form: str) -> str:
    """What MediaInfo says of `file` in the form "JSON" or "EBUCore"; the file is named without its folder.

    Raises Unavailable where there is no such program, or it fails.
    """
    found = tool("mediainfo")
    if found is None:
        raise Unavailable("no program mediainfo was found; install mediainfo (mediaarea.net)")
    try:
        said = _run([found.path, f"--Output={form}", f"./{file.name}"], file.parent)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{found.path} could not describe {shown(file.name)}: {_words(error)}") from error
    return said.strip() + "\n"


def ready(policy: Path) -> None:
    """Whether `policy` can be asked for: it is one, and MediaConch is there.

    Raises MissingInput, BadRecipe (78: no policy), Unavailable (69).
    """
    try:
        if policy.stat().st_size > LARGEST:
            raise BadRecipe(f"{shown(policy)}: is too large for a MediaConch policy")
        root = ET.fromstring(_harmless(policy.read_text(encoding="utf-8"), policy))  # noqa: S314 (no entities)
    except OSError as error:
        raise MissingInput(f"{shown(policy)}: {error.strerror}; --policy wants a MediaConch policy") from error
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{shown(policy)}: is no MediaConch policy: {error}") from error
    if root.tag != "policy":
        raise BadRecipe(f"{shown(policy)}: is no MediaConch policy: it begins with <{shown(root.tag)}>")
    if tool("mediaconch") is None:
        raise Unavailable("--policy wants the program mediaconch, which was not found; install it (mediaarea.net)")


def _harmless(text: str, policy: Path) -> str:
    """Entities could grow without end, or name other files."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadRecipe(f"{shown(policy)}: has a document type; a MediaConch policy has none")
    return text


def hold(file: Path, policy: Path) -> Gate:
    """Hold a file to a policy; the gate names each rule that it breaks. Raises Unavailable when MediaConch fails."""
    found = tool("mediaconch")
    if found is None:
        raise Unavailable("the program mediaconch went away; the same command goes on")
    try:
        said = _run([found.path, "-mc", "-fx", "-p", str(policy.absolute()), f"./{file.name}"], file.parent)
        media = ET.fromstring(said).find(f"{_SPACE}media")  # noqa: S314 (our own program's words)
    except (OSError, subprocess.SubprocessError, ET.ParseError) as error:
        raise Unavailable(f"{found.path} could not check {shown(policy)}: {_words(error)}") from error
    asked = None if media is None else media.find(f"{_SPACE}policy")
    if asked is None:
        raise Unavailable(f"{found.path} had nothing to say about {shown(policy)}")
    return _judged(asked, policy)


def _judged(asked: ET.Element, policy: Path) -> Gate:
    rules = list(asked.iter(f"{_SPACE}rule"))
    broken = [_rule(rule) for rule in rules if rule.get("outcome") == "fail"]
    title = asked.get("name") or policy.stem
    if asked.get("outcome") == "pass":
        return Gate(f"policy {title}", True, f"MediaConch: {len(rules)} rules pass")
    return Gate(f"policy {title}", False, f"MediaConch: {len(broken)} of {len(rules)} rules fail: {'; '.join(broken)}")


def _rule(rule: ET.Element) -> str:
    words = (rule.get(key) for key in ("tracktype", "value", "operator", "requested"))
    wanted = " ".join(filter(None, words))
    actual = rule.get("actual")
    return f"{rule.get('name') or 'rule'} ({wanted}{f', it is {actual}' if actual else ''})"


def _run(command: list[str], folder: Path, patience_s: float = PATIENCE_S) -> str:
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s, check=True,
        start_new_session=True,
    ).stdout.decode("utf-8", "replace")  # fmt: skip


def _words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        last = (
            error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            or error.stdout.decode(errors="replace").strip().splitlines()[-1:]
        )
        return f"it ended with code {error.returncode}{': ' + shown(last[0]) if last else ''}"
    return " ".join(str(error).split())
