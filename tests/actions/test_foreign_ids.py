"""Ids of another project, sent by somebody who may do everything on their own: nothing is found, nothing changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.actions import answers, evidence, threads
from lifecycle.errors import LifecycleError
from lifecycle.rules.evidence import LinkContent
from tests.actions.test_contract import LEGAL, World, call, content, name_of, rolled_back
from tests.actions.test_contract import prepared as prepared  # fixtures
from tests.actions.test_contract import world as world
from tests.factories import project, source

# Actions whose legal call in the contract names no other object, though they take one.
WITH_A_SOURCE: dict[Callable[..., Any], dict[str, Any]] = {
    answers.save: {"field_id": "X03", "raw": "vendor", "base": 0},
    answers.clear: {"field_id": "X03", "base": 1},
    evidence.add: {"content": LinkContent("https://example.org/a"), "title": "A", "field_id": "X03"},
    threads.ask: {"field_id": "X03", "text": "Why?"},
    answers.save_many: {"given": [answers.GivenAnswer("X03", "vendor")]},
}


def ids_of(action: Callable[..., Any]) -> set[str]:
    """The parameters that name something inside of the project that is named too."""
    taken = inspect.signature(action).parameters
    ids = {
        name
        for name, parameter in taken.items()
        if name.endswith("_id") and "int" in str(parameter.annotation)
    }
    return ids - {"project_id"} if "project_id" in ids else set()


ABOUT_TWO = [action for action in LEGAL if ids_of(action)]


def test_list_is_not_empty() -> None:
    assert len(ABOUT_TWO) >= 10


@pytest.mark.parametrize("action", ABOUT_TWO, ids=name_of)
def test_object_of_another_project_is_not_found_under_ones_own(
    world: World, action: Callable[..., Any]
) -> None:
    if action in WITH_A_SOURCE:
        theirs = source(world.session, world.cast, world.project_id)
        answers.save(
            world.session, by=world.cast.pat, at=datetime.now(UTC), guide=world.cast.guide,
            **{**world.on_project, "field_id": "X03", "raw": "vendor", "base": 0, "source_id": theirs},
        )  # fmt: skip
        given = {"by": world.cast.pat, **WITH_A_SOURCE[action], "source_id": theirs}
    else:
        given = LEGAL[action](world)
    given = {**given, "project_id": project(world.session, world.cast, "Elsewhere")}
    if action.__name__ in ("take_source", "merge"):
        given["by"] = world.cast.olu  # with two projects of one's own these are what the action is for
    before = content(world.session)
    with rolled_back(world.session), pytest.raises(LifecycleError):
        call(world, action, given)
    assert content(world.session) == before
