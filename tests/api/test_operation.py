"""Monitors, readings and incidents by HTTP: fires at exactly its points, none lost or counted twice, one incident."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lifecycle.interchange.series import read_readings
from lifecycle.vocabulary import Scope
from tests.api.conftest import KEY, Client, Programs
from tests.test_cli_readings import published
from tests.test_cli_triggers import _arguments


def add(client: Client, name: str = "Accuracy", **rule: Any) -> str:
    """The path of a new monitor."""
    made = client(
        "POST",
        f"/projects/{KEY}/monitors",
        json={"name": name, "direction": "below", "threshold": 0.8, **rule},
    )
    assert made.status_code == 201, made.text
    return str(made.headers["location"]).removeprefix("/api/v1")


def push(client: Client, path: str, *readings: tuple[str, Any]) -> Any:
    body = {"readings": [{"key": key, "value": value} for key, value in readings]}
    return client("POST", f"{path}/readings", json=body)


EVERY_RULE = pytest.mark.parametrize(
    "rule", published() or [None], ids=lambda rule: rule["rule"] if rule else "none"
)


def watched(client: Client, rule: dict[str, Any] | None, data: Path) -> tuple[str, list[dict[str, Any]]]:
    """The path of a monitor of a published rule, and the series that it is about."""
    if rule is None:
        pytest.skip("no published rules here")
    file, *options = _arguments(rule, data)
    assert isinstance(file, Path)
    named = dict(_pairs([str(each) for each in options]))
    limit = rule["limit"]
    own = limit == "per-row column"
    column = named["column"].replace("_value", "_lower_threshold") if own else ""
    wanted = [named["where"]] if "where" in named else []
    found = read_readings(
        file, name="x", key=named["key"], column=named["column"], limit=column, where=wanted
    )
    path = add(
        client,
        "Published",
        direction=rule["direction"],
        limit="row" if own else "fixed",
        threshold=None if own else limit,
        consecutive=rule["consecutive"],
    )
    return path, [{"key": each.key, "value": each.value, "limit": each.limit} for each in found.readings]


@EVERY_RULE
def test_every_published_rule_fires_at_exactly_its_points(
    pat: Client, shared_data: Path, rule: dict[str, Any]
) -> None:
    path, series = watched(pat, rule, shared_data)
    pushed = pat("POST", f"{path}/readings", json={"readings": series}).json()
    for name in ("points", "breaches", "missing", "fires_at"):
        assert pushed[name] == rule[name], name
    again = pat("POST", f"{path}/readings", json={"readings": series}).json()
    assert (again["stored"], again["unchanged"], again["fires_at"]) == (0, rule["points"], [])


@EVERY_RULE
def test_every_published_rule_ends_there_in_whatever_order_its_batches_come(
    pat: Client, shared_data: Path, rule: dict[str, Any]
) -> None:
    """Each batch is sent twice; a time that the series repeats stays in one of them, in its order."""
    path, series = watched(pat, rule, shared_data)
    keys = list(dict.fromkeys(each["key"] for each in series))
    random.Random(rule["rule"]).shuffle(keys)
    stored, incident = 0, None
    for part in (keys[0::3], keys[1::3], keys[2::3]):
        place = {key: number for number, key in enumerate(part)}
        batch = sorted((each for each in series if each["key"] in place), key=lambda each: place[each["key"]])
        for _ in range(2):
            pushed = pat("POST", f"{path}/readings", json={"readings": batch}).json()
            stored, incident = stored + pushed["stored"], incident or pushed["incident"]
    assert stored == rule["points"]
    fired = pat.get(f"/incidents/{incident}").json()["fired_at"] if incident else []
    assert sorted(each["key"] for each in fired if each["holds"]) == sorted(rule["fires_at"])


def _pairs(options: list[str]) -> Iterator[tuple[str, str]]:
    named = iter(options)
    for name in named:
        if name.startswith("--") and name != "--json":
            yield name.removeprefix("--"), next(named)


def test_reading_is_stored_once_under_its_key(pat: Client) -> None:
    path = add(pat)
    one = f"{path}/readings/2026-01-01"
    first, again = pat("PUT", one, json={"value": 0.9}), pat("PUT", one, json={"value": 0.9})
    other = pat("PUT", one, json={"value": 0.7})
    assert (first.json()["stored"], again.json()["stored"], again.json()["unchanged"]) == (1, 0, 1)
    assert (other.status_code, other.json()["type"]) == (409, "/api/docs#refused")
    batch = push(pat, path, ("2026-01-02", 0.5), ("2026-01-01", 0.7))
    assert batch.status_code == 409, "all or nothing where a known key says something else"
    listed = pat.get(f"{path}/readings").json()["items"]
    assert [(each["key"], each["value"], each["verdict"]) for each in listed] == [("2026-01-01", 0.9, "fine")]

    corrected = pat("POST", f"{one}/corrections", json={"value": 0.7, "reason": "A late file"}).json()
    assert corrected["fires_at"] == ["2026-01-01"]
    assert pat.get(f"{path}/readings").json()["items"][0]["is_corrected"] is True


def test_what_is_no_number_is_named_and_the_others_are_stored(pat: Client) -> None:
    path = add(pat)
    done = push(
        pat, path, ("a", "0.9"), ("b", "low"), ("c", "NA"), ("d", None), ("e", True), ("", 1), ("f", [])
    ).json()
    assert (done["points"], done["stored"], done["missing"], done["refused"]) == (7, 3, 2, 4)
    assert done["problems"][0] == {"where": "b", "text": "“low” is not a number."}
    single = pat("PUT", f"{path}/readings/x", json={"value": "low"})
    assert (single.status_code, single.json()["errors"]) == (
        422,
        [{"where": "x", "text": "“low” is not a number."}],
    )
    raw = pat(
        "POST",
        f"{path}/readings",
        content=b'{"readings": [{"key": "n", "value": NaN}, {"key": "i", "value": 1e999}, {"key": "ok", "value": 1}]}',
        headers={"Content-Type": "application/json"},
    ).json()
    assert (raw["stored"], raw["refused"]) == (1, 2)


def test_writers_at_once_lose_nothing_and_store_nothing_twice(programs: Programs) -> None:
    """Eight programs push the same readings, each in an order of its own, in pieces."""
    path = add(programs.acting_for(programs.cast.pat), "Busy")
    keys = [f"2026-01-01T{number // 60:02}:{number % 60:02}" for number in range(400)]

    def write(turn: int) -> int:
        client = programs.acting_for(programs.cast.pat, [Scope.READINGS_WRITE])
        mine = keys[turn * 50 :] + keys[: turn * 50]
        pieces = [mine[start : start + 80] for start in range(0, len(mine), 80)]
        return sum(
            int(push(client, path, *((key, 0.9) for key in piece)).json()["stored"]) for piece in pieces
        )

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(write, range(8)))

    assert sum(stored) == len(keys)
    reader = programs.acting_for(programs.cast.pat)
    found, following = [], f"{path}/readings?limit=150"
    while following:
        answer = reader.get(following)
        found += [each["key"] for each in answer.json()["items"]]
        following = answer.links["next"]["url"] if "next" in answer.links else ""
    assert sorted(found) == sorted(keys)


def test_breach_opens_one_incident_that_programs_can_see_through_but_not_sign(
    programs: Programs, pat: Client
) -> None:
    path = add(pat, "Recall", consecutive=2)
    fired = push(pat, path, ("2026-02-01", 0.7), ("2026-02-02", 0.7), ("2026-02-03", 0.7)).json()
    assert fired["fires_at"] == ["2026-02-02"]
    assert pat.get(path).json()["incident"] == fired["incident"]

    address = f"/incidents/{fired['incident']}"
    opened = pat.get(address).json()
    assert (opened["state"], opened["monitor"], opened["fired_at"][0]["key"]) == (
        "open",
        "recall",
        "2026-02-02",
    )
    assert opened["id"] in {each["id"] for each in pat.get(f"/projects/{KEY}/incidents").json()["items"]}
    taken = pat("POST", f"{address}/take-on")
    assert (taken.json()["state"], taken.json()["assignee"]) == ("working", "Pat")
    assert pat("POST", f"{address}/take-on").json()["state"] == "working"
    noted = pat("POST", f"{address}/notes", json={"text": "The feed changed its unit"}).json()
    assert noted["notes"][-1]["text"] == "The feed changed its unit"
    early = pat("POST", f"{address}/close", json={"text": "Check units"})
    assert (early.status_code, early.json()["type"]) == (409, "/api/docs#refused")
    fixed = pat("POST", f"{address}/fix", json={"cause": "Unit", "fix": "Converted"})
    assert fixed.status_code == 200, fixed.text
    assert fixed.json()["state"] == "fixed"
    assert pat("POST", f"{address}/sign").status_code == 404
    assert "sign" not in fixed.json()["may"]
    again = pat("POST", f"{address}/reopen", json={"text": "Still wrong"})
    assert again.json()["state"] == "working"

    stranger = programs.acting_for(programs.cast.olu)
    refused = stranger("POST", f"{address}/take-on")
    assert (refused.status_code, KEY in refused.text) == (404, False)


def test_incident_is_opened_by_hand(pat: Client) -> None:
    made = pat("POST", f"/projects/{KEY}/incidents", json={"title": "Wrong totals", "kind": "bug"})
    assert made.status_code == 201
    assert pat.get(made.headers["location"]).json()["kind"] == "bug"
    wrong = pat("POST", f"/projects/{KEY}/incidents", json={"title": "x", "kind": "trigger"})
    assert (wrong.status_code, json.loads(wrong.text)["errors"][0]["where"]) == (422, "kind")
