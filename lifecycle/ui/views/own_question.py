"""One question of the organisation's own: the form that writes it, and how a list says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import streamlit as st

from lifecycle.actions.projects import slug
from lifecycle.errors import Invalid
from lifecycle.guide import Guide, WorksheetSpec
from lifecycle.language import mark, say
from lifecycle.own_guide import OF_SOURCES, OwnGuide, OwnQuestion, next_id, with_question
from lifecycle.ui import cache, components, state
from lifecycle.ui.components import plain
from lifecycle.vocabulary import Gate, Role, Stage

NEW = "own:question"
_KINDS = {
    "text": mark("One line of text"),
    "long_text": mark("Several lines of text"),
    "number": mark("A number"),
    "yes_no": mark("Yes or no"),
    "choice": mark("One of several choices"),
    "choices": mark("Any of several choices"),
    "date": mark("A day"),
    "duration": mark("A length of time"),
    "money": mark("An amount of money"),
    "person": mark("A person"),
    "link": mark("A link or document"),
}
_WITH_CHOICES = ("choice", "choices")
_OF_PARTS = mark("Several parts")  # only a file can ask so
_NO_STAGE = mark("Data source")
Save = Callable[[OwnGuide, str, str], None]


def in_words(question: OwnQuestion) -> str:
    """As Markdown: what is asked, where, how it is answered, and what rests on it."""
    field = question.field
    said = [
        _stage_title(str(field.get("stage"))),
        say(_KINDS.get(str(field.get("type")), _OF_PARTS)),
        say("due at {gate}", gate=_gate_of(field).title),
    ]
    if question.rests_on:
        places = ", ".join(_place(*each) for each in question.rests_on)
        said.append(say("under the sign-off of {places}", places=places))
    said += [say("document asked at {gate}", gate=gate.title) for gate in question.evidence_at]
    title, asked = str(field.get("title", "")), str(field.get("question", ""))
    return f"**{plain(question.id)} · {plain(title)}**  \n{plain(asked)}  \n:small[:gray[{plain(' · '.join(said))}]]"


def form(own: OwnGuide, question: OwnQuestion | None, save: Save) -> None:
    """For a new question, or for one that is there: where it stands and how it is answered stay as they are then."""
    key = state.fresh(f"{NEW}:{question.id if question else 'new'}")
    before: Mapping[str, Any] = question.field if question else {}
    _seed(key, question)
    guide = cache.shipped_guide().here()
    with st.grid(2, min_column_width=280):
        stage = _chosen(
            say("Stage"), [*(each.value for each in Stage), OF_SOURCES], _stage_title, key, "stage", question
        )
        sheet = _sheet(guide, stage)
        titles = {section.id: section.title for section in sheet.sections}
        section = _chosen(
            say("Section"), list(titles), lambda name: titles.get(name, name), key, f"section:{stage}"
        )
        kind = _chosen(
            say("How it is answered"), list(_KINDS), lambda name: say(_KINDS[name]), key, "type", question
        )
        gates = [gate for gate in Gate if stage == OF_SOURCES or gate.stage.order >= Stage(stage).order]
        gate = _chosen(
            say("Due at"), [each.value for each in gates], lambda name: Gate(name).title, key, f"gate:{stage}"
        )
    title = st.text_input(say("Title"), key=f"{key}:title", max_chars=60, placeholder=say("Cost centre"))
    asked = st.text_input(
        say("Question"), key=f"{key}:question", placeholder=say("Which cost centre pays for it?")
    )
    text = st.text_input(say("What to write, and why it matters (optional)"), key=f"{key}:help")
    example = st.text_input(say("An example answer (optional)"), key=f"{key}:example")
    lines = unit = ""
    if kind in _WITH_CHOICES:
        lines = st.text_area(say("Choices, one on each line"), key=f"{key}:choices", height=120)
    elif kind == "number":
        unit = st.text_input(say("Unit (optional)"), key=f"{key}:unit", width=280)
    places = {
        _code(each.value, spec.role): (each, spec.role) for each in gates for spec in guide.reviews(each)
    }
    rests_on = st.multiselect(
        say("Sign-offs that rest on it"),
        list(places),
        format_func=lambda code: _place(*places[code]),
        key=f"{key}:rests_on:{stage}",
        placeholder=say("None"),
        help=say("When the answer changes, these sign-offs become stale."),
    )
    evidence = st.selectbox(
        say("A document is asked for at"),
        ["", *(each.value for each in gates)],
        format_func=lambda name: Gate(name).title if name else say("No gate"),
        key=f"{key}:evidence:{stage}",
        width=280,
    )
    light = st.checkbox(say("Ask it on the light track too (tier 1)"), key=f"{key}:light")
    if not st.button(
        say("Save the question") if question else say("Add it"),
        key=f"{key}:save",
        type="primary",
        icon=":material/save:",
    ):
        return
    field = {
        **before,
        "id": question.id if question else next_id(own, of_source=stage == OF_SOURCES),
        "stage": stage,
        "gate": gate,
        "section": section,
        "title": (title or "").strip(),
        "question": (asked or "").strip(),
        "help": (text or "").strip(),
        "example": (example or "").strip(),
        "type": kind,
        "light": light,
        "unit": (unit or "").strip(),
        "choices": _choices(lines or "", before.get("choices", {})),
    }
    if problems := _problems(field):
        components.refusal(Invalid(problems))
        return
    made = OwnQuestion(
        {name: value for name, value in field.items() if value not in ("", {}, False)},
        tuple(places[code] for code in rests_on),
        (Gate(evidence),) if evidence else (),
    )
    done = say("{title} is asked as {question_id}.", title=field["title"], question_id=field["id"])
    save(with_question(own, made), done, f"{NEW}:{question.id if question else 'new'}")


# ------------------------------------------------------------------ its parts


def _seed(key: str, question: OwnQuestion | None) -> None:
    """The form begins with what holds; what is typed since stays."""
    if question is None:
        return
    field = question.field
    stage = str(field.get("stage"))
    values: dict[str, Any] = {
        "stage": stage,
        f"section:{stage}": field.get("section"),
        "type": field.get("type"),
        f"gate:{stage}": _gate_of(field).value,
        "title": field.get("title", ""),
        "question": field.get("question", ""),
        "help": field.get("help", ""),
        "example": field.get("example", ""),
        "choices": "\n".join(field.get("choices", {}).values()),
        "unit": field.get("unit", ""),
        f"rests_on:{stage}": [_code(gate.value, role) for gate, role in question.rests_on],
        f"evidence:{stage}": next((gate.value for gate in question.evidence_at), ""),
        "light": bool(field.get("light", False)),
    }
    for name, value in values.items():
        if not state.has(f"{key}:{name}"):
            state.put(f"{key}:{name}", value)


def _chosen(
    label: str,
    options: list[str],
    words: Callable[[str], str],
    key: str,
    name: str,
    question: OwnQuestion | None = None,
) -> str:
    """One of these; `question` is there where it cannot be changed any more."""
    found = st.selectbox(
        label,
        options,
        format_func=words,
        key=f"{key}:{name}",
        disabled=question is not None,
        help=say("Stays as it is: answers are stored under it. For another, add a new question.")
        if question
        else None,
    )
    return found or options[0]


def _sheet(guide: Guide, stage: str) -> WorksheetSpec:
    return guide.source_worksheet if stage == OF_SOURCES else guide.worksheet(Stage(stage))


def _choices(lines: str, before: Mapping[str, str]) -> dict[str, str]:
    """Slug to label. A label that is only worded anew keeps its slug by its place, so that answers keep theirs."""
    labels = list(dict.fromkeys(line.strip() for line in lines.splitlines() if line.strip()))
    known = {label: name for name, label in before.items()}
    by_place = list(before) if len(before) == len(labels) else []
    found: dict[str, str] = {}
    for place, label in enumerate(labels):
        if label in known:
            name = known[label]
        elif by_place and before[by_place[place]] not in labels:
            name = by_place[place]
        else:
            name = _new_slug(label, {*before, *found})
        found[name] = label
    return found


def _new_slug(label: str, taken: Collection[str]) -> str:
    """One that no other choice has, or had: stored answers may still bear it."""
    start = slug(label).replace("-", "_") or "choice"
    numbered = (f"{start}_{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (start, *numbered) if name not in taken)


def _problems(field: Mapping[str, Any]) -> dict[str, str]:
    problems = {}
    if not field["title"]:
        problems["title"] = say("Give the question a short title.")
    if not field["question"]:
        problems["question"] = say("Write the question as it is asked.")
    if field["type"] in _WITH_CHOICES and len(field["choices"]) < 2:
        problems["choices"] = say("Write at least two choices, one on each line.")
    return problems


def _stage_title(name: str) -> str:
    return say(_NO_STAGE) if name == OF_SOURCES else Stage(name).title if name in set(Stage) else name


def _gate_of(field: Mapping[str, Any]) -> Gate:
    return Gate(str(field.get("gate") or field.get("stage")))


def _code(gate: str, role: Role) -> str:
    return f"{gate}/{role.value}"


def _place(gate: Gate, role: Role) -> str:
    return say("{role} at {gate}", role=role.title, gate=gate.title)
