"""The sidecar that cataloguing programs read: in IPTC's own terms, that a trained model made the colours (XMP)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
MM = "http://ns.adobe.com/xap/1.0/mm/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PREFIXES = {"rdf": RDF, "x": META, "dc": DC, "xmp": XMP, "xmpMM": MM, "Iptc4xmpExt": IPTC}


def xmp(known: Mapping[str, Any], master: str) -> str:
    """The sidecar of the file named `master`, from the reel's provenance.

    IPTC Photo Metadata Standard 2025.1: DigitalSourceType, AISystemUsed, AISystemVersionUsed; the two last only where
    a network coloured something. XMP: ISO 16684-1.
    """
    for prefix, space in _PREFIXES.items():
        ET.register_namespace(prefix, space)
    meta = ET.Element(f"{{{META}}}xmpmeta")
    about = ET.SubElement(ET.SubElement(meta, f"{{{RDF}}}RDF"), f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})

    def say(space: str, name: str, text: str) -> None:
        ET.SubElement(about, f"{{{space}}}{name}").text = text

    say(DC, "format", "video/matroska" if master.endswith(".mkv") else "video/quicktime")
    _alternatives(about, DC, "title", known["source"]["file"])
    _alternatives(about, DC, "description", known["statement"])
    say(XMP, "CreatorTool", f"restore {known['versions']['restore']}")
    say(MM, "PreservedFileName", master)
    _derived(about, known)
    if known["digital_source_type"] is not None:
        say(IPTC, "DigitalSourceType", known["digital_source_type"])
        networks = known["networks"]
        say(IPTC, "AISystemUsed", "; ".join(f"restore, network {network['title']}" for network in networks))
        versions = [f"{network['weights']} (SHA-256 {network['sha256']})" for network in networks]
        say(IPTC, "AISystemVersionUsed", "; ".join([f"restore {known['versions']['restore']}", *versions]))
    ET.indent(meta)
    body = ET.tostring(meta, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{body}\n<?xpacket end="w"?>\n'


def _alternatives(about: ET.Element, space: str, name: str, text: str) -> None:
    """A text in its one language."""
    choice = ET.SubElement(ET.SubElement(about, f"{{{space}}}{name}"), f"{{{RDF}}}Alt")
    item = ET.SubElement(choice, f"{{{RDF}}}li", {"{http://www.w3.org/XML/1998/namespace}lang": "x-default"})
    item.text = text


def _derived(about: ET.Element, known: Mapping[str, Any]) -> None:
    """What it was made from."""
    source = ET.SubElement(about, f"{{{MM}}}DerivedFrom", {f"{{{RDF}}}parseType": "Resource"})
    ET.SubElement(
        source, "{http://ns.adobe.com/xap/1.0/sType/ResourceRef#}documentID"
    ).text = f"sha256:{known['source']['sha256']}"
