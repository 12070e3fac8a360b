"""What people wrote is shown as they wrote it: one hostile text in every field, then every screen and export read.

The text is HTML, Markdown and a link that runs a script at once. Streamlit takes Markdown in most places and never
HTML (`tests/architecture.py` refuses `unsafe_allow_html`), so what counts there is that no bracket is left to act.
"""

from __future__ import annotations

import inspect
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from google.protobuf.json_format import MessageToDict
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from lifecycle.actions import (
    answers,
    delegations,
    deliveries,
    evidence,
    filters,
    gates,
    incidents,
    monitors,
    people,
    projects,
    reviews,
    sources,
    surroundings,
    threads,
    tokens,
)
from lifecycle.errors import Invalid
from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.interchange.card_files import CardFormat, card_file
from lifecycle.interchange.dossier_files import dossier_file
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.queries.cards import card
from lifecycle.queries.dossiers import report
from lifecycle.rules.deliveries import Medium
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.triggers import Direction
from lifecycle.store.tables import Organisation
from lifecycle.ui.navigation import PAGES
from lifecycle.vocabulary import AnswerState, Decision, Gate, Role, Scope
from tests import factories as make
from tests.actions.test_contract import public_actions
from tests.pages.conftest import See
from tests.pages.conftest import open_page as open_page
from tests.pages.conftest import screens as screens
from tests.pages.conftest import see as see
from tests.screens import Screens

HOSTILE = "<img src=x onerror=alert(1)>![p](https://evil.example/p.png)[c](javascript:alert(1)) :red[r]"
ACTS = (
    re.compile(
        r"(?<!\\)!?\\?(?<!\\)\[[pc]\]\((https|javascript)"
    ),  # a picture that tells where it was seen, a link
    re.compile(r"(?<!\\)<img"),
    re.compile(r":red\[r\]"),
)
# Where Streamlit shows a text as it is: boxes and what is chosen in them, code, tables, the browser's own title.
VERBATIM = {
    "text_input", "text_area", "selectbox", "multiselect", "code", "json", "arrow_data_frame", "date_input",
    "number_input", "plotly_chart", "time_input", "pills", "segmented_control",
}  # fmt: skip
# Parameters of actions that hold no text of a person's: ids, keys, digests, closed lists, addresses that are checked.
NO_TEXT = {
    "token", "password_hash", "keep_session", "code", "time_zone", "email", "person_key", "address", "user_agent",
    "issuer", "field_id", "method", "to_key", "from_key", "digest", "query", "check_id", "to_digest", "key", "row_id",
    "country", "region", "new_name", "content", "seen_digest", "anew_in", "token_hash", "kind", "address_problem",
    "use", "assignee", "language",
}  # fmt: skip
# Texts that this module writes, by the names of their parameters.
WRITTEN = {
    "name", "title", "text", "comment", "reason", "note", "message", "purpose", "organisation", "owner", "proof",
    "mitigation", "lessons", "cause", "fix", "fixed_version", "model_version", "summary", "change", "downstream",
    "on_behalf_of", "file_name",
}  # fmt: skip


def test_every_text_that_an_action_takes_is_written_here_or_is_no_text() -> None:
    taken = {
        name
        for action in public_actions()
        for name, parameter in inspect.signature(action).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
        and re.fullmatch(r"str( \| None)?", str(parameter.annotation))
    }
    assert taken - NO_TEXT - WRITTEN == set()
    assert (NO_TEXT | WRITTEN) - taken == set()


# ---------------------------------------------------------------- written everywhere


@pytest.fixture
def written(screens: Screens) -> Screens:
    with screens.database.write() as session:
        session.get_one(Organisation, 1).name = HOSTILE
        _write(session, screens)
    return screens


def _write(session: Session, screens: Screens) -> None:
    everybody, project_id, now = _renamed(screens.cast), screens.project_id, datetime.now(UTC)
    by = {"by": everybody.pat, "at": now, "guide": everybody.guide}
    of = {**by, "project_id": project_id}
    later = (now + timedelta(days=30)).date()
    for person in (everybody.ada, everybody.pat, everybody.olu, *everybody.reviewers.values()):
        _do(people.rename, session, by=everybody.ada, at=now, person_key=person.key, name=HOSTILE)
    told = {"name": HOSTILE, "purpose": HOSTILE, "organisation": HOSTILE}
    _do(projects.edit, session, **by, project_id=project_id, **told, base=1)
    source_id = _do(sources.add, session, **of, name=HOSTILE)
    assert _answer_all(session, of, everybody.guide.fields.values(), source_id) > 70
    said = {"state": AnswerState.DONT_KNOW, "owner": HOSTILE, "due_on": later}
    _do(answers.save, session, **of, field_id="D15", raw=None, base=None, **said)
    _do(
        answers.save,
        session,
        **of,
        field_id="D14",
        raw=None,
        base=None,
        state=AnswerState.NOT_APPLICABLE,
        reason=HOSTILE,
    )
    thread = _do(threads.ask, session, **of, field_id="D01", text=HOSTILE)
    _do(
        threads.reply,
        session,
        by=everybody.olu,
        at=now,
        guide=everybody.guide,
        thread_id=thread,
        text=HOSTILE,
    )
    _review(session, everybody, of, later)
    _do(
        evidence.add,
        session,
        **of,
        content=LinkContent(HOSTILE),
        title=HOSTILE,
        gate=Gate.DISCOVERY,
        note=HOSTILE,
    )
    monitor = MonitorSpec(
        HOSTILE, Direction.BELOW, threshold=0.5, owner=HOSTILE, action=HOSTILE, source=HOSTILE
    )
    paused = _do(monitors.create, session, **of, spec=monitor)
    _do(monitors.create, session, **of, spec=replace(monitor, name=f"2 {HOSTILE}"))
    _do(monitors.pause, session, **by, monitor_id=paused, reason=HOSTILE)
    opened = _do(
        incidents.open_incident,
        session,
        **by,
        project_id=project_id,
        title=HOSTILE,
        model_version=HOSTILE[:40],
        text=HOSTILE,
    )
    _do(incidents.note, session, **by, incident_id=opened, text=HOSTILE)
    _do(incidents.record_fix, session, **by, incident_id=opened, cause=HOSTILE, fix=HOSTILE)
    _do(
        surroundings.note_change,
        session,
        **of,
        change=HOSTILE,
        kind="source",
        changed_on=now.date(),
        use=None,
    )
    _do(filters.save, session, **by, name=HOSTILE[:60], query="stage=discovery")
    _do(tokens.create, session, **by, person_key=everybody.pat.key, name=HOSTILE[:60], scopes=[Scope.READ])
    _do(deliveries.add_channel, session, by=everybody.ada, at=now, medium=Medium.WEBHOOK, name=HOSTILE[:60], address="https://example.org/hook",
        kinds=[],
    )  # fmt: skip
    people.make_eligible(session, by=everybody.ada, at=now, person_key=everybody.ann.key, role=Role.BUSINESS)
    _do(delegations.give, session, by=everybody[Role.BUSINESS], at=now, guide=everybody.guide,
        to_key=everybody.ann.key, role=Role.BUSINESS,
        starts_on=now.date(), ends_on=later, reason=HOSTILE,
    )  # fmt: skip


def _renamed(cast: make.Cast) -> make.Cast:
    named = {name: replace(getattr(cast, name), name=HOSTILE) for name in ("ada", "pat", "ann", "olu")}
    reviewers = {role: replace(actor, name=HOSTILE) for role, actor in cast.reviewers.items()}
    return replace(cast, **named, reviewers=reviewers)


def _do(action: Callable[..., Any], session: Session, **given: Any) -> Any:
    """With the guide where the action takes one."""
    takes = inspect.signature(action).parameters
    return action(
        session, **{name: value for name, value in given.items() if name in takes or name != "guide"}
    )


def _review(session: Session, everybody: make.Cast, of: dict[str, Any], later: Any) -> None:
    now = of["at"]
    asked = {**of, "gate": Gate.DISCOVERY, "message": HOSTILE}
    for role, decision, more in (
        (Role.BUSINESS, Decision.APPROVED_WITH_CONDITIONS, {"conditions": [(HOSTILE, HOSTILE, later)]}),
        (Role.TECHNOLOGY, None, {}),
        (Role.PRIVACY, Decision.CHANGES_REQUESTED, {"fields": ["D01"]}),
    ):
        review = _do(reviews.request, session, **asked, role=role, person_key=everybody[role].key)
        make.decide(
            session, everybody, review, decision, at=now, comment=HOSTILE, on_behalf_of=HOSTILE, **more
        )
    _do(reviews.request, session, **asked, role=Role.LEGAL, person_key=everybody[Role.LEGAL].key)
    _do(gates.add_condition, session, **{**of, "by": everybody[Role.BUSINESS]}, gate=Gate.DISCOVERY,
        text=HOSTILE, owner=HOSTILE, due_on=later,
    )  # fmt: skip


def _answer_all(session: Session, of: dict[str, Any], fields: Any, source_id: int) -> int:
    """Hostile text in every part of every question that takes a text; how many of them were saved."""
    saved = 0
    for field in fields:
        where = {"source_id": source_id} if field.is_of_source else {}
        for raw in _raw(field):
            with suppress(Invalid), session.begin_nested():
                answers.save(session, **of, **where, field_id=field.id, raw=raw, base=None)
                saved += 1
                break
    return saved


def _raw(field: FieldSpec) -> Iterator[Any]:
    if field.kind == "single":
        yield _value(field.columns[0])
        return
    whole = {part.id: _value(part) for part in field.columns}
    texts = {part.id: HOSTILE for part in field.columns if part.type in ("text", "long_text")}
    for record in (whole, {**whole, **texts}, texts):
        told = {name: value for name, value in record.items() if value is not None}
        yield [told] if field.kind == "rows" else told


def _value(part: PartSpec) -> Any:
    if part.type in ("choice", "choices"):
        chosen = HOSTILE if part.open else next(iter(part.choices))
        return [chosen] if part.type == "choices" else chosen
    return {
        "number": 1, "duration": "3 months", "money": "1000 EUR", "yes_no": True, "date": "2027-01-01",
        "reference": None, "references": None, "quantity": "1", "list": [HOSTILE], "person": HOSTILE,
    }.get(part.type, HOSTILE)  # fmt: skip


# ---------------------------------------------------------------- screens


def test_no_screen_acts_on_what_was_written(see: See, written: Screens) -> None:
    assert all(act.search(HOSTILE) for act in ACTS)
    shown = 0
    for page in PAGES:
        person = written.cast.ada if page.group in ("administration", "portfolio") else written.cast.pat
        for query in _queries(page.name, written):
            app = see(page.name, person, **query)
            assert not app.exception, (page.name, query)
            found = list(_texts(app))
            shown += sum("evil" in text for _, text in found)
            acting = [(where, text) for where, text in found if any(act.search(text) for act in ACTS)]
            assert acting == [], (page.name, query)
    assert shown > 100, "the text is on the screens"


def _queries(page: str, screens: Screens) -> list[dict[str, str]]:
    of = {"project": screens.project}
    if page == "worksheet":
        return [{**of, "stage": stage} for stage in ("discovery", "design")]
    if page == "people":
        return [{}, {"person": screens.cast.olu.key}]
    if page == "review":
        return [{"review": number} for number in ("1", "4")]
    return [of]


def _texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Every text of the page that Streamlit reads as Markdown, and what kind of element holds it."""
    for element in _elements(app._tree):
        if element.type not in VERBATIM and hasattr(element, "proto") and element.proto is not None:
            yield from ((element.type, text) for text in _strings(MessageToDict(element.proto)))
        elif hasattr(element, "proto") and element.proto is not None:
            told = MessageToDict(element.proto)
            yield from ((element.type, str(told[name])) for name in ("label", "help") if name in told)


def _elements(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _elements(child)


def _strings(told: Any, name: str = "") -> Iterator[str]:
    if isinstance(told, str) and name not in ("id", "formId", "elementId", "key", "url", "queryString"):
        yield told
    elif isinstance(told, dict):
        for inner, value in told.items():
            yield from _strings(value, inner)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value, name)


# ---------------------------------------------------------------- exports


def test_no_export_acts_on_what_was_written(written: Screens) -> None:
    asked: dict[str, Any] = {"by": written.cast.ada, "at": datetime.now(UTC), "guide": written.cast.guide}
    with written.database.read() as session:
        printed = report(session, **asked, key=written.project)
        described = card(session, **asked, key=written.project)
        pack = make_pack(session, **asked, ending="html").decode()
    word = dossier_file(printed, "d.docx", asked["at"])
    markdown = card_file(described, CardFormat.HUGGINGFACE, asked["at"]).decode()

    tags = _Tags(pack)
    assert HOSTILE[:40] in tags.text
    assert not {"img", "a", "script"} & set(tags.names)
    assert not any(name.startswith("on") for name in tags.attributes)
    assert not any(act.search(markdown.partition("\n---\n")[2]) for act in ACTS), "the body of the model card"
    with zipfile.ZipFile(BytesIO(word)) as parts:
        names = parts.namelist()
        read = {name: parts.read(name) for name in names if name.endswith((".xml", ".rels"))}
    for content in read.values():
        ElementTree.fromstring(content)
    assert any(b"onerror" in content for content in read.values())
    assert not any(b"evil.example" in read[name] for name in read if name.endswith(".rels")), "no link leaves"


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data
