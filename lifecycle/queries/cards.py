"""What a model card says of a project, whatever its format: the answers that describe the model, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.queries import projects, records
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import SignatureView
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.answers import describe
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.permissions import require
from lifecycle.vocabulary import Actor, AnswerState, plain_number

_Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured result; `group` is whom it was measured on, "" for all. Numbers as people write them."""

    name: str
    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    baseline: Decimal | None = None
    first: date | None = None
    last: date | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    key: str
    name: str
    about: str
    origin: str
    owner: str
    sensitive: tuple[str, ...]
    classification: str


@dataclass(frozen=True, slots=True)
class ThirdPart:
    name: str
    kind: str  # bought_model, pretrained_model, library, data; "" unknown
    licence: str
    version: str


@dataclass(frozen=True, slots=True)
class Hazard:
    scenario: str
    harm: str
    control: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a card may hold; empty where nobody has answered."""

    project: ProjectHead
    guide_version: str
    tier: int | None
    version: str
    live_on: date | None
    summary: str
    decision: str
    developers: tuple[str, ...]
    validators: tuple[str, ...]
    family: str
    transparency: str
    task: str  # the kind of output: class, probability, rank, number or text
    output: str
    inputs: tuple[str, ...]
    users: tuple[str, ...]
    uses: tuple[str, ...]
    not_for: tuple[str, ...]
    limits: tuple[str, ...]
    hazards: tuple[Hazard, ...]
    fairness: tuple[str, ...]
    metrics: tuple[Metric, ...]
    datasets: tuple[Dataset, ...]
    parts: tuple[ThirdPart, ...]
    split: str
    explanation: str
    human_step: str
    fallback: str
    monitoring: tuple[str, ...]
    speed: str
    versions: str
    signatures: tuple[SignatureView, ...]  # those that stand now


@by_its_guide
def card(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Card:
    """Raises NotFound for whoever may not read the project, Forbidden for whoever may not export it."""
    head = projects.head(session, key=key, by=by)
    require("projects.export", by, project_roles(session, head.id, by.key))
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    wording = Wording(known.facts, guide, all_names(session))
    signed = records.signatures(session, head.id, wording)
    return _Answers(wording).card(
        head,
        tuple(each for each in signed if each.is_current and each.decision.is_favourable and not each.stale),
    )


class _Answers:
    """Answers as the parts of a card."""

    def __init__(self, wording: Wording) -> None:
        self.wording, self.facts, self.guide = wording, wording.facts, wording.guide
        self.reading = Reading(self.facts, self.guide)

    def card(self, head: ProjectHead, signatures: tuple[SignatureView, ...]) -> Card:
        return Card(
            project=head,
            guide_version=self.guide.version,
            tier=self.facts.tier,
            version=self.text("P01", "version"),
            live_on=self.reading.value("P01", "live_on") or self.facts.live_since,
            summary=head.purpose or self.words("D03"),
            decision=self.words("D03"),
            developers=tuple(self.each("M15", "person", part="developer")),
            validators=tuple(self.each("M15", "person", part="validator")),
            family=self.text("M01", "family"),
            transparency=self.choice("M01", "transparency"),
            task=self.choice("R01", "kind"),
            output=self.words("R01"),
            inputs=tuple(self.each("R18", "input")),
            users=tuple(dict.fromkeys((*self.each("D16", "name"), *self.each("D02", "persona")))),
            uses=tuple(self.each("R20", "use", approved="approved")),
            not_for=tuple(self.each("R20", "use", approved="not_for")),
            limits=tuple(dict.fromkeys((*self.each("M10", "limit"), *self.each("M19", "limit")))),
            hazards=tuple(
                Hazard(*(str(row.get(name) or "") for name in ("scenario", "harm", "control")))
                for row in self.rows("R26")
            ),
            fairness=tuple(self.each("R11", "group")),
            metrics=(*self.metrics(), *self.group_metrics()),
            datasets=tuple(self.datasets()),
            parts=tuple(
                ThirdPart(*(str(row.get(name) or "") for name in ("part", "kind", "licence", "version")))
                for row in self.rows("M11")
                if row.get("part")
            ),
            split=self.words("M04"),
            explanation=self.words("R10"),
            human_step=self.words("R09"),
            fallback=self.words("R12"),
            monitoring=tuple(self.lines("R13")),
            speed=self.words("M08"),
            versions=self.words("M02"),
            signatures=signatures,
        )

    # ------------------------------------------------------------ single answers

    def words(self, field_id: str) -> str:
        fact = self.facts.answer(field_id)
        if field_id not in self.guide.fields or fact is None or fact.state is not AnswerState.ANSWERED:
            return ""
        return self.wording.answer(field_id, fact)

    def lines(self, field_id: str) -> Iterator[str]:
        yield from (line for line in self.words(field_id).split("\n") if line and self.rows(field_id))

    def text(self, field_id: str, part: str) -> str:
        value = self.reading.value(field_id, part)
        return str(value) if value is not None else ""

    def choice(self, field_id: str, part: str) -> str:
        spec = self.guide.fields.get(field_id)
        value = self.reading.value(field_id, part)
        return spec.part(part).choices.get(str(value), str(value)) if spec and value is not None else ""

    def rows(self, field_id: str) -> Sequence[_Record]:
        return self.reading.rows(field_id) or ()

    def each(self, field_id: str, column: str, **only: str) -> Iterator[str]:
        for row in self.rows(field_id):
            if row.get(column) and all(row.get(name) == word for name, word in only.items()):
                yield str(row[column])

    # ------------------------------------------------------------ results and data

    def metrics(self) -> Iterator[Metric]:
        for row in self.rows("M03"):
            if row.get("metric") and row.get("value") is not None:
                yield Metric(
                    name=str(row["metric"]),
                    value=row["value"],
                    low=row.get("low"),
                    high=row.get("high"),
                    baseline=row.get("baseline"),
                    first=row.get("from"),
                    last=row.get("to"),
                )

    def group_metrics(self) -> Iterator[Metric]:
        groups = {f"R11/{row['id']}": str(row.get("group") or "") for row in self.rows("R11")}
        for row in self.rows("M05"):
            if row.get("metric") and row.get("value") is not None:
                group = groups.get(str(row.get("group")), "") or say("a group")
                yield Metric(name=str(row["metric"]), value=row["value"], group=group)

    def datasets(self) -> Iterator[Dataset]:
        for source in self.facts.sources:
            said = {
                field_id: fact.value
                for field_id, fact in source.answers.items()
                if fact.state is AnswerState.ANSWERED
            }
            about, private = said.get("X01") or {}, said.get("X07") or {}
            categories = (
                self.guide.field("X07").part("categories").choices if "X07" in self.guide.fields else {}
            )
            yield Dataset(
                key=f"data-{source.id}",
                name=source.name,
                about=str(about.get("collected_for") or ""),
                origin=self.of_source("X03", said),
                owner=str(said.get("X02") or ""),
                sensitive=tuple(categories.get(word, word) for word in private.get("categories") or ()),
                classification=self.of_source("X20", said),
            )

    def of_source(self, field_id: str, said: Mapping[str, Any]) -> str:
        spec = self.guide.fields.get(field_id)
        return describe(spec, said[field_id]) if spec and said.get(field_id) is not None else ""


def number(value: Decimal | None) -> str:
    """Without grouping, as English writes it, so that programs read it too."""
    if value is None:
        return ""
    with speaking(ENGLISH):
        return plain_number(value).replace(",", "")
