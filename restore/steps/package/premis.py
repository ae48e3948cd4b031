"""What happened to the film, in the words that archives exchange: PREMIS 3.0, one event a step of the run."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

SPACE = "http://www.loc.gov/premis/v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = "https://www.loc.gov/standards/premis/premis.xsd"
VOCABULARY = "http://id.loc.gov/vocabulary/preservation/"

EVENTS = {
    "creation": "cre", "fixity check": "fix", "format identification": "for", "information package creation": "ipc",
    "message digest calculation": "mes", "metadata extraction": "mee", "modification": "mod", "validation": "val",
}  # fmt: skip
"""Terms of the Library of Congress's vocabulary of event types that are used here, and their codes."""

_OUTCOMES = {"success": "suc", "fail": "fai", "warning": "war"}
_ROLES = {"source": "sou", "outcome": "out"}
_HASHES = {"SHA-256": "sha256", "MD5": "md5"}


@dataclass(frozen=True)
class Object:
    """One file: of the package, or the source, which is named and not in it."""

    name: str
    sha256: str
    size_bytes: int | None
    format: str  # "Matroska"
    format_version: str = ""
    md5: str = ""
    made_from: str = ""  # SHA-256 of the file that it is derived from
    note: str = ""  # significant property: what a keeper must know of it


@dataclass(frozen=True)
class Agent:
    """A program or a network that took part."""

    key: str  # unique in the document
    name: str
    version: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Happening:
    """One step of the run."""

    type: str  # a key of EVENTS
    step: str
    began_utc: str  # ISO 8601
    detail: str
    outcome: str  # "success" | "warning" | "fail"
    outcome_note: str
    agents: tuple[str, ...]  # keys
    objects: tuple[tuple[str, str], ...]  # (SHA-256 of an object, "source" | "outcome")


def premis(objects: Sequence[Object], events: Sequence[Happening], agents: Sequence[Agent]) -> str:
    """The document. Objects are named by their SHA-256, events by a UUID that follows from what they say."""
    ET.register_namespace("premis", SPACE)
    ET.register_namespace("xsi", XSI)
    root = ET.Element(_tag("premis"), {"version": "3.0", f"{{{XSI}}}schemaLocation": f"{SPACE} {SCHEMA}"})
    names = {event: _event_id(event) for event in events}
    for item in objects:
        _object(root, item, [names[event] for event in events if item.sha256 in dict(event.objects)])
    for event in events:
        _event(root, event, names[event])
    for agent in agents:
        _agent(root, agent)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _event_id(event: Happening) -> str:
    what = "|".join((event.step, event.type, event.began_utc, *(f"{role} {sha256}" for sha256, role in event.objects)))
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SPACE}#{what}"))


def _tag(name: str) -> str:
    return f"{{{SPACE}}}{name}"


def _add(parent: ET.Element, name: str, text: str | None = None, term: tuple[str, str] | None = None) -> ET.Element:
    """An element; `term` is (vocabulary, code) of a word that the Library of Congress keeps."""
    authority = {}
    if term is not None:
        uri = VOCABULARY + term[0]
        authority = {"authority": term[0], "authorityURI": uri, "valueURI": f"{uri}/{term[1]}"}
    element = ET.SubElement(parent, _tag(name), authority)
    element.text = text
    return element


def _identifier(parent: ET.Element, name: str, kind: str, value: str) -> ET.Element:
    """An identifier of the usual two parts; what further parts it has are added by the caller."""
    element = _add(parent, name)
    _add(element, f"{name}Type", kind)
    _add(element, f"{name}Value", value)
    return element


def _object(root: ET.Element, item: Object, events: Sequence[str]) -> None:
    element = ET.SubElement(root, _tag("object"), {f"{{{XSI}}}type": "premis:file"})
    _identifier(element, "objectIdentifier", "SHA-256", item.sha256)
    if item.note:
        property_ = _add(element, "significantProperties")
        _add(property_, "significantPropertiesType", "content")
        _add(property_, "significantPropertiesValue", item.note)
    about = _add(element, "objectCharacteristics")
    _add(about, "compositionLevel", "0")
    for algorithm, value in (("SHA-256", item.sha256), ("MD5", item.md5)):
        if value:
            fixity = _add(about, "fixity")
            _add(fixity, "messageDigestAlgorithm", algorithm, ("cryptographicHashFunctions", _HASHES[algorithm]))
            _add(fixity, "messageDigest", value)
    if item.size_bytes is not None:
        _add(about, "size", str(item.size_bytes))
    form = _add(_add(about, "format"), "formatDesignation")
    _add(form, "formatName", item.format)
    if item.format_version:
        _add(form, "formatVersion", item.format_version)
    _add(element, "originalName", item.name)
    if item.made_from:
        kin = _add(element, "relationship")
        _add(kin, "relationshipType", "derivation", ("relationshipType", "der"))
        _add(kin, "relationshipSubType", "has source", ("relationshipSubType", "hss"))
        _identifier(kin, "relatedObjectIdentifier", "SHA-256", item.made_from)
    for event in events:
        _identifier(element, "linkingEventIdentifier", "UUID", event)


def _event(root: ET.Element, event: Happening, name: str) -> None:
    element = _add(root, "event")
    _identifier(element, "eventIdentifier", "UUID", name)
    _add(element, "eventType", event.type, ("eventType", EVENTS[event.type]))
    _add(element, "eventDateTime", event.began_utc)
    _add(_add(element, "eventDetailInformation"), "eventDetail", event.detail)
    out = _add(element, "eventOutcomeInformation")
    _add(out, "eventOutcome", event.outcome, ("eventOutcome", _OUTCOMES[event.outcome]))
    if event.outcome_note:
        _add(_add(out, "eventOutcomeDetail"), "eventOutcomeDetailNote", event.outcome_note)
    for agent in event.agents:
        link = _identifier(element, "linkingAgentIdentifier", "local", agent)
        _add(link, "linkingAgentRole", "executing program", ("eventRelatedAgentRole", "exe"))
    for sha256, role in event.objects:
        link = _identifier(element, "linkingObjectIdentifier", "SHA-256", sha256)
        _add(link, "linkingObjectRole", role, ("eventRelatedObjectRole", _ROLES[role]))


def _agent(root: ET.Element, agent: Agent) -> None:
    element = _add(root, "agent")
    _identifier(element, "agentIdentifier", "local", agent.key)
    _add(element, "agentName", agent.name)
    _add(element, "agentType", "software", ("agentType", "sof"))
    _add(element, "agentVersion", agent.version)
    for note in agent.notes:
        _add(element, "agentNote", note)
