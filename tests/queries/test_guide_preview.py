"""Another guide beside the one in force: what would go stale, be asked anew and fail, before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.errors import Forbidden
from lifecycle.events import chain_stamp
from lifecycle.guide import Guide
from lifecycle.queries.guide_preview import GuidePreview, preview
from lifecycle.store.database import Database
from lifecycle.vocabulary import Gate, Role
from tests.clock import START
from tests.factories import TRIALS, answer, cast, go, project, register_trials, sign, small_guide


def changed(guide: Guide, **policy: Any) -> Guide:
    plain = guide.model_dump()
    plain["policy"] |= policy
    return Guide.model_validate(plain)


def seen(found: GuidePreview) -> dict[str, tuple[list[str], list[str], list[str]]]:
    return {
        item.name: (
            [f"{made.role} {made.gate}" for made in item.effect.stale],
            [f"{role} {gate}" for gate, role in item.effect.newly_required],
            [check for check, _ in item.effect.newly_failing],
        )
        for item in found.projects
    }


def test_preview_names_what_each_project_would_lose(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_trials(monkeypatch)
    guide = small_guide()
    with database.write() as session:
        everybody = cast(session, guide)
        orders, returns = project(session, everybody), project(session, everybody, "Returns")
        project(session, everybody, "Untouched")
        go(session, everybody, orders, Gate.DISCOVERY)
        answer(session, everybody, returns, "D01", "It comes late")
        answer(session, everybody, returns, "D18", [])
        sign(session, everybody, returns, Gate.DISCOVERY, Role.PRIVACY)
        before = chain_stamp(session)

        same = preview(session, by=everybody.ada, at=START, guide=guide, candidate=guide)
        assert (same.changes, same.projects, same.looked_at) == ((), (), 3)

        reliance = {
            **guide.policy.role_fields,
            Role.PRIVACY: (*guide.policy.role_fields[Role.PRIVACY], "D18"),
        }
        candidate = changed(guide, role_fields=reliance)
        found = preview(session, by=everybody.ada, at=START, guide=guide, candidate=candidate)
        told = [change.text for change in found.changes if change.kind == "reliance"]
        assert "Privacy at Discovery also rests on D18." in told
        assert seen(found) == {
            "Orders": (["privacy discovery"], [], []),
            "Returns": (["privacy discovery"], [], []),
        }
        assert "D18" in " ".join(found.projects[0].effect.stale[0].reasons)

        plain = guide.model_dump()
        plain["checks"] = (*plain["checks"], *(check.model_dump() for check in TRIALS))
        plain["policy"]["approvals_needed"] = {2: {"business": 2}}
        plain["thresholds"] |= {"cost_ratio": 9}
        candidate = Guide.model_validate(plain)
        found = preview(session, by=everybody.ada, at=START, guide=guide, candidate=candidate)
        assert {change.what for change in found.changes} >= {"T01", "T02", "approvals_needed", "cost_ratio"}
        lines = seen(found)
        assert lines["Returns"][2] == ["T01"]
        assert "business discovery" in lines["Orders"][1]
        assert chain_stamp(session) == before
        with pytest.raises(Forbidden):
            preview(session, by=everybody.pat, at=START, guide=guide, candidate=candidate)


def test_a_field_declared_cosmetic_makes_nothing_stale_and_says_so_in_the_preview(database: Database) -> None:
    guide = small_guide()
    with database.write() as session:
        cosmetic = cast(session, changed(guide, cosmetic=("D25",)))
        orders = project(session, cosmetic)
        answer(session, cosmetic, orders, "D25", {"personal": False})
        sign(session, cosmetic, orders, Gate.DISCOVERY, Role.PRIVACY)
        answer(session, cosmetic, orders, "D25", {"personal": True, "categories": ["contact"]})
        found = preview(session, by=cosmetic.ada, at=START, guide=cosmetic.guide, candidate=cosmetic.guide)
        assert found.projects == ()
        found = preview(session, by=cosmetic.ada, at=START, guide=cosmetic.guide, candidate=guide)
        assert seen(found) == {"Orders": (["privacy discovery"], [], [])}
