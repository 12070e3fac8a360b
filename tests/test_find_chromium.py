"""Which browser is taken, in which order, and how one is installed where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import find_chromium
from scripts.find_chromium import Command, NotUsable, Which, cache_folder, existing, install, ways_to_install


def having(*names: str) -> Which:
    return lambda name: f"/bin/{Path(name).name}" if name in names else None


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    browser = tmp_path / "chromium-1187" / "chrome-linux" / "chrome"
    browser.parent.mkdir(parents=True)
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    return tmp_path


def test_named_browser_comes_before_path_before_cache(cache: Path, tmp_path: Path) -> None:
    everything = having("/opt/mine", "google-chrome", "chromium")
    assert existing({"LIFECYCLE_CHROMIUM": "/opt/mine"}, everything, cache) == "/bin/mine"
    assert existing({}, everything, cache) == "/bin/chromium"
    assert existing({}, having("google-chrome"), cache) == "/bin/google-chrome"
    assert existing({}, having(), cache) == str(cache / "chromium-1187" / "chrome-linux" / "chrome")
    assert existing({}, having(), tmp_path / "nothing") is None


def test_named_browser_that_is_missing_is_an_error_and_not_replaced(cache: Path) -> None:
    with pytest.raises(NotUsable, match="/opt/gone"):
        existing({"LIFECYCLE_CHROMIUM": "/opt/gone"}, having("chromium"), cache)


def test_cached_file_that_cannot_run_is_passed_over(cache: Path) -> None:
    next(cache.glob("*/*/chrome")).chmod(0o644)
    assert existing({}, having(), cache) is None


def test_cache_follows_playwright(tmp_path: Path) -> None:
    assert cache_folder({}, tmp_path, "linux") == tmp_path / ".cache/ms-playwright"
    assert cache_folder({"PLAYWRIGHT_BROWSERS_PATH": "/srv/b"}, tmp_path, "linux") == Path("/srv/b")


def test_root_uses_apt_others_sudo_without_asking_and_playwright_comes_last() -> None:
    def programs(is_root: bool, *names: str) -> list[str]:
        return [way[0][0] for way in ways_to_install(is_root, having(*names), "python")]

    assert programs(True, "apt-get") == ["env", "python"]
    assert programs(False, "apt-get", "sudo") == ["sudo", "python"]
    assert programs(False, "apt-get") == ["python"]
    assert programs(True) == ["python"]
    assert ways_to_install(False, having("apt-get", "sudo"))[0][0][:2] == ("sudo", "-n")


def test_next_way_is_tried_when_one_fails_or_leaves_no_browser() -> None:
    tried: list[Command] = []
    ways: list[list[Command]] = [[("fails",), ("never",)], [("empty",)], [("good",)], [("unused",)]]

    def run(command: Command) -> bool:
        tried.append(command)
        return command != ("fails",)

    path = install(ways, run, lambda: "/bin/chromium" if tried[-1] == ("good",) else None)
    assert (path, tried) == ("/bin/chromium", [("fails",), ("empty",), ("good",)])
    assert install([[("fails",)]], run, lambda: "/bin/chromium") is None


def test_apt_is_retried_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Command] = []

    def succeeds(command: Command) -> bool:
        calls.append(command)
        return len(calls) == 3

    monkeypatch.setattr("scripts.find_chromium.time.sleep", lambda seconds: None)
    monkeypatch.setattr(find_chromium, "_succeeds", succeeds)
    assert find_chromium.run_patiently(("env", "apt-get", "update"))
    assert len(calls) == 3
    calls.clear()
    assert not find_chromium.run_patiently(("python", "-m", "playwright"))
    assert len(calls) == 1
