"""Print the path of a Chromium for the browser tests; with --install, fetch one when the machine has none.

Order: LIFECYCLE_CHROMIUM, a browser on PATH, Playwright's own cache; then, with --install, Debian's package
(root, or sudo without a password) and Playwright's download. Standard library only, so it runs before setup.
The path goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
# Liberation is what pages fall back to; DejaVu brings Arabic and Hebrew for the right-to-left tests.
DEBIAN_PACKAGES = ("chromium", "fonts-liberation", "fonts-dejavu-core")
APT_ATTEMPTS = 4

Which = Callable[[str], str | None]
Command = tuple[str, ...]


class NotUsable(Exception):
    """Someone asked for a particular browser and it cannot be used. `str()` is the sentence to show."""


def cache_folder(environment: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Where Playwright keeps the browsers it downloads."""
    if named := environment.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    return home / ("Library/Caches/ms-playwright" if platform == "darwin" else ".cache/ms-playwright")


def existing(environment: Mapping[str, str], which: Which, cache: Path) -> str | None:
    """The first browser found, or None. Raises NotUsable when LIFECYCLE_CHROMIUM names no program."""
    if named := environment.get("LIFECYCLE_CHROMIUM"):
        if found := which(named):
            return found
        raise NotUsable(f"LIFECYCLE_CHROMIUM names “{named}”, which is not a program that can be run.")
    return next((found for name in NAMES if (found := which(name))), None) or next(_cached(cache), None)


def _cached(cache: Path) -> Iterator[str]:
    for pattern in CACHED:
        for found in sorted(cache.glob(pattern), reverse=True):
            if os.access(found, os.X_OK):
                yield str(found)


def apt_ways(*packages: str, is_root: bool | None = None, which: Which = shutil.which) -> list[list[Command]]:
    """How Debian's packages are installed here: one way, or none without apt or the right to use it."""
    is_root = os.geteuid() == 0 if is_root is None else is_root
    if not which("apt-get") or not (is_root or which("sudo")):
        return []
    prefix: Command = () if is_root else ("sudo", "-n")
    apt = (*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q")
    return [[(*apt, "update"), (*apt, "install", "-y", "--no-install-recommends", *packages)]]


def ways_to_install(is_root: bool, which: Which, python: str = sys.executable) -> list[list[Command]]:
    """Each way is a list of commands that must all succeed; ways are tried in order."""
    download: list[Command] = [(python, "-m", "playwright", "install", "chromium")]
    return [*apt_ways(*DEBIAN_PACKAGES, is_root=is_root, which=which), download]


def install(
    ways: list[list[Command]], run: Callable[[Command], bool], found: Callable[[], str | None]
) -> str | None:
    """The browser after the first way whose commands succeed and leave one behind, or None."""
    for commands in ways:
        if all(run(command) for command in commands) and (path := found()):
            return path
    return None


def run_patiently(command: Command) -> bool:
    """Run with output on standard error. Package servers and apt's lock fail briefly, so apt is retried."""
    attempts = APT_ATTEMPTS if "apt-get" in command else 1
    for attempt in range(1, attempts + 1):
        print(f"+ {' '.join(command)}", file=sys.stderr, flush=True)
        if _succeeds(command):
            return True
        if attempt < attempts:
            time.sleep(5 * attempt)
    return False


def _succeeds(command: Command) -> bool:
    try:
        return (
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode == 0
        )
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return False


def main(arguments: list[str]) -> int:
    if not set(arguments) <= {"--install"}:
        print("Usage: find_chromium.py [--install]", file=sys.stderr)
        return 2
    cache = cache_folder(os.environ, Path.home())

    def find() -> str | None:
        return existing(os.environ, shutil.which, cache)

    try:
        path = find()
    except NotUsable as reason:
        print(reason, file=sys.stderr)
        return 1
    if path is None and "--install" in arguments:
        path = install(ways_to_install(os.geteuid() == 0, shutil.which), run_patiently, find)
    if path is None:
        print(
            "No Chromium here: install Debian's chromium package, or set LIFECYCLE_CHROMIUM.", file=sys.stderr
        )
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
