"""Fixtures every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.serving import ROOT, Server, serving

# --- Shared data and a running server ------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """`python app.py` on a free port over an empty SQLite database of its own; gone when the test ends."""
    if not (ROOT / "app.py").is_file():
        pytest.skip("there is no app.py yet")
    with serving(tmp_path) as running:
        yield running
