"""One review: what is asked, what changed, what the decision rests on, and the form that signs beside it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import my_work
from lifecycle.queries import reviews as queries
from lifecycle.queries.reviews import ReliedOn, ReviewView
from lifecycle.rules.checks.naming import listed
from lifecycle.rules.permissions import may
from lifecycle.ui import cache, identity, navigation, standing, state
from lifecycle.ui.components import ago, empty_state, exact, one_line, page_header, plain, until
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import (
    changes,
    conditions,
    decide,
    delegate,
    difference,
    discussion,
    evidence,
    findings,
    signatures,
)
from lifecycle.vocabulary import Act, CheckResult

PANE_HEIGHT = 560  # pixels: what is read scrolls beside the form, which stays in view
LONGEST_PURPOSE = 400
MOST_DECISIONS = 2
_STATES = {
    "open": Mark(mark("Waiting"), "violet", "hourglass_top"),
    "decided": Mark(mark("Decided"), "green", "check_circle"),
    "withdrawn": Mark(mark("Taken back"), "gray", "undo"),
}
_ASKED = {
    Act.APPROVE: mark("{asker} asked you to approve {when}"),
    Act.ACKNOWLEDGE: mark("{asker} asked you to acknowledge {when}"),
    Act.CONSULT: mark("{asker} asked for your opinion {when}"),
}
_OF_OTHERS = {
    Act.APPROVE: mark("{asker} asked {person} to approve {when}"),
    Act.ACKNOWLEDGE: mark("{asker} asked {person} to acknowledge {when}"),
    Act.CONSULT: mark("{asker} asked {person} for an opinion {when}"),
}


def show() -> None:
    """The review that the address names."""
    named = navigation.here("review") or ""
    if not named.isdecimal():
        empty_state(
            say("No review was named"),
            say("Open one from My work or from the gate of a project."),
            icon="rate_review",
            action=say("Go to my work"),
            to="home",
        )
        return
    view = cache.read_with_guide(
        queries.view, by=identity.actor(), at=identity.this_hour(), review_id=int(named)
    )
    state.remember_project(view.project.key)
    state.go_by_guide(view.project.guide_version)
    _header(view)
    left, right = st.columns([3, 2], gap="medium")
    with left, _pane(view):
        _content(view)
    with right:
        decide.show(view)
        if view.state == "open":
            delegate.hand_over(view.id)
        _next(view)


def _pane(view: ReviewView) -> st.delta_generator.DeltaGenerator:
    """On a phone, and for whoever only reads, everything stands beneath each other."""
    if decide.can_act(view) and not navigation.is_phone():
        return st.container(height=PANE_HEIGHT, border=False, key="review-content")
    return st.container(key="review-content")


# ------------------------------------------------------------------ at a glance


def _header(view: ReviewView) -> None:
    mark = standing.DECISIONS[view.signature.decision] if view.signature else _STATES[view.state]
    if view.signature and view.signature.stale:
        mark = standing.STALE
    page_header(
        say(
            "{role}: {gate} gate of {project}",
            role=view.role.title,
            gate=view.gate.title,
            project=view.project.name,
        ),
        mark=mark,
    )
    lines = [_asked(view)]
    if view.handed_over_by:
        said = say("{person} passed it on.", person=view.handed_over_by)
        lines.append(f":gray[:material/forward_to_inbox:] {plain(said)}")
    if view.stands_in_for:
        said = say("You stand in for {person} here.", person=view.stands_in_for)
        lines.append(f":violet[:material/supervisor_account:] {plain(said)}")
    if view.message:
        lines.append(signatures.quoted(view.message))
    if view.project.purpose:
        purpose = plain(one_line(view.project.purpose, LONGEST_PURPOSE))
        lines.append(f":gray[{say('What it is for:')}] {purpose}")
    st.markdown("\n\n".join(lines), anchors=False)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(_summary(view), width="content", anchors=False)
        with st.container(horizontal=True, gap="small", width="content"):
            _ways(view)


def _asked(view: ReviewView) -> str:
    """Who asked whom for what, when, until when, in one line; then the way to the form below it on a phone."""
    now = identity.now()
    mine = view.person_key == identity.actor().key
    asked = _ASKED if mine else _OF_OTHERS
    when = ago(view.requested_at, now)
    said = plain(say(asked[view.act], asker=view.requested_by, person=view.person, when=when))
    if view.due_on and view.state == "open":
        colour = "red" if view.due_on < now.date() else "violet"
        far = until(view.due_on, now.date())
        until_when = say("due {day} ({until})", day=view.due_on.isoformat(), until=far)
        said += f", :{colour}[{plain(until_when)}]"
    way = f" [{say('Go to your decision')}](#{decide.ANCHOR})" if decide.can_act(view) else ""
    return f"{said}.{way}"


def _summary(view: ReviewView) -> str:
    """What there is to know, counted, before it is read."""
    failing = sum(item.result is CheckResult.FAILS for item in view.findings)
    owed = sum(item.state == "open" and item.role is view.role for item in view.conditions)
    still_open = sum(item.is_open for item in view.relied_on)
    changed = _how_many_changes(view)
    counts = (
        (changed, _changed_since(view, changed), "orange", "history"),
        (failing, counted(failing, "check fails", "checks fail"), "red", "block"),
        (owed, counted(owed, "condition open", "conditions open"), "orange", "rule"),
        (
            still_open,
            counted(still_open, "answer missing", "answers missing"),
            "orange",
            "radio_button_unchecked",
        ),
    )
    badges = [
        f":{colour}-badge[:material/{icon}: {words}]" for number, words, colour, icon in counts if number
    ]
    if view.last_decision is None:
        badges.insert(0, f":blue-badge[:material/fiber_new: {say('First review by this role')}]")
    elif not changed and (on_request := sum(item.is_changed for item in view.requested)):
        # Changes may have been asked for on what this role does not rely on.
        words = counted(on_request, "answer changed on request", "answers changed on request")
        badges.insert(0, f":green-badge[:material/check: {words}]")
    elif not changed:
        words = say("Nothing changed since the last decision")
        badges.insert(0, f":green-badge[:material/check: {words}]")
    return " ".join(badges)


def _how_many_changes(view: ReviewView) -> int:
    return len(view.changed) + len(view.source_changes) + len(view.document_changes)


def _is_mine(view: ReviewView) -> bool:
    return view.person_key == identity.actor().key or bool(view.stands_in_for)


def _changed_since(view: ReviewView, number: int) -> str:
    """How much, since whoever decided last, as the reader calls them."""
    changes, last = counted(number, "change"), view.last_decision
    if last and last.person_key == identity.actor().key:
        return say("{changes} since you decided", changes=changes)
    return say("{changes} since {role} last decided", changes=changes, role=view.role.title)


def _ways(view: ReviewView) -> None:
    if st.button(say("Gate"), icon=":material/approval:", key="review:gate", type="tertiary"):
        navigation.go("gate", project=view.project.key, gate=view.gate.value)
    if st.button(say("Project"), icon=":material/flag:", key="review:project", type="tertiary"):
        navigation.go("project", project=view.project.key)


# ------------------------------------------------------------------ what the decision rests on


def _content(view: ReviewView) -> None:
    """What is new first, then what stands in the way, then all the rest."""
    today = identity.now().date()
    _changes(view)
    _requested(view)
    _failing(view)
    open_ones = [item for item in view.conditions if item.state == "open"]
    if open_ones:
        st.header(say("Conditions still open"), anchor=False)
        conditions.show(open_ones, today=today, may_meet=False, may_drop=False)
    has_documents = evidence.is_due(view.project, view.gate, view.role)
    if has_documents:
        evidence.show_inline(view.project, view.gate, view.role)
    _relied_on(view)
    if not has_documents:
        evidence.show_inline(view.project, view.gate, view.role)
    _asked_about(view)
    _decided(view)


def _changes(view: ReviewView) -> None:
    """Old and new side by side, since this role last decided; nothing at all before its first decision."""
    last = view.last_decision
    if last is None or not _how_many_changes(view):
        return
    if _is_mine(view):
        title = say("Changed since your role last decided")
    else:
        title = say("Changed since {role} last decided", role=view.role.title)
    st.header(title, anchor=False)
    decision, at = last.decision.title.lower(), exact(last.at)
    if last.gate is view.gate:
        said = say("{person}: {decision}, {at}", person=last.printed_name, decision=decision, at=at)
    else:
        said = say(
            "{person}: {decision} at the {gate} gate, {at}",
            person=last.printed_name,
            decision=decision,
            gate=last.gate.title,
            at=at,
        )
    st.caption(plain(said))
    for sentence in view.source_changes:
        st.markdown(f":orange[:material/database:] {plain(sentence)}", anchors=False)
    for sentence in view.document_changes:
        st.markdown(f":orange[:material/attach_file:] {plain(sentence)}", anchors=False)
    for item in view.changed:
        with st.container(border=True, gap="xsmall"):
            _title(item, view)
            difference.show(item.difference)


def _title(item: ReliedOn, view: ReviewView) -> None:
    """The title is the way to the question."""
    if st.button(
        f"**{plain(item.place.title)}**",
        key=f"changed:{item.place.key}",
        type="tertiary",
        icon=":material/arrow_forward:",
        icon_position="right",
    ):
        findings.to_place(item.place, view.project.key)


def _requested(view: ReviewView) -> None:
    """What this role asked to change when it last decided here, and what came of each."""
    if view.requested:
        title = say("What you asked to change") if _is_mine(view) else say("What was asked to change")
        st.header(title, anchor=False)
        st.markdown("\n\n".join(changes.what_came_of_it(item) for item in view.requested), anchors=False)


def _failing(view: ReviewView) -> None:
    failing = [item for item in view.findings if item.result is CheckResult.FAILS]
    unclear = sum(item.result is CheckResult.CANNOT_TELL for item in view.findings)
    st.header(say("What the checks say"), anchor=False)
    if failing:
        findings.show(failing, project=view.project, most=5)
    said = [] if failing else [say("No check that reads these answers fails.")]
    if unclear:
        said.append(
            say_count(
                "{number:,} check cannot tell yet: answers are missing.",
                "{number:,} checks cannot tell yet: answers are missing.",
                unclear,
            )
        )
    if said:
        st.caption(" ".join(said))


def _relied_on(view: ReviewView) -> None:
    """Every answer the signature covers, by the sections of the guide; what is open is said in one line."""
    mine = _is_mine(view)
    st.header(
        say("What you rely on") if mine else say("What {role} relies on", role=view.role.title), anchor=False
    )
    covered = [counted(len(view.relied_on), "answer")]
    if view.evidence:
        covered.append(counted(len(view.evidence), "document"))
    what = listed(covered)
    if mine:
        said = say(
            "Your signature covers {what}, nothing else: when one of them changes, it becomes stale.",
            what=what,
        )
    else:
        said = say(
            "The signature covers {what}, nothing else: when one of them changes, it becomes stale.",
            what=what,
        )
    st.caption(said)
    still_open = [item.place.title for item in view.relied_on if item.is_open]
    if still_open:
        label = say("Not answered yet:")
        st.markdown(
            f":orange[:material/radio_button_unchecked:] **{label}** {plain('; '.join(still_open))}",
            anchors=False,
        )
    marks = discussion.marks_of(view.project.id)
    for title, items in _sections([item for item in view.relied_on if not item.is_open]):
        with st.container(border=True, gap="small"):
            st.markdown(f":small[:gray[{plain(title)}]]", anchors=False)
            for item in items:
                _answer(item, discussion.badge(marks, item.place))


def _answer(item: ReliedOn, asked: str) -> None:
    mark = f" :orange[:material/history: {say('changed')}]" if item.is_changed else ""
    st.markdown(f":small[:gray[{plain(item.place.title)}]{mark}{asked}]  \n{plain(item.now)}", anchors=False)


def _asked_about(view: ReviewView) -> None:
    """Unclear is no reason to refuse: it can be asked, about each answer of this page."""
    may_ask = view.project.is_open and may("threads.ask", identity.actor(), view.project.roles)
    discussion.of_review(view.project.id, [item.place for item in view.relied_on], may_ask=may_ask)


def _sections(items: Sequence[ReliedOn]) -> list[tuple[str, list[ReliedOn]]]:
    """Answers under the stage and section of their question, in the order of the guide."""
    guide = cache.guide()
    found: dict[str, list[ReliedOn]] = {}
    for item in items:
        field = guide.field(item.place.field_id)
        sheet = guide.worksheet(field.stage) if field.stage else guide.source_worksheet
        section = next(each.title for each in sheet.sections if each.id == field.section)
        stage = field.stage.title if field.stage else say("Data source")
        found.setdefault(f"{stage} · {section}", []).append(item)
    return list(found.items())


def _decided(view: ReviewView) -> None:
    """The decisions of this role, newest first; the older ones fold away."""
    made = [*reversed(view.signatures), *reversed(view.earlier)]
    if not made:
        return
    st.header(say("Decided so far"), anchor=False)
    for record in made[:MOST_DECISIONS]:
        signatures.signature(record)
    if len(made) > MOST_DECISIONS:
        with st.expander(counted(len(made) - MOST_DECISIONS, "earlier decision")):
            for record in made[MOST_DECISIONS:]:
                signatures.signature(record)


# ------------------------------------------------------------------ and then


def _next(view: ReviewView) -> None:
    """Whoever is done here goes straight on to what waits for them next, stale decisions first."""
    if decide.can_act(view) or not _is_mine(view):
        return
    work = cache.read_with_guide(my_work.my_work, by=identity.actor(), at=identity.this_hour())
    waiting = [
        *((item.review_id, say("stale decision"), item.project_name, item.gate) for item in work.stale),
        *((item.review_id, say("review"), item.project_name, item.gate) for item in work.reviews),
    ]
    if not waiting:
        st.caption(say("Nothing else waits for your signature."))
        return
    review_id, what, project, gate = waiting[0]
    with st.container(border=True, gap="xsmall"):
        where = say("{project}, {gate} gate", project=project, gate=gate.title)
        if len(waiting) > 1:
            where = say(
                "{project}, {gate} gate, {number} more after it",
                project=project,
                gate=gate.title,
                number=len(waiting) - 1,
            )
        st.markdown(f"**{say('Next for you:')}** {what}  \n{plain(where)}", anchors=False)
        if st.button(say("Go on to it"), icon=":material/arrow_forward:", key="review:next"):
            navigation.go("review", review=review_id)
