"""Chromium for the tests in this folder; each carries the marker `browser`.

`page` is a fresh browser at 1280×800; `new_context` gives further, separate ones. Errors in a page's console
fail the test: one that expects them empties `console_errors`. A failure leaves screenshots in test-results.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from scripts.example import Example, example
from scripts.find_chromium import NotUsable, cache_folder, existing
from scripts.serving import ROOT

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RESULTS = ROOT / "test-results"
SETTINGS: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "en-GB",
    "timezone_id": "UTC",
}
SERVERS = frozenset({"server", "running", "shown"})
FAILED = pytest.StashKey[bool]()

NewContext = Callable[..., BrowserContext]
Visit = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium_path() -> str:
    try:
        path = existing(os.environ, shutil.which, cache_folder(os.environ, Path.home()))
    except NotUsable as reason:
        pytest.fail(str(reason))
    return path or pytest.fail("No Chromium here; `make test` installs one, `make test-fast` needs none.")


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """One browser process for the whole run; contexts keep the tests apart."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> Iterator[list[str]]:
    """Errors from the consoles of this test's pages, and exceptions nobody caught there."""
    errors: list[str] = []
    yield errors
    assert errors == []


@pytest.fixture
def new_context(
    chromium: Browser, console_errors: list[str], request: pytest.FixtureRequest
) -> Iterator[NewContext]:
    """Makes separate browsers (own cookies, own storage); options as in Playwright's new_context."""
    for name in SERVERS & set(request.fixturenames):
        # Started first, a server stops last: no page outlives it and finds it gone.
        request.getfixturevalue(name)
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{**SETTINGS, **options})
        context.on("console", lambda message: _keep_error(message, console_errors))
        context.on("weberror", lambda error: console_errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    if request.node.stash.get(FAILED, True):
        _take_screenshots(request.node.name, [page for context in contexts for page in context.pages])
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()


# Opened at a page's own address, Streamlit looks for its server below that address first.
PROBING = re.compile(r"/[a-z-]+/_stcore/(host-config|health)$")


def _keep_error(message: ConsoleMessage, errors: list[str]) -> None:
    if message.type == "error" and not PROBING.search(message.location.get("url", "")):
        errors.append(f"{message.text} ({message.location.get('url', '')})")


def _take_screenshots(test: str, pages: list[Page]) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w-]+", "-", test)
    for number, page in enumerate(pages, start=1):
        page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """The example portfolio behind one server for the whole run: for looking, not for changing."""
    with example(tmp_path_factory.mktemp("example")) as running:
        yield running
        assert "Traceback" not in running.server.output()


@pytest.fixture(scope="session")
def lookers(shown: Example, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """The browser of somebody of the example: the same for the same options, so that it loads the scripts once."""
    contexts: dict[str, BrowserContext] = {}

    def find(name: str, **options: Any) -> BrowserContext:
        key = repr((name, sorted(options.items())))
        if key not in contexts:
            contexts[key] = chromium.new_context(**{**SETTINGS, **options})
            shown.sign_in(contexts[key], name)
        return contexts[key]

    yield find
    for context in contexts.values():
        context.close()


@pytest.fixture
def visit(
    shown: Example,
    lookers: Callable[..., BrowserContext],
    console_errors: list[str],
    request: pytest.FixtureRequest,
) -> Iterator[Visit]:
    """Opens an address of the example as somebody of it, in a tab of its own; returns its page once drawn."""
    opened: list[Page] = []

    def open_it(name: str, address: str, **options: Any) -> Page:
        page = lookers(name, **options).new_page()
        opened.append(page)
        page.on("console", lambda message: _keep_error(message, console_errors))
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        page.goto(f"{shown.server.url}/{address}")
        page.get_by_role("heading", level=1).first.wait_for(timeout=30_000)
        return page

    yield open_it
    if request.node.stash.get(FAILED, True):
        _take_screenshots(request.node.name, opened)
    for page in opened:
        page.close()
