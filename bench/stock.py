"""The yardstick: an empty page under plain `streamlit run`, default options, same machine, loopback."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.drive import Session
from scripts.serving import Server, free_port, serving

EMPTY_PAGE = "import streamlit\n"
WARM_UP = 5
RERUNS = 50
LONGEST_SECONDS = 30.0


@contextmanager
def stock_server(page: str = EMPTY_PAGE) -> Iterator[Server]:
    """Plain Streamlit over one script, in a folder of its own so that our configuration does not reach it."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "page.py").write_text(page, "utf-8")
        options = ("--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true")
        command = (sys.executable, "-m", "streamlit", "run", "page.py", *options)
        with serving(folder, command=command, port=port, environment={"HOME": name}, root=folder) as server:
            yield server


def median_rerun(session: Session, *, reruns: int = RERUNS) -> float:
    """Median seconds of a rerun, after a warm-up; stops after LONGEST_SECONDS with what it has."""
    deadline = time.perf_counter() + LONGEST_SECONDS
    for _ in range(WARM_UP):
        session.rerun()
    taken = [session.rerun()]
    while len(taken) < reruns and time.perf_counter() < deadline:
        taken.append(session.rerun())
    return statistics.median(taken)


def stock_rerun() -> float:
    """Median seconds of a rerun of the empty page, one session."""
    with stock_server() as server, Session(server.url) as session:
        return median_rerun(session)


if __name__ == "__main__":
    print(f"Empty page, plain streamlit run: {stock_rerun() * 1000:.1f} ms a rerun")
