"""The log as administrators check it: its chains, whether they hold, and whether the tables say what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.errors import Invalid
from lifecycle.events import ORGANISATION, project_chain
from lifecycle.facts.editions import load_by_guide
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import Standings, compute_standing, stored_standing
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.store.tables import ChainHead, Project
from lifecycle.store.tallies import is_tallied
from lifecycle.store.verification import Verification, missing_heads, verify_session
from lifecycle.vocabulary import Actor

_AT_ONCE = 200  # projects in memory while their standing is computed anew


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain of the log; `head` is the hash of its newest event."""

    name: str
    events: int
    newest_at: datetime
    head: str
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the database and its log do not hold together.

    `name` is the project's name, or the organisation; `project` its key. `table` and `row` name a row, else the
    fault is in the log itself, at `sequence` of `chain`. For a row they name the event that vouches for it.
    """

    name: str
    sequence: int
    sentence: str
    chain: str = ""
    project: str | None = None
    table: str | None = None
    row: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "chain": self.chain or None,
            "sequence": self.sequence or None,
            "project": self.project,
            "table": self.table,
            "row": self.row,
            "text": self.sentence,
        }

    @property
    def told(self) -> str:
        """Where and what, in a line."""
        if not self.sequence:
            return say("{where}: {sentence}", where=self.name, sentence=self.sentence)
        return say(
            "{where}, event {number}: {sentence}",
            where=self.name,
            number=self.sequence,
            sentence=self.sentence,
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """What comparing the database with its log found; no faults: it holds."""

    chains: int
    events: int
    faults: tuple[Fault, ...]
    rows: int = 0
    not_vouched: int = 0
    before: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "intact": not self.faults,
            "chains": self.chains,
            "events": self.events,
            "rows": self.rows,
            "not_vouched_for": {"rows": self.not_vouched, "written_before": self.before},
            "faults": [fault.as_json() for fault in self.faults],
        }


def chains(session: Session, *, by: Actor) -> tuple[Chain, ...]:
    """That of the organisation first, then those of projects by name. Raises Forbidden for others."""
    require("organisation.read_audit", by)
    places = _places(session)
    found = [
        Chain(
            places[head.chain][0] if head.chain in places else head.chain,
            head.sequence,
            datetime.fromisoformat(head.at),
            head.hash,
            head.chain,
        )
        for head in session.execute(select(ChainHead)).scalars()
    ]
    return tuple(sorted(found, key=lambda chain: (chain.chain != ORGANISATION, chain.name.casefold())))


def verify(session: Session, *, by: Actor) -> Verified:
    """Compare everything. Takes time in proportion to the length of the log."""
    require("organisation.read_audit", by)
    return located(session, verify_session(session), by=by)


def located(session: Session, found: Verification, *, by: Actor, more: Iterable[Fault] = ()) -> Verified:
    """What was found, with the names and keys of the projects it was found in."""
    require("organisation.read_audit", by)
    places = _places(session)
    heads = chains(session, by=by)
    in_log = [_fault(places, fault.chain, fault.sequence, fault.sentence) for fault in found.chain_faults]
    in_rows = [
        _fault(
            places,
            project_chain(fault.project_id) if fault.project_id is not None else fault.chain or ORGANISATION,
            fault.sequence,
            fault.sentence,
            chain=fault.chain,
            table=fault.table,
            row=fault.row,
        )
        for fault in found.row_faults
    ]
    return Verified(
        chains=len(heads),
        events=found.events,
        faults=(*in_log, *in_rows, *more),
        rows=found.rows,
        not_vouched=found.not_vouched,
        before=found.before,
    )


# ------------------------------------------------------------------ heads kept elsewhere


def heads_as_json(session: Session, *, by: Actor) -> dict[str, Any]:
    """The newest event of every chain, to keep where nobody who can change the database can change it."""
    keys = {chain: key for chain, (_, key) in _places(session).items()}
    return {
        "heads": [
            {
                "chain": each.chain,
                "project": keys.get(each.chain),
                "sequence": each.events,
                "hash": each.head,
                "at": each.newest_at.isoformat(),
            }
            for each in chains(session, by=by)
        ]
    }


def check_heads(session: Session, text: str, *, by: Actor) -> tuple[Fault, ...]:
    """Heads that the log no longer reaches or no longer holds. Raises Invalid for what is no list of heads."""
    require("organisation.read_audit", by)
    places = _places(session)
    return tuple(
        _fault(places, fault.chain, fault.sequence, fault.sentence)
        for fault in missing_heads(session, _read_heads(text))
    )


def _read_heads(text: str) -> list[tuple[str, int, str]]:
    try:
        content = json.loads(text)
        return [(str(each["chain"]), int(each["sequence"]), str(each["hash"])) for each in content["heads"]]
    except (ValueError, TypeError, LookupError) as error:
        problem = say("This is no list of heads. “audit heads --json” prints one.")
        raise Invalid({"heads": problem}) from error


# ------------------------------------------------------------------ standing


def check_standing(session: Session, *, by: Actor, at: datetime, guide: Guide) -> Iterator[Fault]:
    """Standing rows that are not what the answers, reviews and dates amount to; passed dates are not one."""
    require("organisation.read_audit", by)
    places = _places(session)
    today = organisation_today(session, at)
    ids = list(session.execute(select(col(Project.id)).order_by(col(Project.id))).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        for project_id, facts, own in _facts_by_guide(session, ids[start : start + _AT_ONCE], today, guide):
            stored = stored_standing(session, project_id)
            if not facts.is_adopted and stored is None:
                continue
            until = stored.project["valid_until"] if stored else None
            if until is not None and until < today:
                continue
            computed = compute_standing(session, project_id, facts, own, at) if facts.is_adopted else None
            if not _are_alike(computed, stored):
                sentence = say(
                    "The standing of project {number} is not what its rows amount to.",
                    number=project_id,
                )
                chain = project_chain(project_id)
                yield _fault(places, chain, 0, sentence, chain="", table="standing", row=str(project_id))


def _facts_by_guide(
    session: Session, ids: Sequence[int], today: date, guide: Guide
) -> Iterator[tuple[int, ProjectFacts, Guide]]:
    for own, found in load_by_guide(session, ids, today=today, guide=guide):
        for project_id, facts in found.items():
            yield project_id, facts, own


def check_tallies(session: Session, *, by: Actor) -> Iterator[Fault]:
    """Tallies that are not what the rows of all projects amount to."""
    require("organisation.read_audit", by)
    if not is_tallied(session):
        sentence = say(
            "The tallies of the portfolio are not what its rows amount to: “python -m lifecycle db tally” "
            "counts them anew."
        )
        yield _fault(_places(session), ORGANISATION, 0, sentence, chain="", table="tally")


def _fault(
    places: Mapping[str, tuple[str, str | None]],
    place: str,
    sequence: int,
    sentence: str,
    *,
    chain: str | None = None,
    table: str | None = None,
    row: str | None = None,
) -> Fault:
    name, key = places.get(place, (place, None))
    return Fault(name, sequence, sentence, place if chain is None else chain, key, table, row)


def _places(session: Session) -> dict[str, tuple[str, str | None]]:
    """Chain -> name and project key."""
    rows = session.execute(select(col(Project.id), col(Project.name), col(Project.key)))
    return {
        ORGANISATION: (say("The organisation"), None),
        **{project_chain(project_id): (name, key) for project_id, name, key in rows},
    }


def _are_alike(computed: Standings | None, stored: Standings | None) -> bool:
    """But for their words in other languages, which come with the version of the program."""
    return computed is not None and stored is not None and computed.as_json() == stored.as_json()
