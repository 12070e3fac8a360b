"""scripts/setup.sh in a folder with spaces, beside Pythons that only note what they were asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.serving import ROOT

NOTING_PYTHON = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
*version_info*) exit ${TOO_OLD:-0} ;;
*--version*) echo "Python 3.13.0" ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"pip install"*) exit ${PIP:-0} ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone with spaces"
    (folder / "scripts").mkdir(parents=True)
    for name in ("scripts/setup.sh", "requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    python = folder / "some python"
    python.write_text(NOTING_PYTHON)
    python.chmod(0o755)
    return folder


def setup(clone: Path, kind: str, **environment: str) -> tuple[int, str, list[str]]:
    """Exit status, error output, and the requirement files installed by this run."""
    calls = clone / "calls"
    calls.write_text("")
    given = {**os.environ, "PYTHON": str(clone / "some python"), "CALLS": str(calls), **environment}
    command = [str(clone / "scripts" / "setup.sh"), kind]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    installs = [line.split()[-1] for line in calls.read_text().splitlines() if "pip install" in line]
    return ended.returncode, ended.stderr, installs


def test_setup_installs_once_and_again_when_requirements_change(clone: Path) -> None:
    assert setup(clone, "runtime") == (0, "", ["requirements.txt"])
    assert setup(clone, "runtime") == (0, "", [])
    assert setup(clone, "dev") == (0, "", ["requirements-dev.txt"])
    assert setup(clone, "runtime") == (0, "", [])
    with (clone / "constraints.txt").open("a") as pins:
        pins.write("another==1.0\n")
    assert setup(clone, "dev") == (0, "", ["requirements-dev.txt"])


def test_setup_that_failed_is_not_taken_for_done(clone: Path) -> None:
    status, errors, _ = setup(clone, "runtime", PIP="1")
    assert (status, "could not be installed" in errors) == (1, True)
    assert setup(clone, "runtime") == (0, "", ["requirements.txt"])


def test_setup_without_a_new_enough_python_says_what_to_do(clone: Path) -> None:
    status, errors, installs = setup(clone, "runtime", TOO_OLD="1")
    assert (status, installs) == (1, [])
    assert "needs Python 3.11 or newer" in errors
    assert not (clone / ".venv").exists()


def test_setup_replaces_a_linked_environment_without_emptying_it(clone: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("kept")
    (clone / ".venv").symlink_to(elsewhere)
    assert setup(clone, "runtime")[0] == 0
    assert (elsewhere / "precious").read_text() == "kept"
    assert not (clone / ".venv").is_symlink()
