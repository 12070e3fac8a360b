"""The HTTP interface on one connection: a saved answer, a gate, and the least that a request can cost."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.installation import PROJECT, Installation, now
from bench.results import Result, at_most
from lifecycle.actions import tokens
from lifecycle.vocabulary import Scope
from scripts.serving import serving

ROUNDS = 200
WARM_UP = 10
FIELD = "D01"
GOAL = 5.0


class Program:
    """One program with its token, on a connection that stays open."""

    def __init__(self, port: int, secret: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        text = json.dumps(body) if body is not None else None
        self._connection.request(method, f"/api/v1{path}", text, self._headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        assert answer.status == 200, told
        return told


def measure(installed: Installation) -> Iterator[Result]:
    """Medians in milliseconds, of a program that waits for each answer."""
    with installed.database.write() as session:
        made = tokens.create(
            session,
            by=installed.by,
            at=now(),
            person_key=installed.by.key,
            name="Measurement",
            scopes=tuple(Scope),
        )
    environment = {"LIFECYCLE_API_PER_MINUTE": "1000000", "LIFECYCLE_JOBS": "off"}
    with serving(installed.folder, environment=environment) as server:
        program = Program(server.port, made.secret)
        yield Result("HTTP: which token this is", _median(lambda _: program("GET", "/token")), "ms")
        yield Result(
            "HTTP: the Launch gate",
            _median(lambda _: program("GET", f"/projects/{PROJECT}/gates/launch")),
            "ms",
        )
        yield at_most("HTTP: one answer saved", _median(_saving(program)), "ms", GOAL)


def _saving(program: Program) -> Callable[[int], None]:
    path = f"/projects/{PROJECT}/answers/{FIELD}"
    revision = int(program("GET", path)["revision"])

    def save(number: int) -> None:
        nonlocal revision
        body = {"value": f"Planners phone round {revision} hours", "base": revision}
        revision = int(program("PUT", path, body)["revision"])

    return save


def _median(act: Callable[[int], object]) -> float:
    for number in range(WARM_UP):
        act(number)
    taken = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000
