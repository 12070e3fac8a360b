"""My work: what waits for this person, most urgent first, and the projects they work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from lifecycle.actions import gates as gate_actions
from lifecycle.queries import my_work as queries
from lifecycle.queries import operation, projects
from lifecycle.queries.my_work import (
    MyWork,
    OwnedCondition,
    OwnedQuestion,
    ProjectLine,
    SentBack,
    StaleSignOff,
    WaitingReview,
)
from lifecycle.queries.operation import DueReview
from lifecycle.queries.wording import Place
from lifecycle.ui import cache, identity, navigation, standing
from lifecycle.ui.components import ago, counted, empty_state, one_line, page_header, plain, until
from lifecycle.ui.perform import perform
from lifecycle.ui.views import discussion
from lifecycle.ui.views.findings import to_place
from lifecycle.vocabulary import Act, ProjectStatus

_ASKED = {Act.APPROVE: "Approve", Act.ACKNOWLEDGE: "Acknowledge", Act.CONSULT: "Give your opinion"}


def show() -> None:
    """The whole page."""
    person = identity.signed_in()
    view = cache.read_with_guide(queries.my_work, by=identity.actor(), at=identity.this_hour())
    due = cache.read_with_guide(operation.due_reviews, by=identity.actor(), at=identity.this_hour())
    page_header("My work", about=_sentence(view, sum(bool(each.because) for each in due)))
    if view.is_empty:
        _nothing_yet(person is not None and identity.reads_everything(person))
        return
    _reviews(view)
    _stale(view)
    _changes(view)
    _sent_back(view)
    _asked_about(view)
    _due_again(view)
    _operate_reviews(due)
    _owed(view)
    _signed_for(view)
    _projects(view)


def _sentence(view: MyWork, reviews_due: int) -> str:
    """What today looks like, in one line."""
    if not view.waits and reviews_due:
        return f"{counted(reviews_due, 'product is', 'products are')} due to be looked at again."
    if not view.waits:
        return "Nothing waits for you."
    overdue = sum(
        item.is_overdue for items in (view.reviews, view.conditions, view.questions) for item in items
    )
    said = f"{counted(view.waits, 'thing waits', 'things wait')} for you"
    return f"{said}, {overdue} of them overdue." if overdue else f"{said}."


def _nothing_yet(reads_everything: bool) -> None:
    if not cache.read(projects.are_there_any):
        empty_state(
            "No project yet",
            "Register the first one: a name is enough. Reviewers are invited under People, and a register that "
            "you keep already comes in under Import."
            if reads_everything
            else "Register the first one: a name is enough.",
            icon="add_circle",
            action="Register a project",
            to="new-project",
        )
        return
    if reads_everything and navigation.exists("portfolio"):
        empty_state(
            "Nothing is yours to do",
            "You have no role on a project. The portfolio shows all of them.",
            icon="grid_view",
            action="Open the portfolio",
            to="portfolio",
        )
        return
    empty_state(
        "Nothing waits for you yet",
        "Register a project if you manage one. If you review, requests appear here as soon as somebody asks you.",
        icon="inbox",
        action="Register a project",
        to="new-project",
    )


# ------------------------------------------------------------------ reviews


def _reviews(view: MyWork) -> None:
    if not view.reviews:
        return
    st.header(f"Waits for your decision · {len(view.reviews)}", anchor=False)
    for item in view.reviews:
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(_asked(item))}]",
            _due(item, view),
            "Read and decide",
            f"review:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _asked(item: WaitingReview) -> str:
    said = f"{_ASKED[item.act]} as {item.role.title} at the {item.gate.title} gate"
    if item.stands_in_for:
        said = f"For {item.stands_in_for}: {said[0].lower()}{said[1:]}"
    if not item.message:
        return f"{said}, asked by {item.requested_by}"
    message = one_line(item.message, 100)
    # What the product itself says begins with what it names, quoted.
    return f"{said}: {message}" if message.startswith("“") else f"{said}: “{message}”"


def _due(item: WaitingReview, view: MyWork) -> str:
    waits = f"waits {counted(item.days_waiting, 'day')}" if item.days_waiting else "since today"
    if item.due_on is None:
        return f":violet[:material/hourglass_top: {waits}]"
    colour, icon = ("red", "alarm") if item.is_overdue else ("violet", "hourglass_top")
    return f":{colour}[:material/{icon}: {until(item.due_on, view.today)}] :gray[· {waits}]"


def _row(text: str, note: str, button: str, key: str, press: Callable[[], object]) -> None:
    """One line of work: what it is, how urgent it is, and the one thing to do about it."""
    with _line(text, note):
        if st.button(button, key=f"do:{key}", icon=":material/arrow_forward:"):
            press()


@contextmanager
def _line(text: str, note: str) -> Iterator[None]:
    """A bordered line: text at the left; note and whatever the block draws at the right, or below on a phone."""
    with st.container(border=True):
        left, right = st.columns([5, 3], vertical_alignment="center")
        left.markdown(text, anchors=False)
        with (
            right,
            st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small"
            ),
        ):
            if note:
                st.markdown(f":small[{note}]", width="content", anchors=False)
            yield


# ------------------------------------------------------------------ stale decisions


def _stale(view: MyWork) -> None:
    if not view.stale:
        return
    st.header(f"Your decisions that have become stale · {len(view.stale)}", anchor=False)
    for item in view.stale:
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(_changed(item))}]",
            standing.STALE.text,
            "Read the difference",
            f"stale:{item.sign_off_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _changed(item: StaleSignOff) -> str:
    more = len(item.reasons) - 1
    said = item.reasons[0] if item.reasons else "What it rested on has changed."
    where = f"{item.decision.title} as {item.role.title} at {item.gate.title}. {said}"
    return f"{where} And {counted(more, 'more change')}." if more > 0 else where


# ------------------------------------------------------------------ questions and answers


def _asked_about(view: MyWork) -> None:
    """Questions on a field in which it is this person's turn."""
    if not view.threads:
        return
    st.header(f"Questions that wait for your answer · {len(view.threads)}", anchor=False)
    for item in view.threads:
        field = cache.guide().fields.get(item.field_id)
        key = f"{item.field_id}@{item.source_id}" if item.source_id else item.field_id
        title, stage = (f"{field.title} ({field.id})", field.stage) if field else (item.field_id, None)
        title += f" of {item.source_name}" if item.source_name else ""
        said = f"{item.project_name} · {item.who}: “{one_line(item.said, 160)}”"
        _row(
            f"**{plain(title)}**  \n:small[{plain(said)}]",
            f":violet[:material/forum: {ago(item.since, identity.now())}]",
            "Answer",
            f"thread:{item.thread_id}",
            partial(
                discussion.answer_at,
                Place(key, item.field_id, item.source_id, title, stage),
                item.project_id,
                item.project_key,
            ),
        )


# ------------------------------------------------------------------ requested changes


def _changes(view: MyWork) -> None:
    if not view.changes:
        return
    st.header(f"Reviewers ask for a change · {len(view.changes)}", anchor=False)
    for item in view.changes:
        change = item.change
        where = f"{item.project_name} · {change.role.title} at the {change.gate.title} gate"
        said = f": “{one_line(change.comment, 120)}”" if change.comment else ""
        _row(
            f"**{plain(change.place.title)}**  \n:small[{plain(where)}{plain(said)}]",
            ":red[:material/edit_note: change asked for]",
            "Change or answer it",
            f"change:{change.sign_off_id}:{change.place.key}",
            partial(to_place, change.place, item.project_key),
        )


def _due_again(view: MyWork) -> None:
    if not view.due:
        return
    st.header(f"Your approvals that end soon · {len(view.due)}", anchor=False)
    for item in view.due:
        said = f"{item.role.title} at {item.gate.title}: due for re-approval on {item.due_on.isoformat()}"
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(said)}]",
            f":orange[:material/event_repeat: {until(item.due_on, view.today)}]",
            "Read and affirm",
            f"due:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _operate_reviews(due: Sequence[DueReview]) -> None:
    """Live products that are to be looked at again: now, or within a month."""
    if not due:
        return
    today = identity.now().date()
    st.header(f"Products to look at again · {len(due)}", anchor=False)
    for item in due:
        said = " ".join(item.because) or f"The next review is due on {item.due_on.isoformat()}."
        when = "now" if item.because else until(item.due_on, today)
        colour = "orange" if item.because else "gray"
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(said)}]",
            f":{colour}[:material/event_repeat: {when}]",
            "Open the review",
            f"operate:{item.project_key}",
            partial(navigation.go, "operation", project=item.project_key),
        )


def _sent_back(view: MyWork) -> None:
    if not view.sent_back:
        return
    st.header(f"Sent back to you · {len(view.sent_back)}", anchor=False)
    for item in view.sent_back:
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(_asked_for(item))}]",
            standing.DECISIONS[item.decision].text,
            "Read what to change",
            f"sent_back:{item.sign_off_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _signed_for(view: MyWork) -> None:
    """For information: whoever was away learns what was decided in their place."""
    if not view.signed_for:
        return
    st.header(f"Signed in your place · {len(view.signed_for)}", anchor=False)
    for item in view.signed_for:
        said = f"{item.who} for you: {item.decision.title.lower()} as {item.role.title} at {item.gate.title}"
        _row(
            f"**{plain(item.project_name)}**  \n:small[{plain(said)}]",
            f":gray[{item.at:%Y-%m-%d}]",
            "Read it",
            f"for:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _asked_for(item: SentBack) -> str:
    who = f"{item.by_name} as {item.role.title} at the {item.gate.title} gate"
    said = f"{who}: “{one_line(item.comment, 140)}”" if item.comment else f"{who}."
    if not item.places:
        return said
    named = ", ".join(place.short_title for place in item.places[:3])
    more = len(item.places) - 3
    return f"{said} About {named}{f' and {more} more' if more > 0 else ''}."


# ------------------------------------------------------------------ owed


def _owed(view: MyWork) -> None:
    if not (view.conditions or view.questions):
        return
    st.header(f"You owe · {len(view.conditions) + len(view.questions)}", anchor=False)
    for condition in view.conditions:
        _condition(condition, view)
    for question in view.questions:
        _question(question, view)


def _day(on: object, is_overdue: bool, words: str) -> str:
    colour, icon = ("red", "alarm") if is_overdue else ("orange", "event")
    return f":{colour}[:material/{icon}: {words}]" if on else ""


def _condition(item: OwnedCondition, view: MyWork) -> None:
    where = f"Condition of the {item.gate.title} gate of {item.project_name}"
    note = _day(item.due_on, item.is_overdue, until(item.due_on, view.today))
    with _line(f"{plain(item.text)}  \n:small[:gray[{plain(where)}]]", note):
        key = f"met:{item.condition_id}"
        with st.popover("Met", icon=":material/check:"), st.form(key, border=False):
            proof = st.text_area("What shows that it is met", key=f"{key}:proof")
            if st.form_submit_button("Record that it is met", type="primary"):
                perform(
                    gate_actions.meet_condition,
                    done="The condition is met.",
                    condition_id=item.condition_id,
                    proof=proof,
                )


def _question(item: OwnedQuestion, view: MyWork) -> None:
    words = until(item.due_on, view.today) if item.due_on else ""
    _row(
        f"Find out: {plain(item.place.title)}  \n:small[:gray[{plain(item.project_name)}]]",
        _day(item.due_on, item.is_overdue, words),
        "Answer it",
        f"question:{item.project_key}:{item.place.key}",
        lambda: to_place(item.place, item.project_key),
    )


# ------------------------------------------------------------------ projects


def _projects(view: MyWork) -> None:
    if not view.projects:
        return
    st.header(f"Your projects · {len(view.projects)}", anchor=False)
    for line in view.projects:
        _project(line, view)


def _project(line: ProjectLine, view: MyWork) -> None:
    has_ended = line.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED)
    if has_ended:
        mark = standing.STATUSES[line.status]
    else:
        mark = standing.LEVELS[line.level] if line.level else standing.NOT_ASSESSED
    stage = line.gate.title if line.gate else line.stage.title if line.stage else "Not placed yet"
    roles = ", ".join(role.title for role in line.roles)
    at_ease = "It has ended; its record stays." if has_ended else "Nothing stands in the way."
    said = one_line(line.top_blocker, 140) or at_ease
    note = ""
    if line.next_on:
        colour = "red" if line.next_on < view.today else "gray"
        words = f"{one_line(line.next_what, 40)} {until(line.next_on, view.today)}"
        note = f":{colour}[:material/event: {plain(words)}]"
    _row(
        f"**{plain(line.name)}** {mark.badge} :small[:gray[{plain(f'{stage} · {roles}')}]]  \n"
        f":small[{plain(said)}]",
        note,
        "Open",
        f"project:{line.key}",
        lambda: navigation.go("project", project=line.key),
    )
