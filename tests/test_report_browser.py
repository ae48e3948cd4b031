"""The report as a browser shows it: the slider moves, curves answer, nothing is asked for, and a phone is enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from finished import WORST, finished_run

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium is installed to look at the page with")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run over a small film with four shots."""
    folder = tmp_path_factory.mktemp("page")
    finished_run().page(folder)
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Browser]:
    with chromium.Browser() as found:
        yield found


CUT = "getComputedStyle(document.querySelector('.still.on .layer.left')).clipPath"
WHERE = "document.querySelector('#where').textContent"


def slider(page: chromium.Page) -> Any:
    return page.run(
        "(d => [+d.getAttribute('aria-valuenow'), d.getAttribute('aria-valuetext')])"
        "(document.querySelector('.divider'))"
    )


def test_the_slider_moves_by_mouse_and_keys(browser: chromium.Browser, address: Path) -> None:
    page = browser.open(address)
    left, top, width, height = page.box(".divider")
    assert slider(page) == [50, "50 per cent source, the rest restored"]
    page.drag(left + width * 0.5, top + height / 2, left + width * 0.2, top + height / 2)
    assert slider(page) == [20, "20 per cent source, the rest restored"]
    assert page.run(CUT).startswith("inset(0px 80%")
    assert page.run("document.activeElement.className") == "divider"
    page.key("ArrowRight")
    page.key("ArrowRight", shift=True)
    assert slider(page)[0] == 32
    assert page.run(CUT).startswith("inset(0px 68%")
    page.key("End")
    assert slider(page)[0] == 100
    page.key("2")
    assert slider(page) == [100, "100 per cent restored, the rest true colour"]
    page.key("3")
    assert page.run("getComputedStyle(document.querySelector('[data-legend=difference]')).display") == "block"
    assert not browser_complains(page)


def test_shots_stills_and_worst_frames_are_turned_to(browser: chromium.Browser, address: Path) -> None:
    page = browser.open(address, prefers_reduced_motion="reduce")  # else the page still moves while it is clicked
    shots = page.run("document.querySelectorAll('.shot').length")
    assert shots > 2
    seen = "[...document.querySelectorAll('.shot')].filter(s => s.getClientRects().length).map(s => s.id)"
    assert page.run(seen) == ["shot-1"]
    page.click("#shot-next")
    assert page.run(seen) == ["shot-2"]
    page.click(".tile:last-child a")
    assert page.run(seen) == [f"shot-{shots}"]
    page.key("w")
    assert f"frame {WORST} " in page.run(WHERE)
    page.key(",")
    assert f"frame {WORST - 1} " in page.run(WHERE)
    page.click("#play")
    assert page.run("document.querySelector('#play').getAttribute('aria-pressed')") == "true"
    page.run("new Promise(done => setTimeout(done, 700))")
    assert f"frame {WORST - 1} " not in page.run(WHERE)
    page.key("p")
    assert page.run("document.querySelector('#play').textContent") == "Play"
    page.click("input[name=order][value=worst]")
    order = page.run("[...document.querySelectorAll('.tile')].map(t => +t.dataset.bad)")
    assert order == sorted(order, reverse=True)
    page.key("?")
    assert page.run("document.querySelector('#keys').open") is True
    page.key("Escape")
    assert page.run("document.querySelector('#keys').open") is False
    assert not browser_complains(page)


def test_curves_answer_to_pointer_and_keys(browser: chromium.Browser, address: Path) -> None:
    page = browser.open(address, prefers_reduced_motion="reduce")
    left, top, width, height = page.box("#curve-flicker .area")
    page.mouse("mouseMoved", left + width * (WORST + 0.5) / 96, top + height / 2)
    said = "document.querySelector('#curve-flicker output').textContent"
    assert page.run(said) == (
        f"00:00:02.167, frame {WORST}, shot {page.run('document.querySelector(`.worst .time`).textContent')[-1]} · "
        "restored 7.25 · true film 1 · left gray 0"
    )
    page.run("document.querySelector('#curve-flicker .area').focus()")
    page.key("ArrowRight")
    assert f"frame {WORST + 1}," in page.run(said)
    page.key("ArrowLeft")
    page.key("Enter")
    assert f"frame {WORST} " in page.run(WHERE)
    assert not browser_complains(page)


def test_on_a_phone_all_fits_and_a_finger_moves_the_slider(browser: chromium.Browser, address: Path) -> None:
    page = browser.open(address, width=390, height=844)
    assert page.run("document.documentElement.scrollWidth") <= 390
    left, top, width, height = page.box(".divider")
    page.swipe(left + width * 0.5, top + height / 2, left + width * 0.9, top + height / 2)
    assert 88 <= slider(page)[0] <= 92
    assert not browser_complains(page)


def test_in_the_dark_all_text_keeps_its_contrast(browser: chromium.Browser, address: Path) -> None:
    """WCAG AA, 4.5:1, of every text against the ground behind it, by day and by night."""
    for scheme in ("light", "dark"):
        page = browser.open(address, prefers_color_scheme=scheme)
        assert page.run(CONTRAST) == [], scheme


def test_on_paper_every_shot_is_there(browser: chromium.Browser, address: Path) -> None:
    page = browser.open(address)
    page.ask("Emulation.setEmulatedMedia", media="print")
    pictures = "[...s.querySelectorAll('img')].filter(i => i.getClientRects().length).length"
    shown = page.run(f"[...document.querySelectorAll('.shot')].map(s => {pictures})")
    assert set(shown) == {4}  # source, restored, truth and difference, side by side
    assert page.run("getComputedStyle(document.querySelector('.divider')).display") == "none"
    assert page.paper().startswith(b"%PDF")


def browser_complains(page: chromium.Page) -> list[str]:
    """What went wrong: complaints of the console, and anything asked for beside the page itself."""
    asked = [sent for sent in page.requests() if not sent.startswith("data:")]
    return page.complaints() + asked[1:]


CONTRAST = """
(() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || e.closest('.layer, script, button:disabled, .skip')) continue;
    const style = getComputedStyle(e);
    const ink = light(parse(e instanceof SVGElement ? style.fill : style.color));
    const back = light(ground(e));
    const ratio = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
    if (ratio < 4.5) found.push([e.className || e.tagName, e.textContent.trim().slice(0, 30), ratio]);
  }
  return found;
})()
"""
