"""A reader of the pages, nearly of flesh and blood: a browser's tab with a language, a light and a login."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import httpx
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from contract.tokens import Role
from tests.central.mall import Central

WIDTHS = {390: 844, 1280: 800, 2560: 1440}
"""Heights by width, CSS pixels."""
WAIT_MS = 30_000
MOST_PICTURE_BYTES = 300_000

CLIPPED = """() => [...document.querySelectorAll(".bar *, main *")].filter((element) => {
    if (element.closest(".unseen, svg, select") || !element.checkVisibility()) return false;
    const style = getComputedStyle(element);
    const hides = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis";
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const box = element.getBoundingClientRect();
    if (hasText && !element.closest(".scroll") && (box.right > innerWidth + 1 || box.left < -1)) return true;
    return hides && hasText && element.scrollWidth > element.clientWidth + 1;
  }).map((element) => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`)"""


@dataclass
class Reader:
    """A tab whose faults and requests are noted."""

    central: Central
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str, until: str = "h1") -> None:
        self.page.goto(self.central.address + path)
        self.page.wait_for_selector(until)

    def resize(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    def assert_fits(self) -> None:
        """Nothing is cut off, and nobody has to scroll sideways."""
        wide = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{wide[0]} px wide on {wide[1]}"
        clipped = self.page.evaluate(CLIPPED)
        assert not clipped, clipped

    def assert_accessible(self) -> None:
        """axe finds nothing serious or critical."""
        found = Axe().run(self.page).response["violations"]
        grave = [
            f"{one['id']}: {one['help']}: {[node['html'][:150] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert not grave, "\n".join(grave)

    def shoot(self, name: str, colours: int = 0) -> None:
        """With ATRIUM_SCREENSHOTS=FOLDER (docs, from the repository's root) the documentation's pictures are made.

        ``colours`` is enough for flat areas and text; 0 keeps all.
        """
        folder = os.environ.get("ATRIUM_SCREENSHOTS")
        if folder:
            path = Path(folder) / name
            png = self.page.screenshot(animations="disabled", scale="css")
            picture = Image.open(io.BytesIO(png)).convert("RGB")
            (picture.quantize(colours, kmeans=2) if colours else picture).save(path, optimize=True)
            assert path.stat().st_size < MOST_PICTURE_BYTES, f"{path}: {path.stat().st_size} bytes"


@contextmanager
def reading(
    browser: Browser,
    central: Central,
    *,
    language: Literal["en", "zh"] = "en",
    light: Literal["light", "dark"] = "light",
    role: Role = "manager",
    expected: tuple[str, ...] = (),
    **settings: Any,
) -> Iterator[Reader]:
    """A reader who is logged in; in the end nothing may have failed but what was expected, or come from elsewhere."""
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(locale=locale, color_scheme=light, reduced_motion="reduce", **settings)
    context.add_cookies(_cookies(central.address, central.tokens[role]))  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    reader = Reader(central, context, page)

    page.on("pageerror", lambda error: reader.faults.append(str(error)))
    page.on(
        "console", lambda said: reader.faults.append(f"{said.text} {said.location}") if said.type == "error" else None
    )
    page.on("request", lambda request: reader.asked.append(request.url))
    yield reader
    context.close()
    faults = [fault for fault in reader.faults if not any(word in fault for word in expected)]
    assert not faults, faults
    elsewhere = [url for url in reader.asked if not url.startswith((central.address, "data:", "blob:"))]
    assert not elsewhere, elsewhere


@lru_cache
def _cookies(address: str, token: str) -> list[dict[str, str]]:
    """A login, begun once."""
    answer = httpx.post(f"{address}/login", data={"token": token})
    assert answer.status_code == 303, answer.text
    return [{"name": name, "value": value, "url": address} for name, value in answer.cookies.items()]


def assert_for_everybody(browser: Browser, central: Central, path: str) -> None:
    """The page fits at every width and axe finds nothing, in English by day and in Chinese by night."""
    for language, light in (("en", "light"), ("zh", "dark")):
        with reading(browser, central, language=language, light=light) as reader:  # type: ignore[arg-type]
            reader.open(path)
            for width in WIDTHS:
                reader.resize(width)
                reader.assert_fits()
            reader.assert_accessible()
