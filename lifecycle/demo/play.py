"""Plays one story of the example through the actions of the product, as its people would have done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from lifecycle.actions import (
    answers,
    evidence,
    gates,
    incidents,
    monitors,
    operation,
    people,
    plans,
    projects,
    releases,
    reviews,
    sources,
)
from lifecycle.actions.answers import GivenAnswer
from lifecycle.demo.content import WORK_BEGINS, Calendar, DecisionTold, Document, Step, Story
from lifecycle.demo.documents import document as made
from lifecycle.errors import LifecycleError
from lifecycle.facts.projects import load_facts
from lifecycle.facts.releases import release_facts
from lifecycle.facts.standing import refreshed_once
from lifecycle.guide import Guide
from lifecycle.queries.incidents import of_project
from lifecycle.queries.projects import key_of
from lifecycle.rules.evidence import Content, FileContent, LinkContent
from lifecycle.rules.media import HEAD_BYTES, recognise
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.readings import NewReading
from lifecycle.rules.releases import Move
from lifecycle.rules.reviews import meanings_of
from lifecycle.rules.signoffs import cover, current_sign_off, decisions_allowed, digest_of, open_review
from lifecycle.store.files import Files
from lifecycle.vocabulary import Act, Actor, AnswerState, Gate, Role, Stage

_DAY = re.compile(r"today[+-]\d+")
_WEEKLY = 7 * 86_400


@dataclass(frozen=True)
class Cast:
    """Everybody of the example by handle; one of them for each role that reviews or approves."""

    actors: Mapping[str, Actor]
    roles: Mapping[Role, str]

    def __getitem__(self, who: str | Role) -> Actor:
        return self.actors[self.roles[who] if isinstance(who, Role) else who]


@dataclass
class Play:
    """One project while its story is told. `session` is the caller's transaction."""

    session: Session
    guide: Guide
    cast: Cast
    story: Story
    calendar: Calendar
    files: Files
    project_id: int = 0
    monitor_ids: dict[str, int] = field(default_factory=dict)  # by row of the monitoring plan
    source_ids: dict[str, int] = field(default_factory=dict)

    def run(self) -> int:
        """Returns the project's id. Raises what the actions refuse, with the step noted in it."""
        self.project_id = projects.register(
            self.session,
            by=self._manager,
            at=self.calendar.next_moment(self.story.registered),
            guide=self.guide,
            name=self.story.name,
            purpose=self.story.purpose,
            organisation=self.story.organisation,
        )
        for step in self.story.steps:
            begun = self.calendar.next_moment(step.ago)
            try:
                with refreshed_once(self.session, self.project_id, guide=self.guide, at=begun):
                    self._play(step)
            except LifecycleError as error:
                error.add_note(f"{self.story.name}, {step.ago} days ago")
                raise
        return self.project_id

    def _play(self, step: Step) -> None:
        self._give(step)
        self._answer(step)
        self._plan(step)
        self._attach(step)
        self._reason(step)
        self._ask(step)
        self._decide(step)
        self._affirm(step)
        self._meet(step)
        self._waive(step)
        self._pass_gate(step)
        self._release(step)
        self._roll_out(step)
        self._retire(step)
        self._watch(step)
        self._go_on(step)

    # ------------------------------------------------------------ who, when, where

    @property
    def _manager(self) -> Actor:
        return self.cast[self.story.manager]

    def _by(self, step: Step, otherwise: Actor | Role) -> Actor:
        if step.by:
            return self.cast[step.by]
        return self.cast[otherwise] if isinstance(otherwise, Role) else otherwise

    def _common(self, step: Step, by: Actor) -> dict[str, Any]:
        """What every action takes."""
        return {"by": by, "at": self.calendar.next_moment(step.ago), "guide": self.guide}

    def _facts(self, step: Step) -> ProjectFacts:
        today = self.calendar.day(-step.ago)
        return load_facts(self.session, self.project_id, today=today, guide=self.guide)

    def _gate(self, step: Step) -> Gate:
        """The one that the step names, else the one the project works towards."""
        return step.gate or self._facts(step).gate or Gate.DISCOVERY

    def _day(self, told: str) -> date:
        return self.calendar.date_of(told)

    def _filled(self, told: Any) -> Any:
        """The same answer with dates, people and data sources put in."""
        if isinstance(told, Mapping):
            return {name: self._filled(value) for name, value in told.items()}
        if isinstance(told, list):
            return [self._filled(value) for value in told]
        if not isinstance(told, str):
            return told
        if _DAY.fullmatch(told):
            return self._day(told).isoformat()
        if told.startswith("@"):
            return f"@{self.cast[told[1:]].key}"
        if told.startswith("source/"):
            return f"source/{self.source_ids[told.removeprefix('source/')]}"
        return told

    # ------------------------------------------------------------ what the team does

    def _give(self, step: Step) -> None:
        for role, handle in step.give.items():
            people.give_project_role(
                self.session,
                by=self._manager,
                at=self.calendar.next_moment(step.ago),
                project_id=self.project_id,
                person_key=self.cast[handle].key,
                role=role,
            )

    def _answer(self, step: Step) -> None:
        """What a step says of one data source goes to its record, everything else to the worksheet."""
        source_id, given = self._source(step), self._given(step)
        of_source = [each for each in given if self.guide.field(each.field_id).is_of_source]
        of_worksheet = [each for each in given if each not in of_source]
        for place, some in ((source_id, of_source), (0, of_worksheet)):
            if some:
                answers.save_many(
                    self.session,
                    **self._common(step, self._by(step, self._manager)),
                    project_id=self.project_id,
                    source_id=place,
                    given=some,
                )

    def _given(self, step: Step) -> list[GivenAnswer]:
        given = [GivenAnswer(field_id, self._filled(raw)) for field_id, raw in step.answer.items()]
        given += [
            GivenAnswer(field_id, state=AnswerState.NOT_APPLICABLE, reason=reason)
            for field_id, reason in step.not_applicable.items()
        ]
        given += [
            GivenAnswer(
                field_id, state=AnswerState.DONT_KNOW, owner=promise.owner, due_on=self._day(promise.due)
            )
            for field_id, promise in step.dont_know.items()
        ]
        return [replace(each, at=self.calendar.next_moment(step.ago)) for each in given]

    def _source(self, step: Step) -> int:
        if step.source is None:
            return 0
        if step.source not in self.source_ids:
            self.source_ids[step.source] = sources.add(
                self.session,
                **self._common(step, self._by(step, self._manager)),
                project_id=self.project_id,
                name=step.source,
            )
        return self.source_ids[step.source]

    def _plan(self, step: Step) -> None:
        for gate, told in step.plan.items():
            plans.set_date(
                self.session,
                **self._common(step, self._manager),
                project_id=self.project_id,
                gate=gate,
                on_date=self._day(told),
            )

    def _attach(self, step: Step) -> None:
        for document in step.evidence:
            evidence.add(
                self.session,
                **self._common(step, self._by(step, self._manager)),
                project_id=self.project_id,
                title=document.title,
                content=self._content(document),
                expires_on=self._day(document.until) if document.until else None,
                gate=document.gate,
                field_id=document.field,
            )

    def _content(self, document: Document) -> Content:
        if not document.file:
            return LinkContent(document.url)
        content = made(document.file, document.lines, document.bars)
        found = recognise(document.file, content[:HEAD_BYTES], len(content))
        return FileContent(self.files.put(content), len(content), found.media_type, found.name)

    def _watch(self, step: Step) -> None:
        """A planned monitor is switched on when its first readings are told."""
        for told in step.readings:
            common = self._common(step, self._by(step, self._manager))
            if told.row not in self.monitor_ids:
                (self.monitor_ids[told.row],) = monitors.create_from_plan(
                    self.session,
                    **common,
                    project_id=self.project_id,
                    row_ids=[told.row],
                    expected_seconds=_WEEKLY,
                )
            monitors.push(
                self.session,
                **common,
                monitor_id=self.monitor_ids[told.row],
                readings=[
                    NewReading(
                        (self.calendar.today - timedelta(days=told.since - 7 * week)).isoformat(), value
                    )
                    for week, value in enumerate(told.weekly)
                ],
            )

    def _go_on(self, step: Step) -> None:
        """The next step of the incident that is not closed."""
        told = step.incident
        if told is None:
            return
        by = self._by(step, self._manager)
        common = self._common(step, by)
        lines = of_project(self.session, by=by, at=common["at"], key=self._key).lines
        about: dict[str, Any] = {"by": by, "at": common["at"], "incident_id": lines[0].id}
        if told.take_on:
            incidents.take_on(self.session, **about)
            incidents.note(self.session, **about, text=told.take_on)
        if told.fix:
            words: dict[str, Any] = {"cause": told.cause, "fix": told.fix, "fixed_version": told.version}
            incidents.record_fix(self.session, **about, guide=self.guide, **words)
        if told.sign:
            incidents.sign_fix(self.session, **about, guide=self.guide, text=told.sign)
        if told.lessons:
            incidents.close(self.session, **about, lessons=told.lessons)

    @property
    def _key(self) -> str:
        return key_of(self.session, project_id=self.project_id)

    def _reason(self, step: Step) -> None:
        for check_id, reason in step.reasons.items():
            gates.give_reason(
                self.session,
                **self._common(step, self._manager),
                project_id=self.project_id,
                check_id=check_id,
                reason=reason,
                gate=step.gate,
            )

    def _ask(self, step: Step) -> None:
        if not step.ask:
            return
        gate = self._gate(step)
        for role in step.ask:
            reviews.request(
                self.session,
                **self._common(step, self._manager),
                project_id=self.project_id,
                gate=gate,
                role=role,
                person_key=self.cast[role].key,
                due_on=self._day(step.due) if step.due else None,
                message=step.message,
            )

    # ------------------------------------------------------------ what reviewers and approvers do

    def _decide(self, step: Step) -> None:
        told_by = {role: DecisionTold() for role in step.sign} | step.decide
        if not told_by:
            return
        facts = self._facts(step)  # no decision changes what another one rests on
        gate = step.gate or facts.gate or Gate.DISCOVERY
        for role, told in told_by.items():
            review = open_review(facts, gate, role)
            if review is None:
                raise LifecycleError(f"{role.title} was not asked at {gate.title}.")
            spec = self.guide.review(gate, role)
            decision = told.decision or decisions_allowed(spec.act if spec else Act.APPROVE)[0]
            reviews.decide(
                self.session,
                **self._signing(step, role),
                review_id=review.id,
                decision=decision,
                stated=next(iter(meanings_of(spec, decision)), None),
                seen_digest=digest_of(cover(facts, self.guide, gate, role)),
                comment=told.comment,
                conditions=[(what, whose, self._day(due)) for what, whose, due in told.conditions],
                fields=told.fields,
            )

    def _signing(self, step: Step, role: Role) -> dict[str, Any]:
        """Nobody of the example has a password, so none is asked for."""
        policy = self.guide.policy.model_copy(update={"reenter_password": ()})
        return {
            **self._common(step, self.cast[role]),
            "guide": self.guide.model_copy(update={"policy": policy}),
        }

    def _affirm(self, step: Step) -> None:
        for role, comment in step.affirm.items():
            facts = self._facts(step)
            gate = step.gate or facts.gate or Gate.DISCOVERY
            made = current_sign_off(facts, gate, role)
            if made is None:
                raise LifecycleError(f"{role.title} has decided nothing at {gate.title}.")
            reviews.affirm(
                self.session,
                **self._signing(step, role),
                sign_off_id=made.id,
                seen_digest=digest_of(cover(facts, self.guide, gate, role)),
                comment=comment,
            )

    def _meet(self, step: Step) -> None:
        for role, proof in step.met.items():
            for condition in self._facts(step).conditions:
                if (condition.role, condition.state) == (role, "open"):
                    gates.meet_condition(
                        self.session,
                        **self._common(step, self._by(step, self._manager)),
                        condition_id=condition.id,
                        proof=proof,
                    )

    def _waive(self, step: Step) -> None:
        for told in step.waive:
            gates.waive(
                self.session,
                **self._common(step, self.cast[self.guide.checks_by_id[told.check].waived_by]),
                project_id=self.project_id,
                check_id=told.check,
                gate=self._gate(step),
                mitigation=told.mitigation,
                expires_on=self._day(told.until),
            )

    def _pass_gate(self, step: Step) -> None:
        if step.outcome is None:
            return
        gate = self._gate(step)
        decider = Role.APPROVER if gate.stage is Stage.PRODUCTION else Role.BUSINESS
        gates.decide(
            self.session,
            **self._common(step, self._by(step, decider)),
            project_id=self.project_id,
            gate=gate,
            outcome=step.outcome,
            reason=step.reason,
            to_stage=step.to_stage,
        )

    def _release(self, step: Step) -> None:
        if step.release is None:
            return
        ready = self._day(step.release.ready) if step.release.ready else None
        releases.create(
            self.session,
            **self._common(step, self._by(step, self._manager)),
            project_id=self.project_id,
            model_version=step.release.version,
            summary=step.release.summary,
            ready_at=datetime.combine(ready, WORK_BEGINS) if ready else None,
        )

    def _roll_out(self, step: Step) -> None:
        for told in step.rollout:
            known = release_facts(self.session, self.project_id)
            release_id = next(each.id for each in known if each.number == told.number)
            common = self._common(step, self._by(step, self._manager))
            if told.move is Move.ROLLED_BACK:
                del common["guide"]
                releases.roll_back(
                    self.session,
                    **common,
                    release_id=release_id,
                    reason=told.note,
                    began_at=common["at"] - timedelta(minutes=told.minutes),
                )
                continue
            releases.step(
                self.session,
                **common,
                release_id=release_id,
                move=told.move,
                share=told.share,
                note=told.note,
            )

    def _retire(self, step: Step) -> None:
        if step.retire is None:
            return
        operation.retire(
            self.session,
            **self._common(step, self._by(step, Role.APPROVER)),
            project_id=self.project_id,
            reason=step.retire.reason,
            told={name: self._day(on) for name, on in step.retire.told.items()},
            downstream=step.retire.downstream,
            records_until=self._day(step.retire.records_until),
            lessons=step.retire.lessons,
        )
