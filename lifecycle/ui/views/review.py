"""One review: what this role relies on, what changed since it last decided, and the form that signs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.queries import reviews as queries
from lifecycle.queries.reviews import ReliedOn, ReviewView
from lifecycle.ui import cache, identity, navigation, standing, state
from lifecycle.ui.components import ago, counted, empty_state, exact, page_header, plain, until
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import conditions, decide, evidence, findings, signatures
from lifecycle.vocabulary import Act, CheckResult

_STATES = {
    "open": Mark("Waiting", "violet", "hourglass_top"),
    "decided": Mark("Decided", "green", "check_circle"),
    "withdrawn": Mark("Taken back", "gray", "undo"),
}
_ASKED = {
    Act.APPROVE: "asked you to approve",
    Act.ACKNOWLEDGE: "asked you to acknowledge",
    Act.CONSULT: "asked for your opinion",
}
_OF_OTHERS = {
    Act.APPROVE: "asked {} to approve",
    Act.ACKNOWLEDGE: "asked {} to acknowledge",
    Act.CONSULT: "asked {} for an opinion",
}


def show() -> None:
    """The review that the address names."""
    named = navigation.here("review") or ""
    if not named.isdecimal():
        empty_state(
            "No review was named",
            "Open one from My work or from the gate of a project.",
            icon="rate_review",
            action="Go to my work",
            to="home",
        )
        return
    view = cache.read_with_guide(
        queries.view, by=identity.actor(), at=identity.this_hour(), review_id=int(named)
    )
    state.remember_project(view.project.key)
    seen = _seen(view)
    _header(view)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _content(view)
    with right:
        decide.show(view, seen)
        _around(view)


def _seen(view: ReviewView) -> str:
    """The digest of what this tab showed before this run: a press of a button is about that, not about what has
    come since. What is drawn now counts from the next run on."""
    note = state.widget_key("seen", view.id)
    seen = str(state.value(note) or view.seen_digest)
    state.put(note, view.seen_digest)
    return seen


# ------------------------------------------------------------------ heading


def _header(view: ReviewView) -> None:
    mark = standing.DECISIONS[view.signature.decision] if view.signature else _STATES[view.state]
    if view.signature and view.signature.stale:
        mark = standing.STALE
    page_header(
        f"{view.role.title}: {view.gate.title} gate of {view.project.name}",
        mark=mark,
        actions=lambda: _ways(view),
    )
    st.markdown(_asked(view), anchors=False)
    if view.message:
        st.markdown(f"> {plain(view.message)}", anchors=False)


def _asked(view: ReviewView) -> str:
    """Who asked whom for what, when, until when, in one line."""
    now = identity.now()
    mine = view.person_key == identity.actor().key
    asks = _ASKED[view.act] if mine else _OF_OTHERS[view.act].format(view.person)
    said = f"{view.requested_by} {asks} {ago(view.requested_at, now)}"
    if view.due_on and view.state == "open":
        said += f", due {view.due_on.isoformat()} ({until(view.due_on, now.date())})"
    return f":gray[{plain(said)}.]"


def _ways(view: ReviewView) -> None:
    if st.button("Gate", icon=":material/approval:", key="review:gate"):
        navigation.go("gate", project=view.project.key, gate=view.gate.value)
    if st.button("Project", icon=":material/flag:", key="review:project"):
        navigation.go("project", project=view.project.key)


# ------------------------------------------------------------------ what the decision rests on


def _content(view: ReviewView) -> None:
    _changes(view)
    _purpose(view)
    evidence.show_inline(view.project, view.gate, view.role)
    _relied_on(view)


def _purpose(view: ReviewView) -> None:
    if view.project.purpose:
        st.markdown(f"**What it is for**  \n{plain(view.project.purpose)}", anchors=False)


def _changes(view: ReviewView) -> None:
    """Old and new side by side, since this role last decided; nothing at all before its first decision."""
    last = view.last_decision
    if last is None:
        return
    st.header("Changed since your role last decided" if view.changed else "Nothing changed", anchor=False)
    where = "" if last.gate is view.gate else f" at the {last.gate.title} gate"
    st.caption(plain(f"{last.printed_name}: {last.decision.title.lower()}{where}, {exact(last.at)}"))
    for sentence in view.source_changes:
        st.markdown(f":orange[:material/database:] {plain(sentence)}", anchors=False)
    for item in view.changed:
        with st.container(border=True, gap="xsmall"):
            _title(item, view)
            before, now = st.columns(2)
            before.markdown(f":small[:gray[Then]]  \n:gray[{plain(item.before or '')}]", anchors=False)
            now.markdown(f":small[:gray[Now]]  \n{plain(item.now)}", anchors=False)


def _title(item: ReliedOn, view: ReviewView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{plain(item.place.title)}**", width="content", anchors=False)
        findings.jump(item.place, project=view.project.key, key="changed")


def _relied_on(view: ReviewView) -> None:
    """Every answer the signature covers, by the sections of the guide; what is open is said in one line."""
    answered = [item for item in view.relied_on if not item.is_open]
    st.header("What you rely on", anchor=False)
    what = f"{counted(len(view.relied_on), 'answer')} and {counted(len(view.evidence), 'document')}"
    st.caption(f"Your signature covers {what}, nothing else: when one of them changes, it becomes stale.")
    for title, items in _sections(answered):
        with st.container(border=True, gap="small"):
            st.markdown(f":small[:gray[{plain(title)}]]", anchors=False)
            for item in items:
                st.markdown(f":small[:gray[{plain(item.place.title)}]]  \n{plain(item.now)}", anchors=False)
    still_open = [item.place.title for item in view.relied_on if item.is_open]
    if still_open:
        st.markdown(
            f":orange[:material/radio_button_unchecked:] **Not answered yet:** {plain('; '.join(still_open))}",
            anchors=False,
        )


def _sections(items: Sequence[ReliedOn]) -> list[tuple[str, list[ReliedOn]]]:
    """Answers under the stage and section of their question, in the order of the guide."""
    guide = cache.guide()
    found: dict[str, list[ReliedOn]] = {}
    for item in items:
        field = guide.field(item.place.field_id)
        sheet = guide.worksheet(field.stage) if field.stage else guide.source_worksheet
        section = next(each.title for each in sheet.sections if each.id == field.section)
        stage = field.stage.title if field.stage else "Data source"
        found.setdefault(f"{stage} · {section}", []).append(item)
    return list(found.items())


# ------------------------------------------------------------------ beside it


def _around(view: ReviewView) -> None:
    failing = [item for item in view.findings if item.result is CheckResult.FAILS]
    st.header("What the checks say about it", anchor=False)
    if failing:
        findings.show(failing, project=view.project, most=5)
    else:
        st.caption("No check that reads these answers fails.")
    unclear = sum(item.result is CheckResult.CANNOT_TELL for item in view.findings)
    if unclear:
        st.caption(f"{counted(unclear, 'check')} cannot tell yet: answers are missing.")
    today = identity.now().date()
    if view.conditions:
        st.header("Conditions", anchor=False)
        conditions.show(view.conditions, today=today, may_meet=False, may_drop=False)
    if view.signatures:
        st.header("Decided so far", anchor=False)
        for record in reversed(view.signatures):
            signatures.signature(record)
