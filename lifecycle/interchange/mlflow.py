"""What an MLflow tracking server says about the runs of an experiment or of a registered model, by its REST API.

Its address comes from the settings alone: a monitor names an experiment or a model, never a host.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lifecycle.interchange.told import (
    ANSWERED,
    EXPERIMENT,
    MODEL,
    NO_ENTRY,
    NOT_LET_IN,
    NOT_REACHED,
    RUNS,
    SOMETHING_ELSE,
    TOO_LONG,
    UNKNOWN,
    Told,
)
from lifecycle.rules.deliveries import is_loopback
from lifecycle.rules.monitors import MlflowSource
from lifecycle.rules.readings import MOST_AT_ONCE, NewReading
from lifecycle.rules.tracking import Entry, finite, is_known, readings_of
from lifecycle.settings import Mlflow

TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 32 * 1024 * 1024
MOST_RUNS = 5_000  # of an experiment, those begun last
MOST_VERSIONS = 100  # of a registered model, the newest
MOST_HISTORIES = 50  # in one go; the others follow with the next
_PAGE = 500
_ENTRIES = 25_000
_API = "/api/2.0/mlflow"

Stored = Mapping[str, float | None]


class NotFetched(Exception):
    """Why the server gave no answer that can be used, as one sentence."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.told = Told(text, **values)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Readings that came; `failure` says why there are no more, `has_more` that the next go finds more."""

    readings: tuple[NewReading, ...]
    failure: Told | str = ""
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    id: str
    newest: Entry


def fetch(server: Mlflow, source: MlflowSource, stored: Callable[[Sequence[str]], Stored]) -> Fetched:
    """All entries of the runs whose newest entry is not stored yet; `stored` says what some keys hold.

    What came before a failure is kept. Raises nothing: the failure is in what is returned.
    """
    readings: list[NewReading] = []
    try:
        runs = list(_runs(server, source))
        keys = [key for run in runs for key in (run.newest.key(run.id), run.newest.own_key(run.id))]
        known = stored(keys) if keys else {}
        new = [run for run in runs if not is_known(run.id, run.newest, known)]
        for number, run in enumerate(new):
            if number >= MOST_HISTORIES or len(readings) >= MOST_AT_ONCE // 2:
                return Fetched(tuple(readings), has_more=True)
            entries = _history(server, run.id, source.metric)
            held = stored([entry.key(run.id) for entry in entries])
            readings += readings_of(run.id, entries, held)
    except NotFetched as error:
        return Fetched(tuple(readings), failure=error.told)
    return Fetched(tuple(readings))


# ------------------------------------------------------------------ runs


def _runs(server: Mlflow, source: MlflowSource) -> Iterator[_Run]:
    """The runs that have the metric."""
    found = _of_experiment(server, source) if source.experiment else _of_model(server, source)
    for run in found:
        metrics = {each["key"]: each for each in _list(run.get("data"), "metrics") if "key" in each}
        newest = metrics.get(source.metric)
        if newest is not None:
            yield _Run(_text(run.get("info"), "run_id"), _entry(newest))


def _of_experiment(server: Mlflow, source: MlflowSource) -> Iterator[Mapping[str, Any]]:
    asked = {"experiment_name": source.experiment}
    named = _get(
        server,
        "experiments/get-by-name",
        asked,
        Told(EXPERIMENT, experiment=source.experiment),
    )
    ids = [_text(named.get("experiment"), "experiment_id")]
    token, seen = "", 0
    while seen < MOST_RUNS:
        body: dict[str, Any] = {
            "experiment_ids": ids,
            "max_results": _PAGE,
            "order_by": ["attributes.start_time DESC"],
        }
        page = _post(server, "runs/search", body | ({"page_token": token} if token else {}))
        runs = _list(page, "runs")
        yield from runs
        token, seen = str(page.get("next_page_token") or ""), seen + len(runs)
        if not token or not runs:
            return


def _of_model(server: Mlflow, source: MlflowSource) -> Iterator[Mapping[str, Any]]:
    model = Told(MODEL, model=source.model)
    _get(server, "registered-models/get", {"name": source.model}, model)
    asked = {
        "filter": _named_so(source.model),
        "max_results": str(MOST_VERSIONS),
        "order_by": "version_number DESC",
    }
    found = _list(_get(server, "model-versions/search", asked, model), "model_versions")
    versions = [each for each in found if each.get("name") == source.model]
    run_ids = dict.fromkeys(str(each.get("run_id") or "") for each in versions)
    for run_id in filter(None, run_ids):
        yield _mapping(_get(server, "runs/get", {"run_id": run_id}, f"run {run_id}").get("run"))


def _named_so(name: str) -> str:
    """The filter for one name. MLflow knows no escape: a name with both quotes is asked for by a pattern."""
    if '"' not in name:
        return f'name="{name}"'
    pattern = name.replace("'", "_")
    return f"name ILIKE '{pattern}'" if "'" in name else f"name='{name}'"


def _history(server: Mlflow, run_id: str, metric: str) -> list[Entry]:
    entries: list[Entry] = []
    token = ""
    while len(entries) < MOST_AT_ONCE // 2:
        asked = {"run_id": run_id, "metric_key": metric, "max_results": str(_ENTRIES)}
        page = _get(
            server, "metrics/get-history", asked | ({"page_token": token} if token else {}), f"run {run_id}"
        )
        found = _list(page, "metrics")
        entries += [_entry(each) for each in found]
        token = str(page.get("next_page_token") or "")
        if not token or not found:
            break
    return entries


# ------------------------------------------------------------------ what it answers


def _entry(said: Mapping[str, Any]) -> Entry:
    """Whole numbers come as text or number, no number as “NaN”, and infinity as the largest number there is."""
    try:
        value = finite(float(said.get("value", "nan")))
        if value is not None and abs(value) == sys.float_info.max:
            value = None
        return Entry(int(said.get("step") or 0), int(said.get("timestamp") or 0), value)
    except (TypeError, ValueError, OverflowError):
        raise NotFetched(NO_ENTRY) from None


def _mapping(said: object) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise NotFetched(SOMETHING_ELSE)
    return said


def _list(said: object, name: str) -> list[Mapping[str, Any]]:
    found = _mapping(said or {}).get(name) or []
    if not isinstance(found, list):
        raise NotFetched(SOMETHING_ELSE)
    return [_mapping(each) for each in found]


def _text(said: object, name: str) -> str:
    found = _mapping(said).get(name)
    if not isinstance(found, str) or not found.isprintable() or not 0 < len(found) <= 64:
        raise NotFetched(SOMETHING_ELSE)
    return found


def _get(server: Mlflow, what: str, asked: Mapping[str, str], named: str) -> Mapping[str, Any]:
    return _ask(server, urllib.request.Request(f"{server.url}{_API}/{what}?{urlencode(asked)}"), named)


def _post(server: Mlflow, what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    said = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}{_API}/{what}", data=said, headers=headers, method="POST")
    return _ask(server, request, RUNS)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the address in the settings and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _ask(server: Mlflow, request: urllib.request.Request, named: str) -> Mapping[str, Any]:
    request.add_header("User-Agent", "Lifecycle")
    if server.token:
        request.add_unredirected_header("Authorization", f"Bearer {server.token}")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if is_loopback(server.host):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise _answered(error, named) from None
    except (OSError, http.client.HTTPException) as error:
        said = getattr(error, "reason", None) or error
        words = getattr(said, "strerror", None) or str(said) or type(said).__name__
        raise NotFetched(NOT_REACHED, host=server.host, reason=words) from None
    if len(content) > LARGEST_ANSWER:
        raise NotFetched(TOO_LONG)
    try:
        return _mapping(json.loads(content))
    except ValueError:
        raise NotFetched(SOMETHING_ELSE) from None


def _answered(error: urllib.error.HTTPError, named: str) -> NotFetched:
    if error.code == 404 and b"RESOURCE_DOES_NOT_EXIST" in error.read(2_000):
        return NotFetched(UNKNOWN, named=named)
    if error.code in (401, 403):
        return NotFetched(NOT_LET_IN)
    meaning = http.client.responses.get(error.code, "no known answer").lower()
    return NotFetched(ANSWERED, code=error.code, meaning=meaning)
