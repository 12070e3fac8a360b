"""How much pages jump while they load and while they are used: cumulative layout shift in Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from bench.installation import PROJECT, Installation
from bench.results import Result, at_most
from scripts.find_chromium import cache_folder, existing
from scripts.serving import serving

SIZE: ViewportSize = {"width": 1280, "height": 800}
SETTLED_MILLISECONDS = 3_000
GOAL = 0.1
# As the metric is defined: the worst burst of shifts nobody caused, at most 5 s long, gaps under 1 s.
OBSERVE = """
window.worstShift = 0;
let burst = 0, first = 0, last = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    if (entry.startTime - last > 1000 || entry.startTime - first > 5000) { burst = 0; first = entry.startTime; }
    last = entry.startTime;
    burst += entry.value;
    window.worstShift = Math.max(window.worstShift, burst);
  }
}).observe({type: "layout-shift", buffered: true});
"""


def measure(installed: Installation) -> Iterator[Result]:
    """Nothing where there is no Chromium: `make test` installs one."""
    program = existing(os.environ, shutil.which, cache_folder(os.environ, Path.home()))
    if program is None:
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield from shifts(browser, installed)
        browser.close()


def shifts(browser: Browser, installed: Installation) -> Iterator[Result]:
    """The worst shift of each page while it arrives, and of the worksheet while it is answered."""
    with serving(installed.folder) as server:
        context = _context(browser.new_context(viewport=SIZE), server.url, installed.cookie())
        worksheet = f"{server.url}/worksheet?project={PROJECT}&stage=discovery"
        portfolio = f"{server.url}/portfolio"
        yield at_most("layout shift: worksheet opened", _opened(context, worksheet, "Live checks"), "", GOAL)
        yield at_most("layout shift: worksheet answered", _answered(context, worksheet), "", GOAL)
        yield at_most("layout shift: portfolio opened", _opened(context, portfolio, None), "", GOAL)
        context.close()


def _context(context: BrowserContext, url: str, cookie: str) -> BrowserContext:
    name, value = cookie.split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": url}])
    context.add_init_script(OBSERVE)
    return context


def _opened(context: BrowserContext, address: str, heading: str | None) -> float:
    page = context.new_page()
    _open(page, address, heading)
    shift = float(page.evaluate("window.worstShift"))
    page.close()
    return shift


def _open(page: Page, address: str, heading: str | None) -> None:
    page.goto(address)
    shown = page.get_by_role("heading", name=heading) if heading else page.get_by_role("heading", level=1)
    shown.first.wait_for(timeout=30_000)
    page.wait_for_timeout(SETTLED_MILLISECONDS)


def _answered(context: BrowserContext, address: str) -> float:
    """What moves while the marks and checks follow an answer, loading left out."""
    page = context.new_page()
    _open(page, address, "Live checks")
    page.evaluate("window.worstShift = 0")
    page.get_by_role("textbox", name="What is wrong today").fill("Planners phone round for three hours.")
    page.keyboard.press("Tab")
    page.wait_for_timeout(SETTLED_MILLISECONDS)
    shift = float(page.evaluate("window.worstShift"))
    page.close()
    return shift
