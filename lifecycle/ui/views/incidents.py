"""Incidents and bugs of a project: the list, and one with its course, its readings and the next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from lifecycle.actions import incidents as actions
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import incidents as queries
from lifecycle.queries.incidents import IncidentLine, IncidentsView, IncidentView
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.incidents import IncidentKind, IncidentSeverity, IncidentState
from lifecycle.rules.monitors import number_text
from lifecycle.ui import cache, components, identity, navigation, state
from lifecycle.ui.components import ago, definitions, empty_state, exact, page_header, plain
from lifecycle.ui.emptying_form import EmptyingForm
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import imported

LOOKS_EVERY = 10  # seconds
STATES = {
    IncidentState.OPEN: Mark(mark("Open"), "red", "emergency_home"),
    IncidentState.WORKING: Mark(mark("Being worked on"), "blue", "build"),
    IncidentState.FIXED: Mark(mark("Fix waits for its signature"), "violet", "draw"),
    IncidentState.SIGNED: Mark(mark("Review to be written"), "orange", "rate_review"),
    IncidentState.CLOSED: Mark(mark("Closed"), "gray", "check_circle"),
}


def show(project: ProjectHead) -> None:
    """One incident where the address names one, otherwise all of them."""
    if not project.is_adopted:
        imported.not_yet(project, say("Incidents"))
        return
    asked = navigation.here("incident")
    if asked is not None and asked.isdecimal():
        _one(project, int(asked))
        return
    page_header(
        say("Incidents"),
        about=say(
            "{project}. What went wrong, who sees to it, and what was learned from it.", project=project.name
        ),
    )
    st.fragment(_list, run_every=LOOKS_EVERY, key="incidents:list")(project)
    if _view(project).may_open:
        _open(project)


def _view(project: ProjectHead) -> IncidentsView:
    asked = {"by": identity.actor(), "at": identity.this_hour(), "key": project.key}
    return cache.read(queries.of_project, *chains(project), **asked)


# ------------------------------------------------------------------ the list


def _list(project: ProjectHead) -> None:
    found, now = _view(project), identity.now()
    if not found.lines:
        empty_state(
            say("Nothing has gone wrong yet"),
            say("A monitor that fires opens an incident by itself. What people notice can be reported here."),
            icon="emergency_home",
        )
        return
    st.markdown(plain(_sentence(found)), anchors=False)
    for line in found.lines:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if st.button(plain(line.title), key=f"incidents:open:{line.id}", type="tertiary"):
                navigation.go("incidents", project=project.key, incident=line.id)
            components.badge(STATES[line.state])
            st.caption(plain(_facts(line, now)), width="content")


def _sentence(found: IncidentsView) -> str:
    restored = [line.to_restore for line in found.lines if line.to_restore is not None]
    going = (
        counted(found.going_on, "incident goes on", "incidents go on")
        if found.going_on
        else say("Nothing is going on")
    )
    incidents = counted(len(found.lines), "incident")
    if not restored:
        return say("{going}; {incidents} on record.", going=going, incidents=incidents)
    middle = sorted(restored)[len(restored) // 2]
    return say(
        "{going}; {incidents} on record, restored after {length} in the middle.",
        going=going,
        incidents=incidents,
        length=length(middle),
    )


def _facts(line: IncidentLine, now: datetime) -> str:
    said = [line.severity.title, line.kind.title, say("noticed {ago}", ago=ago(line.detected_at, now))]
    if line.assignee:
        said.append(say("{who} sees to it", who=line.assignee))
    elif line.state is IncidentState.OPEN:
        said.append(
            say("nobody sees to it, and it has waited too long")
            if line.waits_too_long
            else say("nobody sees to it")
        )
    if line.to_restore is not None:
        said.append(say("restored after {length}", length=length(line.to_restore)))
    return " · ".join(said)


def length(time_taken: timedelta) -> str:
    """A length of time in the unit that people would use."""
    minutes = int(time_taken.total_seconds() // 60)
    if minutes < 60:
        return counted(minutes, "minute")
    if minutes < 48 * 60:
        return counted(minutes // 60, "hour")
    return counted(minutes // 1_440, "day")


def _open(project: ProjectHead) -> None:
    with st.popover(say("Report an incident or a bug"), icon=":material/add:", width="content"):
        form = EmptyingForm("incidents:new")
        with form.drawn():
            title = st.text_input(
                say("What is wrong"),
                key=form.key("title"),
                placeholder=say("Two depots get each other's lists"),
            )
            kinds = {
                IncidentKind.INCIDENT.value: say("It does harm now"),
                IncidentKind.BUG.value: say("A bug, before it does"),
            }
            kind = st.selectbox(
                say("Kind"), list(kinds), key=form.key("kind"), format_func=lambda value: kinds[value]
            )
            severity = _severity(form.key("severity"))
            version = st.text_input(say("Model version (if known)"), key=form.key("version"))
            text = st.text_area(say("What was seen"), key=form.key("text"))
            if st.form_submit_button(say("Report it"), type="primary"):
                form.send(
                    actions.open_incident,
                    say("It is reported, and those who see to it are told."),
                    project_id=project.id,
                    title=title,
                    kind=IncidentKind(kind),
                    severity=severity,
                    model_version=version,
                    text=text,
                )


def _severity(key: str) -> IncidentSeverity:
    words = {
        each.value: say(
            "{severity}: taken on within {length}", severity=each.title, length=length(each.taken_on_within)
        )
        for each in IncidentSeverity
    }
    if not state.has(key):
        state.put(key, IncidentSeverity.MAJOR.value)
    chosen = st.selectbox(say("Severity"), list(words), key=key, format_func=lambda value: words[value])
    return IncidentSeverity(chosen or IncidentSeverity.MAJOR)


# ------------------------------------------------------------------ one of them


def _one(project: ProjectHead, incident_id: int) -> None:
    found = cache.read_with_guide(
        queries.one,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        incident_id=incident_id,
    )
    if found.project_key != project.key:
        navigation.go("incidents", project=found.project_key, incident=incident_id)
    line, now = found.line, identity.now()
    page_header(line.title, about=f"{found.project_name}. {_facts(line, now)}.", mark=STATES[line.state])
    if st.button(say("All incidents"), icon=":material/arrow_back:", type="tertiary", key="incidents:back"):
        navigation.go("incidents", project=project.key)
    definitions(_record(found))
    _text(say("Cause"), found.cause)
    _text(say("Fix"), found.fix)
    _text(say("What was learned"), found.lessons)
    _readings(project, found)
    _next(found)
    st.header(say("What happened"), anchor=False)
    for note in reversed(found.notes):
        with st.container(gap=None):
            st.caption(f"{plain(note.who)}, {ago(note.at, now)}", help=exact(note.at))
            st.markdown(plain(note.text), anchors=False)
    if "note" in found.may:
        _say(found, _NOTE)


def _record(found: IncidentView) -> list[tuple[str, str]]:
    line = found.line
    pairs = [
        (say("Began"), exact(line.started_at)),
        (
            say("Noticed"),
            say(
                "{moment}, after {length}",
                moment=exact(line.detected_at),
                length=length(line.to_detect),
            ),
        ),
        (say("Restored"), _restored(line)),
        (say("Sees to it"), line.assignee),
        (say("Model version"), found.model_version),
        (say("Opened by"), found.opened_by),
    ]
    if found.fixed_at:
        pairs.append((say("Fix recorded"), f"{found.fixed_by}, {exact(found.fixed_at)}"))
        pairs.append((say("Version with the fix"), found.fixed_version))
    if found.signed_at:
        pairs.append((say("Fix signed"), f"{found.signed_by}, {exact(found.signed_at)}"))
    return pairs


def _restored(line: IncidentLine) -> str:
    if line.restored_at is None or line.to_restore is None:
        return say("not yet")
    return say("{moment}, after {length}", moment=exact(line.restored_at), length=length(line.to_restore))


def _text(title: str, text: str) -> None:
    if text:
        st.header(title, anchor=False)
        st.markdown(plain(text), anchors=False)


def _readings(project: ProjectHead, found: IncidentView) -> None:
    if not found.fired_at:
        return
    st.header(say("Readings behind it"), anchor=False)
    st.markdown(
        plain(
            say_count(
                "“{monitor}” fired {number:,} time in the course of it.",
                "“{monitor}” fired {number:,} times in the course of it.",
                len(found.fired_at),
                monitor=found.line.monitor_name,
            )
        ),
        anchors=False,
    )
    st.dataframe(
        {
            say("At"): [each.key if each.kind == "breach" else exact(each.at) for each in found.fired_at],
            say("Value"): [number_text(each.value) for each in found.fired_at],
            say("Limit"): [number_text(each.limit) for each in found.fired_at],
            say("Still follows"): [say("yes") if each.holds else say("no") for each in found.fired_at],
        },
        hide_index=True,
    )
    if st.button(
        say("Show the monitor"), icon=":material/monitoring:", type="tertiary", key="incidents:monitor"
    ):
        navigation.go("monitors", project=project.key, monitor=found.line.monitor_key)


# ------------------------------------------------------------------ the next step


def _next(found: IncidentView) -> None:
    """What this person may do now, the step that leads on first."""
    incident = found.line.id
    with st.container(horizontal=True, gap="small"):
        if "take_on" in found.may:
            if found.line.state is IncidentState.OPEN and st.button(
                say("I see to it"), type="primary", icon=":material/front_hand:", key="incidents:take"
            ):
                perform(actions.take_on, done=say("It is yours."), incident_id=incident)
            with st.popover(say("Give it to somebody"), icon=":material/person_add:", width="content"):
                _assign(found)
        if "fix" in found.may:
            with st.popover(say("Record the fix"), icon=":material/build:", width="content"):
                _fix(found)
        if "sign" in found.may:
            with st.popover(say("Sign the fix"), icon=":material/draw:", type="primary", width="content"):
                _sign(found)
        if "close" in found.may:
            with st.popover(
                say("Write the review"), icon=":material/rate_review:", type="primary", width="content"
            ):
                _say(found, _CLOSE)
        if "edit" in found.may:
            with st.popover(say("Change what it says"), icon=":material/edit:", width="content"):
                _edit(found)
        if "reopen" in found.may:
            with st.popover(say("Open it again"), icon=":material/undo:", width="content"):
                _say(found, _REOPEN)
    if found.line.state is IncidentState.FIXED and "sign" not in found.may:
        st.caption(
            plain(
                found.sign_blockers[0].text
                if found.sign_blockers
                else say("Signed by {signers}.", signers=found.signers)
            )
        )


def _form(found: IncidentView, name: str) -> EmptyingForm:
    return EmptyingForm(f"incidents:{name}:{found.line.id}")


def _assign(found: IncidentView) -> None:
    form = _form(found, "assign")
    with form.drawn():
        person = st.selectbox(
            say("Who sees to it"),
            list(found.people),
            index=None,
            key=form.key("person"),
            format_func=lambda key: plain(found.people[key]),
        )
        if st.form_submit_button(say("Give it to them"), type="primary"):
            if person is None:
                st.error(say("Choose somebody."), icon=":material/error:")
                return
            done = say("{who} sees to it, and is told.", who=found.people[person])
            form.send(actions.take_on, done, incident_id=found.line.id, assignee=person)


def _fix(found: IncidentView) -> None:
    form = _form(found, "fix")
    form.begin_with("cause", found.cause)
    with form.drawn():
        cause = st.text_area(say("Why it happened"), key=form.key("cause"))
        fix = st.text_area(say("What was done about it"), key=form.key("fix"))
        version = st.text_input(say("Version with the fix (if any)"), key=form.key("version"))
        restored = _moment(say("Right again since (UTC; empty: now)"), form.key("restored"))
        st.caption(plain(say("It is then signed by {signers}.", signers=found.signers)))
        if st.form_submit_button(say("Record the fix"), type="primary"):
            form.send(
                actions.record_fix,
                say("The fix waits for its signature."),
                incident_id=found.line.id,
                cause=cause,
                fix=fix,
                fixed_version=version,
                restored_at=restored,
            )


def _moment(label: str, key: str) -> datetime | None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        day: date | None = st.date_input(label, value=None, format="YYYY-MM-DD", key=f"{key}:day")
        hour: time | None = st.time_input(say("Time (UTC)"), value=None, key=f"{key}:time")
    return None if day is None else datetime.combine(day, hour or time(), UTC)


def _sign(found: IncidentView) -> None:
    form = _form(found, "sign")
    with form.drawn():
        text = st.text_area(say("What you looked at, or what is missing"), key=form.key("text"))
        with st.container(horizontal=True, gap="small"):
            signed = st.form_submit_button(say("Sign it"), type="primary")
            refused = st.form_submit_button(say("Send it back"))
        if signed or refused:
            done = say("The fix is signed.") if signed else say("The fix was sent back.")
            form.send(actions.sign_fix, done, incident_id=found.line.id, accepted=signed, text=text)


def _edit(found: IncidentView) -> None:
    form = _form(found, "edit")
    base = state.base(form.key("title"), found.revision)
    form.begin_with("title", found.line.title)
    form.begin_with("severity", found.line.severity.value)
    form.begin_with("cause", found.cause)
    form.begin_with("version", found.model_version)
    with form.drawn():
        title = st.text_input(say("What is wrong"), key=form.key("title"))
        severity = _severity(form.key("severity"))
        version = st.text_input(say("Model version"), key=form.key("version"))
        cause = st.text_area(say("Why it happened, as far as it is known"), key=form.key("cause"))
        started = _moment(say("Began (empty: as it is)"), form.key("started"))
        if st.form_submit_button(say("Save"), type="primary"):
            form.send(
                actions.edit,
                say("Saved."),
                incident_id=found.line.id,
                base=base,
                title=title,
                severity=severity,
                cause=cause,
                model_version=version,
                started_at=started or found.line.started_at,
            )


@dataclass(frozen=True, slots=True)
class _Said:
    """A step that takes one text: how it is asked for, and what is done with it."""

    name: str
    label: str
    button: str
    done: str
    action: Callable[..., object]
    told_as: str
    is_main: bool = True


_CLOSE = _Said(
    "close",
    mark("What was learned, and what will be done otherwise"),
    mark("Close the incident"),
    mark("The incident is closed."),
    actions.close,
    "lessons",
)
_REOPEN = _Said(
    "reopen",
    mark("Why it is not over"),
    mark("Open it again"),
    mark("It is open again."),
    actions.reopen,
    "reason",
)
_NOTE = _Said(
    "note",
    mark("Write down what was seen or done"),
    mark("Add"),
    mark("Written down."),
    actions.note,
    "text",
    is_main=False,
)


def _say(found: IncidentView, step: _Said) -> None:
    form = _form(found, step.name)
    with form.drawn():
        text = st.text_area(say(step.label), key=form.key(step.told_as))
        if st.form_submit_button(say(step.button), type="primary" if step.is_main else "secondary"):
            form.send(step.action, say(step.done), incident_id=found.line.id, **{step.told_as: text})
