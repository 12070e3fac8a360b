"""What somebody is told, in words, as things are when it is sent: what no longer matters is not told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.audiences import (
    Entry,
    conditions_of,
    incident_of,
    may_be_told,
    review_of,
    side_told,
    sign_off_of,
    thread_of,
)
from lifecycle.facts.dated_answers import still_says
from lifecycle.facts.editions import edition
from lifecycle.facts.notifications import reminder_policy
from lifecycle.facts.people import actor_of
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, mark, say
from lifecycle.queries import reviews
from lifecycle.queries.reviews import ReviewView
from lifecycle.queries.wording import NOT_PEOPLE, message_of
from lifecycle.rules.incidents import IncidentState
from lifecycle.rules.messages import TELLINGS, About, Line, Message, Section, Telling
from lifecycle.rules.reminders import review_due_on
from lifecycle.rules.retold import retold
from lifecycle.store.tables import (
    Condition,
    DataSource,
    Delivery,
    IncidentNote,
    Notice,
    Organisation,
    Outbox,
    PersonRow,
    Project,
    ThreadMessage,
    Waiver,
)
from lifecycle.vocabulary import SYSTEM, Act, Decision, Gate, Outcome, Role

MOST_LINES = 12
LONGEST_VALUE = 140
_ACTS = {
    Act.APPROVE: mark("approve"),
    Act.ACKNOWLEDGE: mark("acknowledge"),
    Act.CONSULT: mark("give an opinion on"),
}
_DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))
_QUOTED = {
    "proof": mark("What shows it"),
    "mitigation": mark("Meanwhile"),
    "reason": mark("Reason"),
    "fix": mark("The fix"),
}
_WAITS = ("review.requested", "review.reminder", "review.escalation")  # pointless once the review is closed
_OWED = ("condition.given", "condition.reminder", "condition.overdue")
_TALK = ("thread.opened", "thread.answered", "thread.reopened")  # pointless once the other side has spoken
_FOR_MACHINES = (
    *("gate", "role", "decision", "outcome", "due_on", "expires_on"),
    *("monitor", "incident", "severity", "fires_at", "value", "limit", "model_version", "version"),
)
_UNTAKEN = ("incident.escalation", "incident.late_escalation")
_STALE = ("sign_off.stale", "sign_off.stale_for_manager")


@dataclass(frozen=True, slots=True)
class Unneeded:
    """Why something is not told any more: kept with the delivery, so in English until it is shown."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One thing that a person was told, for the screen."""

    id: int
    at: datetime
    kind: str
    project: str
    title: str
    link: str  # the page and its query, without the server


# ---------------------------------------------------------------- for a delivery


def language_for(session: Session, *, delivery_id: int) -> str:
    """In which language its person wants to be told; English where none was chosen, and for a channel."""
    chosen = (
        select(col(PersonRow.language))
        .join(Delivery, col(Delivery.person_key) == col(PersonRow.key))
        .where(col(Delivery.id) == delivery_id)
    )
    return session.execute(chosen).scalar() or ENGLISH


def message_for(
    session: Session, *, delivery_id: int, guide: Guide, at: datetime, base_url: str
) -> Message | Unneeded:
    """What this delivery says now to its person or channel; Unneeded when there is nothing left to say."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(say("delivery"), delivery_id)
    if delivery.kind == "test":
        return _test_message(session, base_url)
    if delivery.person_key is None:
        entry = _entry(session.get_one(Outbox, delivery.outbox_id))
        telling = telling_of(entry, delivery.kind)
        return (
            _headline(session, entry, telling, guide, at, base_url)
            if telling
            else Unneeded(mark("Nothing to say."))
        )
    reader = session.get_one(PersonRow, delivery.person_key)
    found = session.execute(
        select(Notice, Outbox)
        .join(Outbox, col(Outbox.id) == col(Notice.outbox_id))
        .where(col(Notice.delivery_id) == delivery_id)
        .order_by(col(Notice.id))
    )
    told = [(notice.kind, _entry(row)) for notice, row in found]
    if delivery.kind == "digest":
        return _digest(session, told, reader, guide, at, base_url)
    return (
        _single(session, told[0], reader, guide, at, base_url) if told else Unneeded(mark("Nothing to say."))
    )


def telling_of(entry: Entry, kind: str) -> Telling | None:
    return next((telling for telling in TELLINGS.get(entry.kind, ()) if telling.kind == kind), None)


def _entry(row: Outbox) -> Entry:
    detail = json.loads(row.detail)
    return Entry(row.id or 0, row.kind, row.project_id, row.subject, detail, row.by_key, row.at)


def _single(
    session: Session,
    told: tuple[str, Entry],
    reader: PersonRow,
    guide: Guide,
    at: datetime,
    base_url: str,
) -> Message | Unneeded:
    kind, entry = told
    telling = telling_of(entry, kind)
    if telling is None:
        return Unneeded(mark("Nothing to say."))
    if not may_be_told(session, reader, entry.project_id):
        return Unneeded(mark("This person may not read the project, or has left."))
    found = _headline(session, entry, telling, guide, at, base_url)
    if isinstance(found, Unneeded):
        return found
    sections = tuple(part for part in _sections(session, entry, telling, reader, guide, at) if part.lines)
    return replace(found, sections=sections)


def _test_message(session: Session, base_url: str) -> Message:
    organisation = session.get(Organisation, 1)
    name = organisation.name if organisation else "Lifecycle"
    lead = say("This is a test from Lifecycle at {name}. What it tells people arrives here.", name=name)
    return Message(
        "test", "", say("Lifecycle can reach you"), lead, link=base_url, link_label=say("Open Lifecycle")
    )


def _digest(
    session: Session,
    told: Sequence[tuple[str, Entry]],
    reader: PersonRow,
    guide: Guide,
    at: datetime,
    base_url: str,
) -> Message | Unneeded:
    """One line for each thing, by project; what no longer matters is left out."""
    by_project: dict[str, list[Line]] = {}
    for kind, entry in told:
        telling = telling_of(entry, kind)
        if telling is None or not may_be_told(session, reader, entry.project_id):
            continue
        found = _headline(session, entry, telling, guide, at, base_url)
        if isinstance(found, Message):
            lines = by_project.setdefault(found.project, [])
            line = Line(_capital(found.title), found.link)
            if line not in lines:
                lines.append(line)
    number = sum(len(lines) for lines in by_project.values())
    if not number:
        return Unneeded(mark("Nothing of it matters any more."))
    return Message(
        "digest",
        "",
        _digest_title(number, tuple(by_project)),
        say("What happened on your projects, and what waits for you."),
        tuple(Section(name, tuple(lines)) for name, lines in sorted(by_project.items())),
        base_url,
        say("Open my work"),
    )


def _digest_title(number: int, projects: Sequence[str]) -> str:
    if number == 1:
        return say("One thing in {project}", project=projects[0])
    if len(projects) == 1:
        return say("{number} things in one project", number=number)
    return say("{number} things in {projects} projects", number=number, projects=len(projects))


# ---------------------------------------------------------------- for the screen


def notices(
    session: Session,
    *,
    person_key: str,
    guide: Guide,
    at: datetime,
    since: datetime | None = None,
    most: int = 30,
) -> tuple[NoticeLine, ...]:
    """What this person was told lately, newest first; what they may no longer read is left out."""
    reader = session.get(PersonRow, person_key)
    if reader is None:
        return ()
    query = select(Notice, Outbox).join(Outbox, col(Outbox.id) == col(Notice.outbox_id))
    query = query.where(col(Notice.person_key) == person_key)
    if since is not None:
        query = query.where(col(Notice.at) > since)
    found = session.execute(query.order_by(col(Notice.at).desc(), col(Notice.id).desc()).limit(most))
    lines = []
    for notice, row in found:
        entry = _entry(row)
        telling = telling_of(entry, notice.kind)
        if telling is None or not may_be_told(session, reader, entry.project_id):
            continue
        said = _headline(session, entry, telling, guide, at, "", even_if_over=True)
        if isinstance(said, Message):
            lines.append(
                NoticeLine(
                    notice.id or 0, notice.at, notice.kind, said.project, _capital(said.title), said.link
                )
            )
    return tuple(lines)


# ---------------------------------------------------------------- the words


def _headline(
    session: Session,
    entry: Entry,
    telling: Telling,
    guide: Guide,
    at: datetime,
    base_url: str,
    *,
    even_if_over: bool = False,
) -> Message | Unneeded:
    """Title, first sentence and link: nothing of the project's content but names."""
    project = session.get(Project, entry.project_id) if entry.project_id else None
    if project is None:
        return Unneeded(mark("The project is gone."))
    over = _over(session, entry, telling)
    if over and not even_if_over:
        return Unneeded(over)
    values = dict(_values(session, entry, project, edition(session, guide, project.guide_version), at))
    title = " ".join(say(telling.title, **values).split())
    lead = " ".join(say(telling.lead, **values).split())
    link = base_url + _page(session, entry, telling, project)
    return Message(
        kind=telling.kind,
        project=_shortened(project.name, 80),
        title=title,
        lead=lead,
        link=link,
        link_label=say(telling.link),
        project_key=project.key,
        data=tuple(
            (name, str(entry.detail[name]))
            for name in _FOR_MACHINES
            if entry.detail.get(name) not in (None, "")
        ),
    )


def _over(session: Session, entry: Entry, telling: Telling) -> str:
    """Why it no longer matters; empty while it does."""
    if telling.kind in _WAITS:
        review = review_of(session, entry)
        return "" if review and review.state == "open" else mark("The review is closed.")
    if telling.kind in _OWED:
        owed = any(condition.state == "open" for condition in conditions_of(session, entry))
        return "" if owed else mark("The condition is met or withdrawn.")
    if telling.kind == "waiver.reminder":
        waiver = session.get(Waiver, entry.detail.get("waiver", 0))
        return "" if waiver and waiver.revoked_at is None else mark("The waiver has ended.")
    if telling.kind in _TALK or telling.kind == "thread.resolved":
        return _talk_over(session, entry, telling)
    if telling.kind in _UNTAKEN:
        incident = incident_of(session, entry)
        return (
            ""
            if incident and incident.state == IncidentState.OPEN.value
            else mark("Somebody has taken it on.")
        )
    if telling.kind == "incident.fixed":
        incident = incident_of(session, entry)
        return (
            ""
            if incident and incident.state == IncidentState.FIXED.value
            else mark("It is signed or sent back.")
        )
    if entry.subject.startswith("date:") and not still_says(
        session,
        entry.project_id or 0,
        str(entry.detail["place"]),
        date.fromisoformat(str(entry.detail["expires_on"])),
    ):
        return mark("The answer names another day by now.")
    if telling.kind in _STALE:
        newest = sign_off_of(session, entry)
        newer = newest is None or newest.at > entry.at or newest.decision == Decision.WITHDRAWN.value
        return mark("It was decided anew.") if newer else ""
    return ""


def _talk_over(session: Session, entry: Entry, telling: Telling) -> str:
    thread = thread_of(session, entry)
    if telling.kind == "thread.resolved":
        return mark("It is open again.") if thread is None or thread.state == "open" else ""
    if thread is None or thread.state != "open":
        return mark("The question is resolved.")
    return "" if thread.waits_for == side_told(entry) else mark("The other side has spoken since.")


def _values(
    session: Session, entry: Entry, project: Project, guide: Guide, at: datetime
) -> Iterator[tuple[str, str]]:
    detail, today = entry.detail, organisation_today(session, at)
    review, sign_off = review_of(session, entry), sign_off_of(session, entry)
    gate = detail.get("gate") or (review.gate if review else "") or entry.subject.removeprefix("gate:")
    role = detail.get("role") or (review.role if review else "")
    person = sign_off.person_key if sign_off else review.person_key if review else ""
    yield "project", say("“{name}”", name=_shortened(project.name, 80))
    yield "gate", Gate(gate).title if gate in set(Gate) else ""
    yield "role", Role(role).title if role in set(Role) else say("a reviewer")
    yield "who", _name(session, entry.by_key)
    yield "person", _name(session, person)
    yield "former", _name(session, str(detail.get("from", "")))
    yield "act", say(_ACTS[Act(review.act)]) if review else ""
    yield "decision", Decision(detail["decision"]).title.lower() if "decision" in detail else ""
    yield "outcome", Outcome(detail["outcome"]).title.lower() if "outcome" in detail else ""
    yield "proposed", str(detail.get("proposed", ""))
    yield "what", _field_title(session, entry, guide) or _what(entry, detail)
    due = _due_on(session, entry)
    yield "due", say(", by {day}", day=due.isoformat()) if due else ""
    yield "when", _when(due, today) if due else ""


def _what(entry: Entry, detail: Mapping[str, object]) -> str:
    kind, _, rest = entry.subject.partition(":")
    if kind == "check":
        return say("check {check_id}", check_id=rest)
    if kind == "incident":
        return _shortened(retold(str(detail.get("called", ""))), 120)
    return rest if kind == "tier" else retold(str(detail.get("what", "")))


def _field_title(session: Session, entry: Entry, guide: Guide) -> str:
    """Of a question asked: what it is about, as the guide calls it; of a data source with its name."""
    thread = thread_of(session, entry)
    if thread is None:
        return ""
    field = guide.fields.get(thread.field_id)
    title = field.title if field else thread.field_id
    source = session.get(DataSource, thread.source_id) if thread.source_id else None
    if source is None:
        return title
    return say("{question} of {source}", question=title, source=_shortened(source.name, 80))


def _due_on(session: Session, entry: Entry) -> date | None:
    if entry.detail.get("expires_on"):
        return date.fromisoformat(str(entry.detail["expires_on"]))
    conditions = conditions_of(session, entry)
    if conditions:
        return min(condition.due_on for condition in conditions)
    review = review_of(session, entry)
    if review is None:
        return None
    if review.due_on or entry.kind in ("review.requested", "review.reassigned"):
        return review.due_on
    requested_on = organisation_today(session, review.requested_at)
    return review_due_on(requested_on, None, reminder_policy(session))


def _when(due: date, today: date) -> str:
    days = (due - today).days
    if days in (0, 1):
        return say("tomorrow") if days else say("today")
    return say("on {weekday} {day}", weekday=_DAYS[due.weekday()], day=due.isoformat())


def _name(session: Session, key: str) -> str:
    if key in NOT_PEOPLE:
        return say(NOT_PEOPLE[key])
    person = session.get(PersonRow, key) if key else None
    return _shortened(person.name, 80) if person else say("Somebody")


def _page(session: Session, entry: Entry, telling: Telling, project: Project) -> str:
    thread = thread_of(session, entry)
    if telling.about is About.FIELD and thread is not None:
        where = {"project": project.key, "field": thread.field_id, "thread": thread.id}
        if thread.source_id:
            return f"/sources?{urlencode({**where, 'source': thread.source_id})}"
        return f"/worksheet?{urlencode(where)}"
    review = review_of(session, entry)
    gate = entry.detail.get("gate") or (review.gate if review else entry.subject.partition(":")[2])
    if telling.about is About.REVIEW and review is not None:
        return f"/review?{urlencode({'review': review.id})}"
    if telling.about is About.GATE and gate in set(Gate):
        return f"/gate?{urlencode({'project': project.key, 'gate': gate})}"
    if telling.about is About.INCIDENT and entry.subject.startswith("incident:"):
        return f"/incidents?{urlencode({'project': project.key, 'incident': entry.about})}"
    if telling.about in (About.RELEASES, About.OPERATION):
        return f"/{telling.about}?{urlencode({'project': project.key})}"
    return f"/project?{urlencode({'project': project.key})}"


# ---------------------------------------------------------------- the content


def _sections(
    session: Session, entry: Entry, telling: Telling, reader: PersonRow, guide: Guide, at: datetime
) -> Iterator[Section]:
    detail = entry.detail
    project = session.get(Project, entry.project_id) if entry.project_id else None
    if project is not None:
        guide = edition(session, guide, project.guide_version)
    sign_off = sign_off_of(session, entry) if entry.subject.startswith("sign_off:") else None
    review = review_of(session, entry)
    if telling.kind == "review.requested" and review is not None:
        yield _quoted(say("{who} writes", who=_name(session, entry.by_key)), message_of(review))
    if telling.kind in ("review.requested", "review.reminder", *_STALE) and review is not None:
        view = reviews.view(session, by=actor_of(reader), at=at, guide=guide, review_id=review.id or 0)
        yield from _changes(view, is_stale=telling.kind in _STALE)
    if sign_off is not None:
        yield _quoted(say("In their words"), sign_off.comment)
        yield Section(say("About"), tuple(_fields(guide, json.loads(sign_off.fields))))
    if telling.about is About.FIELD:
        yield from _talk(session, entry)
    if telling.kind in ("trigger.fired", "trigger.silent"):
        yield Section(say("What happened"), tuple(_last_note(session, entry)))
    conditions = conditions_of(session, entry)
    if conditions:
        mine = (reader.key, f"@{reader.key}", reader.name)
        shown = [one for one in conditions if telling.kind != "condition.given" or one.owner in mine]
        heading = say("Condition") if len(shown) == 1 else say("Conditions")
        yield Section(heading, tuple(_condition(session, one) for one in shown))
    for name, heading in _QUOTED.items():
        yield _quoted(say(heading), str(detail.get(name) or ""))


def _talk(session: Session, entry: Entry) -> Iterator[Section]:
    """What was asked at first, then what was said last: before this, and with it."""
    said = session.execute(
        select(ThreadMessage)
        .where(col(ThreadMessage.thread_id) == entry.about, col(ThreadMessage.at) <= entry.at)
        .order_by(col(ThreadMessage.id))
    ).scalars()
    asked, *answers = said
    yield _quoted(say("{who} asked", who=_name(session, asked.by_key)), asked.text)
    for message in answers[-2:]:
        yield _quoted(say("{who} wrote", who=_name(session, message.by_key)), message.text)


def _last_note(session: Session, entry: Entry) -> Iterator[Line]:
    """What the monitor itself wrote down last in its incident: its rule and the readings."""
    newest = session.execute(
        select(col(IncidentNote.text))
        .where(
            col(IncidentNote.incident_id) == entry.about,
            col(IncidentNote.by_key) == SYSTEM.key,
            col(IncidentNote.at) <= entry.at,
        )
        .order_by(col(IncidentNote.id).desc())
        .limit(1)
    ).scalar()
    if newest:
        yield Line(_shortened(retold(newest), 600))


def _changes(view: ReviewView, *, is_stale: bool) -> Iterator[Section]:
    """What this role relies on and has changed since it decided last, old beside new."""
    if view.last_decision is None:
        text = say("This role has not decided on this project yet, so all of it is new to it.")
        yield Section(say("What changed"), (Line(text),))
        return
    changed = [
        Line(f"{item.place.title}: {_shortened(item.before or '—')} → {_shortened(item.now)}")
        for item in view.changed
    ]
    changed += [Line(text) for text in (*view.source_changes, *view.document_changes)]
    if is_stale:
        known = " ".join(line.text for line in changed)
        causes = view.signature.stale if view.signature else ()
        changed += [
            Line(text)
            for text in causes
            if text not in known and not any(item.place.title in text for item in view.changed)
        ]
    on = view.last_decision.at.date().isoformat()
    yield Section(
        say("Changed since {role} decided on {day}", role=view.role.title, day=on), _limited(changed)
    )


def _limited(lines: Sequence[Line]) -> tuple[Line, ...]:
    if not lines:
        return (Line(say("Nothing that this role relies on.")),)
    rest = len(lines) - MOST_LINES
    return (
        *lines[:MOST_LINES],
        *([Line(say("… and {rest} more on the page.", rest=rest))] if rest > 0 else ()),
    )


def _fields(guide: Guide, keys: Iterable[str]) -> Iterator[Line]:
    for key in keys:
        field_id = key.partition("@")[0]
        title = guide.fields[field_id].title if field_id in guide.fields else field_id
        yield Line(f"{title} ({field_id})")


def _condition(session: Session, condition: Condition) -> Line:
    person = session.get(PersonRow, condition.owner.removeprefix("@"))
    return Line(
        say(
            "{condition} ({who}, by {day})",
            condition=_shortened(condition.text, 300),
            who=_name(session, person.key) if person else condition.owner,
            day=condition.due_on.isoformat(),
        )
    )


def _quoted(heading: str, text: str) -> Section:
    lines = tuple(Line(line) for line in _shortened(text, 1_000, keep_lines=True).splitlines() if line)
    return Section(heading, lines, is_quoted=True)


def _shortened(text: str, longest: int = LONGEST_VALUE, *, keep_lines: bool = False) -> str:
    text = text.strip() if keep_lines else " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
