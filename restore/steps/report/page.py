"""The page itself: template, style and script put into one file that loads nothing and runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from restore.errors import shown
from restore.steps.stills import Jpeg

HERE = Path(__file__).parent
STYLES = ("page.css", "table.css", "curves.css", "keyframes.css", "print.css")
SCRIPTS = ("table.js", "curves.js", "keys.js")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LONGEST = 400  # letters of any one text from the film


@dataclass(frozen=True)
class Sheet:
    """What a page is made from: a template, and the files of its style and its script."""

    template: Path = HERE / "page.html"
    styles: tuple[Path, ...] = tuple(HERE / name for name in STYLES)
    scripts: tuple[Path, ...] = tuple(HERE / name for name in SCRIPTS)


def page(view: Mapping[str, Any], sheet: Sheet | None = None) -> str:
    """The template filled in. Its style and its script are allowed by their hashes, and nothing else is.

    Every text of `view` is escaped by the template. Raises jinja2's errors for a view that lacks something: a bug.
    """
    sheet = sheet or Sheet()
    style, script = (
        "".join(file.read_text(encoding="utf-8") for file in files) for files in (sheet.styles, sheet.scripts)
    )
    allowed = {
        kind: f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in (("style", style), ("script", script))
    }
    policy = (
        f"default-src 'none'; img-src data:; style-src {allowed['style']}; script-src {allowed['script']}; "
        "base-uri 'none'; form-action 'none'"
    )
    room = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader([sheet.template.parent, HERE]),  # every page has the head that lies here
    )
    room.filters["data_uri"] = data_uri
    room.filters["data_json"] = data_json
    return room.get_template(sheet.template.name).render(view, style=style, script=script, policy=policy)


def data_uri(still: Jpeg) -> str:
    return f"data:image/{still.kind};base64," + base64.b64encode(still.data).decode("ascii")


def data_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def clean(value: object) -> str:
    """Any value as one line of bounded length in which nothing is hidden; the template escapes it for HTML."""
    text = shown(str(value))
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def number(value: float | None) -> str:
    """Four digits that count, very small ones as 9.304 × 10⁻⁵; a dash where nothing was measured."""
    if value is None:
        return "–"
    digits, _, power = f"{value:.4g}".partition("e")
    return f"{digits} × 10{str(int(power)).translate(_RAISED)}" if power else digits


def count(amount: int, one: str, many: str | None = None) -> str:
    """`1 frame`, `12 frames`."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}".replace(",", " ")
