"""A headless Chromium for tests, driven through its own DevTools over a pipe: real pointer, touch and key events.

with Browser() as browser:
    page = browser.open(path, width=390, height=844)
    page.drag(10, 20, 200, 20)
    assert page.run("document.title") == "…"
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_S = 60.0
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Enter": 13, "Escape": 27, "Tab": 9}


def program() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """Started on entering, gone on leaving. It reads its orders from file 3 and answers on file 4."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._number, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()

        def as_3_and_4() -> None:
            low, high = os.dup(orders), os.dup(answers)
            os.dup2(low, 3)
            os.dup2(high, 4)

        command = [str(program()), *FLAGS, f"--user-data-dir={self._home.name}", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=quiet, stdout=quiet, stderr=quiet, close_fds=False, preexec_fn=as_3_and_4
        )
        os.close(orders)
        os.close(answers)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.ask("Browser.close")
        finally:
            os.close(self._orders)
            os.close(self._answers)
            self._process.wait(timeout=PATIENCE_S)
            self._home.cleanup()

    def open(self, path: Path, width: int = 1280, height: int = 900, **media: str) -> Page:
        """A new page with the file at `path`; `media`: features such as prefers_color_scheme="dark"."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        self.events.clear()
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.ask(f"{domain}.enable")
        page.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        page.ask("Emulation.setEmulatedMedia", features=features)
        page.ask("Page.navigate", url=path.absolute().as_uri())
        self.until(lambda: any(event["method"] == "Page.loadEventFired" for event in self.events))
        return page

    def ask(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Send an order and wait for its answer."""
        self._number += 1
        number = self._number
        order = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        answer: list[dict[str, Any]] = []
        self.until(lambda: bool(answer), lambda said: answer.append(said) if said.get("id") == number else None)
        if "error" in answer[0]:
            raise RuntimeError(f"{method}: {answer[0]['error']}")
        return answer[0]["result"]

    def until(self, done: Callable[[], bool], heard: Callable[[dict[str, Any]], object] = lambda said: None) -> None:
        """Listen until `done`; events are kept."""
        latest = time.monotonic() + PATIENCE_S
        while not done():
            ready, _, _ = select.select([self._answers], [], [], max(0.0, latest - time.monotonic()))
            read = os.read(self._answers, 1 << 20) if ready else b""
            if not read:
                raise RuntimeError("the browser does not answer")
            *messages, self._rest = (self._rest + read).split(b"\0")
            for message in map(json.loads, messages):
                if "method" in message:
                    self.events.append(message)
                heard(message)


class Page:
    """One open page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def ask(self, method: str, **params: Any) -> Any:
        return self._browser.ask(method, self._session, **params)

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def box(self, query: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window, after it was scrolled into it."""
        left, top, width, height = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(query)}); "
            "e.scrollIntoView({block: 'center', behavior: 'instant'}); const b = e.getBoundingClientRect(); "
            "return [b.left, b.top, b.width, b.height]; })()"
        )
        return left, top, width, height

    def mouse(self, kind: str, x: float, y: float) -> None:
        held = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **held)

    def click(self, query: str) -> None:
        left, top, width, height = self.box(query)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, left + width / 2, top + height / 2)

    def drag(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self.mouse("mousePressed", x, y)
        for share in (0.5, 1.0):
            place = {"x": x + (to_x - x) * share, "y": y + (to_y - y) * share}
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", button="left", buttons=1, **place)
        self.mouse("mouseReleased", to_x, to_y)

    def swipe(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        for share in (0.25, 0.5, 0.75, 1.0):
            point = {"x": x + (to_x - x) * share, "y": y + (to_y - y) * share}
            self.ask("Input.dispatchTouchEvent", type="touchMove", touchPoints=[point])
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key: str, shift: bool = False) -> None:
        text = {} if key in KEYS else {"text": key}
        code = KEYS.get(key, ord(key[0].upper()))
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=8 * shift,
                **(text if kind == "keyDown" else {}),
            )  # fmt: skip

    def picture(self, whole: bool = False) -> bytes:
        """The window, or the whole page, as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def paper(self) -> bytes:
        """The page as it is printed, PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=False)["data"])

    def complaints(self) -> list[str]:
        """Errors of the console, exceptions, and what the page may not do, since it was opened."""
        found = list[str]()
        for event in self._browser.events:
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
                found.append(str(params["entry"]["text"]))
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append(str(params["args"]))
        return found

    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        sent = [event for event in self._browser.events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]
