"""Answers, people and places in words, for every screen that shows what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.projects import answer_fact
from lifecycle.facts.reviews import as_current
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import mark, say
from lifecycle.rules.answers import describe
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts, Value
from lifecycle.rules.retold import ERASED_NAME, retold
from lifecycle.rules.signoffs import key_title
from lifecycle.store.tables import Answer, PersonRow, Review
from lifecycle.vocabulary import AnswerState, Stage

NO_ANSWER = mark("No answer")
NOT_PEOPLE = {"command-line": mark("Command line"), "system": "Lifecycle"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is: `stage` None for a field of the data source `source_id`."""

    key: str
    field_id: str
    source_id: int
    title: str
    stage: Stage | None

    @property
    def short_title(self) -> str:
        """Without the field's id: for a button."""
        return self.title.replace(f" ({self.field_id})", "", 1)


@dataclass(frozen=True)
class Wording:
    """Turns keys and values of one project into words, with the rows and people that they point at by name."""

    facts: ProjectFacts
    guide: Guide
    names: Mapping[str, str]  # people by key

    def person(self, key: str) -> str:
        """The present name of a person; whoever was erased is called so. A plain name stays as it is."""
        key = key.removeprefix("@")
        return self.names.get(key) or say(NOT_PEOPLE.get(key, key))

    def place(self, key: str) -> Place:
        if key not in self._known:
            self._known[key] = self._make_place(key)
        return self._known[key]

    def _make_place(self, key: str) -> Place:
        field_id, _, source_id = key.partition("@")
        stage = self.guide.field(field_id).stage if field_id in self.guide.fields else None
        title = key_title(self.facts, self.guide, key) if field_id in self.guide.fields else field_id
        return Place(key, field_id, int(source_id or 0), title, stage)

    def places(self, keys: tuple[str, ...]) -> tuple[Place, ...]:
        return tuple(self.place(key) for key in keys)

    def answer(self, field_id: str, fact: AnswerFact | None) -> str:
        """An answer as a sentence or value; rows stand on a line each."""
        if fact is None:
            return say(NO_ANSWER)
        if fact.state is AnswerState.NOT_APPLICABLE:
            return say("Does not apply: {reason}", reason=fact.reason)
        if fact.state is AnswerState.DONT_KNOW:
            person = self.person(fact.owner) if fact.owner else say("somebody")
            if fact.due_on is None:
                return say("Not known yet; {person} finds out", person=person)
            return say(
                "Not known yet; {person} finds out by {day}", person=person, day=fact.due_on.isoformat()
            )
        return describe(self.guide.field(field_id), fact.value, self._references)

    def rows(self, field_id: str, fact: AnswerFact | None) -> tuple[tuple[str, str], ...]:
        """The rows of an answer by id, each in words; any other answer is one row without an id."""
        spec = self.guide.field(field_id)
        if fact is None or fact.state is not AnswerState.ANSWERED or spec.kind != "rows" or not fact.value:
            return (("", self.answer(field_id, fact)),)
        return tuple((str(row["id"]), describe(spec, (row,), self._references)) for row in fact.value)

    def now(self, key: str) -> str:
        """The present answer under this key."""
        field_id = key.partition("@")[0]
        return self.answer(field_id, dict(self.facts.content_keys((field_id,))).get(key))

    def version(self, row: Answer) -> str:
        """An earlier version of an answer."""
        return self.answer(row.field_id, self.earlier(row))

    def earlier(self, row: Answer) -> AnswerFact | None:
        """The fact of an earlier version; None when the answer was cleared by it."""
        return answer_fact(self.guide.field(row.field_id), as_current(row), self.names)

    @cached_property
    def _known(self) -> dict[str, Place]:
        """Places asked for before: the checks of one page name the same few hundred times."""
        return {}

    @cached_property
    def _references(self) -> Mapping[str, str]:
        found = {f"source/{source.id}": source.name for source in self.facts.sources}
        for field_id, fact in self.facts.answers.items():
            spec = self.guide.fields.get(field_id)
            if spec and spec.rows and fact.state is AnswerState.ANSWERED:
                for row in fact.value or ():
                    found[f"{field_id}/{row['id']}"] = _row_name(spec, row)
        return found


def _row_name(spec: FieldSpec, row: Mapping[str, Value]) -> str:
    return str(row.get(spec.columns[0].id) or say("a row without a name"))


def message_of(row: Review) -> str:
    """What goes with a request for a review: somebody's own words, or what a monitor found."""
    return retold(row.message) if row.requested_by in NOT_PEOPLE else row.message


def shown_name(name: str) -> str:
    return say(ERASED_NAME) if name == ERASED_NAME else name


def everybody(session: Session) -> dict[str, str]:
    """As `all_names`, with what acts without being a person."""
    return {**{key: say(name) for key, name in NOT_PEOPLE.items()}, **all_names(session)}


def all_names(session: Session) -> dict[str, str]:
    """Key to present name of everybody: one statement."""
    return {
        row.key: shown_name(row.name)
        for row in session.execute(select(col(PersonRow.key), col(PersonRow.name)))
    }
