"""How quickly a worksheet page answers when a field of it is left: saved, its checks judged again, drawn again."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.drive import Session, text
from scripts.serving import serving
from tests.screens import in_folder

ANSWERS = 30


def answer_seconds() -> float:
    """The median over ANSWERS answers to one of the 42 questions of Discovery, all of them on the page."""
    with tempfile.TemporaryDirectory() as folder:
        screens = in_folder(Path(folder))
        cookie = f"lifecycle_session={screens.tokens['Pat']}"
        query = f"project={screens.project}&section=all"
        with (
            serving(Path(folder)) as server,
            Session(server.url, cookie, page="worksheet", query=query) as tab,
        ):
            field = tab.widgets["Business metric"]
            for number in range(3):
                tab.rerun(text(field, f"Warm-up {number}"))
            return statistics.median(tab.rerun(text(field, f"Sales {number}")) for number in range(ANSWERS))
