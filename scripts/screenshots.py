"""Take the screenshots of the README again (`make screenshots`), of the example on a temporary database."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.example import LEADERSHIP, Example, example
from scripts.find_chromium import cache_folder, existing
from scripts.serving import ROOT

FOLDER = ROOT / "docs" / "images"
LARGEST_BYTES = 300_000
DESK, PHONE = (1280, 800), (390, 844)
SALES = "purchase-outlook-for-branches"
WINDOW = f"worksheet?project={SALES}&stage=discovery&section=decision"
PATIENCE = 60_000


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which address; `shows` is a text that is there once the page is drawn."""

    name: str
    person: str
    address: str
    shows: str
    scheme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = DESK
    press: str = ""


SHOTS = (
    Shot("overview", "Ines Example", f"project?project={SALES}", "What the checks found"),
    Shot("overview-dark", "Ines Example", f"project?project={SALES}", "What the checks found", "dark"),
    Shot("overview-phone", "Ines Example", f"project?project={SALES}", "What the checks found", size=PHONE),
    Shot("worksheet", "Ines Example", WINDOW, "Time to act fits the horizon"),
    Shot("gate", "Ines Example", f"gate?project={SALES}&gate=discovery", "What stands in the way"),
    Shot("review", "Leon Pattern", "", "Changed since your role last decided", press="Read the difference"),
    Shot("my-work", "Bea Sample", "", "Your decisions that have become stale"),
    Shot("portfolio", LEADERSHIP, "portfolio", "Readiness"),
    Shot("portfolio-dark", LEADERSHIP, "portfolio", "Readiness", "dark"),
    Shot("portfolio-phone", LEADERSHIP, "portfolio", "Readiness", size=PHONE),
    Shot("early-planning", LEADERSHIP, "early-planning", "Questions still open"),
)


def main() -> int:
    """Write every picture; returns 1, naming it, when one is too large for the repository."""
    path = existing(os.environ, shutil.which, cache_folder(os.environ, Path.home()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        example(Path(name)) as shown,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        taken = [_take(browser, shown, shot) for shot in SHOTS]
        browser.close()
    too_large = [file for file in taken if file.stat().st_size > LARGEST_BYTES]
    for file in taken:
        sys.stdout.write(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1000} kB\n")
    for file in too_large:
        sys.stderr.write(f"{file.name} is larger than {LARGEST_BYTES // 1000} kB.\n")
    return 1 if too_large else 0


def _take(browser: Browser, shown: Example, shot: Shot) -> Path:
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=shot.scheme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    shown.sign_in(context, shot.person)
    page = context.new_page()
    page.goto(f"{shown.server.url}/{shot.address}")
    if shot.press:
        page.get_by_role("button", name=shot.press).first.click(timeout=PATIENCE)
    page.get_by_text(shot.shows).filter(visible=True).first.wait_for(timeout=PATIENCE)
    _wait_until_still(page)
    file = FOLDER / f"{shot.name}.png"
    file.write_bytes(_compressed(page.screenshot()))
    context.close()
    return file


def _wait_until_still(page: Page) -> None:
    """Placeholders gone and the picture the same for half a second."""
    page.wait_for_load_state("networkidle")
    before = b""
    for _ in range(40):
        now = page.screenshot()
        if now == before and page.get_by_test_id("stSkeleton").filter(visible=True).count() == 0:
            return
        before = now
        page.wait_for_timeout(500)


def _compressed(picture: bytes) -> bytes:
    """The same picture in fewer bytes."""
    packed = BytesIO()
    Image.open(BytesIO(picture)).convert("RGB").save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
