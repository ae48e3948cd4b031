"""Tells the way of a reel as events, out of its provenance: what was done when, by what, to which file, how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restore.steps.package.premis import Agent, Happening, Object

Record = Mapping[str, Any]

OURS, DECODER, MUXER, CHECKER, DESCRIBER = "restore", "ffmpeg-libraries", "ffmpeg", "mediaconch", "mediainfo"
"""Keys of the agents."""

PAPERS = ("scorecard", "scores", "shots", "report", "provenance", "confidence")


@dataclass(frozen=True)
class Story:
    """What is told: the reel's provenance (restore.steps.provenance.after), the package's files, the tools used."""

    known: Record
    files: tuple[Object, ...]
    began_utc: str  # of the packing
    mediaconch: str | None  # versions, of what was used
    mediainfo: str | None

    def named(self, *words: str) -> tuple[tuple[str, str], ...]:
        """The files whose names end so, as outcomes."""
        return tuple((file.sha256, "outcome") for file in self.files if any(_is(file, word) for word in words))


def _is(file: Object, word: str) -> bool:
    return file.name.rsplit(".", 2)[-2] == word


def source(known: Record) -> Object:
    """The source film: named, not in the package."""
    film = known["source"]
    return Object(film["file"], film["sha256"], film["size_bytes"], film["container"], note="the source; never changed")


def events(story: Story) -> tuple[Happening, ...]:
    """One event a step, in order, and one for each kind of check."""
    known = story.known
    made = [_probe(known), _split(known), _restore(story), _assemble(story), _proof(story)]
    made += _policy(story)
    made += [_judge(story), _papers(story), _package(story)]
    return tuple(made)


def _when(known: Record, step: str) -> str:
    return str(known["run"]["steps_utc"][step][0])


def _film(known: Record) -> tuple[tuple[str, str], ...]:
    return ((known["source"]["sha256"], "source"),)


def _probe(known: Record) -> Happening:
    video = known["source"]["video"]
    said = (
        f"SHA-256 of the source; {known['source']['container']}, {video['codec']}, {video['width']}×{video['height']}"
    )
    return Happening(
        "message digest calculation", "probe", _when(known, "probe"), said, "success", "", (OURS, DECODER), _film(known)
    )


def _split(known: Record) -> Happening:
    damage = known["survey"]["damage"]
    note = "no sign of damage"
    if damage:
        note = f"{len(damage)} signs of damage, the first at frame {damage[0]['frame']}: {damage[0]['message']}"
    said = (
        f"decoded {known['survey']['frames']} frames, took the SHA-256 of every luma plane, "
        f"found {_scenes(known)} shots"
    )
    outcome = "warning" if damage else "success"
    return Happening(
        "metadata extraction", "split", _when(known, "split"), said, outcome, note, (OURS, DECODER), _film(known)
    )


def _scenes(known: Record) -> int:
    return len({shot["number"] for shot in known["shots"]})


def _restore(story: Story) -> Happening:
    known = story.known
    left = len({shot["number"] for shot in known["shots"] if shot["left"]})
    said = f"recipe {known['recipe']['name']}: {', '.join(known['recipe']['filters'])}; chroma made, luma kept"
    if known["luma_altered_by"]:
        said = f"{said.removesuffix(', luma kept')}, luma altered by {', '.join(known['luma_altered_by'])}"
    coloured = _scenes(known) - left
    note = (
        f"{coloured} shot{'' if coloured == 1 else 's'} coloured, {left} left as {'it is' if left == 1 else 'they are'}"
    )
    agents = (OURS, DECODER, *(agent.key for agent in _networks(known)))
    touched = (*_film(known), *story.named("master"))
    return Happening("modification", "restore", _when(known, "restore"), said, "success", note, agents, touched)


def _assemble(story: Story) -> Happening:
    known = story.known
    said = "master and access copy put together from the takes, with all that the source holds beside its picture"
    note = "; ".join(known["output_notes"])
    made = (*_film(known), *story.named("master", "access"))
    return Happening("creation", "assemble", _when(known, "assemble"), said, "success", note, (OURS, MUXER), made)


def _proof(story: Story) -> Happening:
    gates = [gate for gate in story.known["proof"] if not gate["name"].startswith("policy ")]
    said = "master and access copy read back from disk and held to the source, frame by frame and packet by packet"
    when = _when(story.known, "prove")
    note = "; ".join(f"{gate['name']}: {gate['detail']}" for gate in gates)
    held = (*_film(story.known), *story.named("master", "access"))
    return Happening("fixity check", "prove", when, said, _outcome(gates), note, (OURS, DECODER), held)


def _outcome(gates: Sequence[Record]) -> str:
    return "fail" if any(gate["passed"] is False for gate in gates) else "success"


def _policy(story: Story) -> list[Happening]:
    gates = [gate for gate in story.known["proof"] if gate["name"].startswith("policy ")]
    when = _when(story.known, "prove")
    return [
        Happening("validation", gate["name"], when, f"the master held to the {gate['name']}", _outcome([gate]),
                  gate["detail"], (CHECKER,), tuple((sha256, "source") for sha256, _ in story.named("master")))
        for gate in gates
    ]  # fmt: skip


def _judge(story: Story) -> Happening:
    scores = story.known["scores"]
    measured = [
        f"{score['metric']} {score['restored']:.4g}" for score in scores["scores"] if score["restored"] is not None
    ]
    said = f"scores against {'no truth' if scores['truth'] == 'none' else 'the truth'}"
    note = ", ".join(measured) or scores["note"]
    return Happening("metadata extraction", "judge", _when(story.known, "prove"), said, "success", note, (OURS,),
                     story.named("scorecard", "scores"))  # fmt: skip


def _papers(story: Story) -> Happening:
    said = "report, list of shots and provenance written"
    return Happening("creation", "report", _when(story.known, "report"), said, "success", "", (OURS,),
                     story.named("report", "shots", "provenance"))  # fmt: skip


def _package(story: Story) -> Happening:
    tools = (OURS, DESCRIBER) if story.mediainfo else (OURS,)
    everything = tuple((file.sha256, "source") for file in story.files)
    said = "BagIt 1.0 bag with SHA-256 and MD5 of every file"
    return Happening("information package creation", "package", story.began_utc, said, "success", "", tools, everything)


def agents(story: Story) -> tuple[Agent, ...]:
    """Every program and network that took part, each with its version; of networks, the weights' hashes."""
    known = story.known
    versions = known["versions"]
    libraries = ", ".join(f"{name} {number}" for name, number in versions["ffmpeg_libraries"].items())
    packages = ", ".join(f"{name} {number}" for name, number in versions["packages"].items())
    commit = [f"git commit {versions['commit']}"] if versions["commit"] else []
    found = [
        Agent(OURS, "restore", versions["restore"],
              (*commit, f"Python {versions['python']}: {packages}", f"device: {known['device']}")),
        Agent(DECODER, "FFmpeg libraries (PyAV)", versions["ffmpeg_libraries"]["av"], (libraries,)),
        Agent(MUXER, "ffmpeg", versions["ffmpeg_program"]),
        *_networks(known),
    ]  # fmt: skip
    if any(gate["name"].startswith("policy ") for gate in known["proof"]):
        found.append(Agent(CHECKER, "MediaConch", story.mediaconch or "unknown"))
    if story.mediainfo:
        found.append(Agent(DESCRIBER, "MediaInfo", story.mediainfo))
    return tuple(found)


def _networks(known: Record) -> list[Agent]:
    seen = dict[str, Agent]()
    for network in known["networks"]:
        files = tuple(f"{name}: SHA-256 {sha256}" for name, sha256 in network["files"].items())
        key = f"network-{network['network']}-{network['sha256'][:16]}"
        seen[key] = Agent(key, f"network {network['network']}: {network['title']}", network["weights"], files)
    return list(seen.values())
