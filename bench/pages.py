"""Pages of the product over its websocket, beside an empty page under plain `streamlit run`.

Both servers run at the same time and are asked in turn, so that whatever else the machine does is shared fairly.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread

from bench.drive import Session, text
from bench.installation import PROJECT, Installation
from bench.registers import ROWS
from bench.results import Result, at_least, at_most
from bench.stock import stock_server
from scripts.serving import Server, serving

ROUNDS = 40
WARM_UP = 5
PEOPLE = 20
SECONDS = 6.0
HALF = 0.5  # what people do most is to cost half of an empty page under plain `streamlit run`
STOCK = "empty page, plain streamlit run"
WHOLE_SHEET = f"project={PROJECT}&stage=discovery&section=all"
ONE_SECTION = f"project={PROJECT}&stage=discovery&section=problem"


@dataclass(frozen=True)
class Tab:
    """One open page and what is done on it: `act` gives the seconds until the answer is complete."""

    name: str
    session: Session
    act: Callable[[int], float]
    goal: float | None = 1.0  # of the empty page's rerun


def measure(installed: Installation) -> Iterator[Result]:
    """Median milliseconds of each interaction, and as a share of the empty page's rerun."""
    with ExitStack() as opened:
        stock, product = _servers(opened, installed)
        tabs = [_stock_tab(opened, stock), *_tabs(opened, product.url, installed)]
        for number in range(WARM_UP):
            for tab in tabs:
                tab.act(-number)
        taken = [[tab.act(number) for tab in tabs] for number in range(ROUNDS)]
    medians = [statistics.median(seconds) for seconds in zip(*taken, strict=True)]
    yield Result(f"{STOCK}: rerun", medians[0] * 1000, "ms")
    for tab, seconds in list(zip(tabs, medians, strict=True))[1:]:
        yield Result(tab.name, seconds * 1000, "ms")
        yield _compared("… ÷ empty page", seconds / medians[0], tab.goal)


def _compared(name: str, ratio: float, goal: float | None) -> Result:
    return Result(name, ratio, "times") if goal is None else at_most(name, ratio, "times", goal)


def _servers(opened: ExitStack, installed: Installation) -> tuple[Server, Server]:
    return opened.enter_context(stock_server()), opened.enter_context(serving(installed.folder))


def _stock_tab(opened: ExitStack, server: Server) -> Tab:
    session = opened.enter_context(Session(server.url))
    return Tab(STOCK, session, lambda _: session.rerun())


def _tabs(opened: ExitStack, url: str, installed: Installation) -> list[Tab]:
    cookie = installed.cookie()

    def tab(name: str, page: str, query: str = "", goal: float | None = 1.0) -> Tab:
        session = opened.enter_context(Session(url, cookie, page=page, query=query))
        return Tab(f"{name}: rerun", session, lambda _: session.rerun(), goal)

    return [
        _answering(opened, url, cookie, installed.project_id),
        tab("worksheet, one section", "worksheet", ONE_SECTION),
        tab("worksheet, all 42 questions", "worksheet", WHOLE_SHEET, goal=None),
        tab("project overview", "project", f"project={PROJECT}", goal=HALF),
        tab("gate", "gate", f"project={PROJECT}&gate=discovery", goal=HALF),
        tab(f"portfolio of {ROWS + 1:,} projects", "portfolio"),
        tab("my work", ""),
    ]


def _answering(opened: ExitStack, url: str, cookie: str, project_id: int, field: str = "D01") -> Tab:
    """A text answered on the worksheet with all 42 questions: saved, and everything that follows drawn again."""
    session = opened.enter_context(Session(url, cookie, page="worksheet", query=WHOLE_SHEET))
    widget = session.keyed[f"answer:{project_id}:0:{field}:value"]

    def answer(number: int) -> float:
        return session.rerun(text(widget, f"Planners phone round for {number} hours every morning."))

    name = "worksheet of 42 questions: one answer saved, checks and marks drawn"
    return Tab(name, session, answer, HALF)


def measure_throughput(installed: Installation) -> Iterator[Result]:
    """20 people at once, each asking again as soon as the answer is there."""
    with ExitStack() as opened:
        stock, product = _servers(opened, installed)
        cookies = [installed.cookie() for _ in range(PEOPLE)]
        empty = _per_second([_stock_tab(opened, stock) for _ in range(PEOPLE)])
        sheets = [
            opened.enter_context(Session(product.url, cookie, page="worksheet", query=ONE_SECTION))
            for cookie in cookies
        ]
        reruns = _per_second([Tab("", sheet, lambda _, sheet=sheet: sheet.rerun()) for sheet in sheets])  # type: ignore[misc]
    yield Result(f"{STOCK}: {PEOPLE} people", empty, "reruns/s")
    yield Result(f"worksheet, one section: {PEOPLE} people", reruns, "reruns/s")
    yield at_least("… ÷ empty page", reruns / empty, "times", 4)


def _per_second(tabs: list[Tab]) -> float:
    done = [0] * len(tabs)
    ends = time.perf_counter() + SECONDS

    def work(place: int) -> None:
        while time.perf_counter() < ends:
            tabs[place].act(done[place])
            done[place] += 1

    people = [Thread(target=work, args=(place,)) for place in range(len(tabs))]
    started = time.perf_counter()
    for person in people:
        person.start()
    for person in people:
        person.join()
    return sum(done) / (time.perf_counter() - started)
