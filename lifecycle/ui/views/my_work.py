"""My work: what waits for this person, most urgent first, and the projects they work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from lifecycle.actions import gates as gate_actions
from lifecycle.language import mark, say, say_as, say_count
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
from lifecycle.ui.components import ago, empty_state, one_line, page_header, plain, until
from lifecycle.ui.perform import perform
from lifecycle.ui.views import discussion
from lifecycle.ui.views.findings import to_place
from lifecycle.vocabulary import Act, ProjectStatus

_ASKED = {
    Act.APPROVE: mark("Approve"),
    Act.ACKNOWLEDGE: mark("Acknowledge"),
    Act.CONSULT: mark("Give your opinion"),
}


def show() -> None:
    """The whole page."""
    person = identity.signed_in()
    view = cache.read_with_guide(queries.my_work, by=identity.actor(), at=identity.this_hour())
    due = cache.read_with_guide(operation.due_reviews, by=identity.actor(), at=identity.this_hour())
    page_header(say("My work"), about=_sentence(view, sum(bool(each.because) for each in due)))
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
        return say_count(
            "{number:,} product is due to be looked at again.",
            "{number:,} products are due to be looked at again.",
            reviews_due,
        )
    if not view.waits:
        return say("Nothing waits for you.")
    overdue = sum(
        item.is_overdue for items in (view.reviews, view.conditions, view.questions) for item in items
    )
    if not overdue:
        return say_count("{number:,} thing waits for you.", "{number:,} things wait for you.", view.waits)
    return say_count(
        "{number:,} thing waits for you, {overdue} of them overdue.",
        "{number:,} things wait for you, {overdue} of them overdue.",
        view.waits,
        overdue=overdue,
    )


def _nothing_yet(reads_everything: bool) -> None:
    if not cache.read(projects.are_there_any):
        empty_state(
            say("No project yet"),
            say(
                "Register the first one: a name is enough. Reviewers are invited under People, and a register that "
                "you keep already comes in under Import."
            )
            if reads_everything
            else say("Register the first one: a name is enough."),
            icon="add_circle",
            action=say("Register a project"),
            to="new-project",
        )
        return
    if reads_everything and navigation.exists("portfolio"):
        empty_state(
            say("Nothing is yours to do"),
            say("You have no role on a project. The portfolio shows all of them."),
            icon="grid_view",
            action=say("Open the portfolio"),
            to="portfolio",
        )
        return
    empty_state(
        say("Nothing waits for you yet"),
        say(
            "Register a project if you manage one. If you review, requests appear here as soon as somebody asks you."
        ),
        icon="inbox",
        action=say("Register a project"),
        to="new-project",
    )


# ------------------------------------------------------------------ reviews


def _reviews(view: MyWork) -> None:
    if not view.reviews:
        return
    st.header(say("Waits for your decision · {number}", number=len(view.reviews)), anchor=False)
    for item in view.reviews:
        _row(
            _titled(item.project_name, _asked(item)),
            _due(item, view),
            say("Read and decide"),
            f"review:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _asked(item: WaitingReview) -> str:
    said = say(
        "{asked} as {role} at the {gate} gate",
        asked=_ASKED[item.act],
        role=item.role.title,
        gate=item.gate.title,
    )
    if item.stands_in_for:
        said = say("For {who}: {asked}", who=item.stands_in_for, asked=f"{said[0].lower()}{said[1:]}")
    if not item.message:
        return say("{said}, asked by {who}", said=said, who=item.requested_by)
    message = one_line(item.message, 100)
    # What the product itself says begins with what it names, quoted.
    if message.startswith("“"):
        return say("{said}: {message}", said=said, message=message)
    return say("{said}: “{message}”", said=said, message=message)


def _due(item: WaitingReview, view: MyWork) -> str:
    days = item.days_waiting
    waits = say_count("waits {number:,} day", "waits {number:,} days", days) if days else say("since today")
    if item.due_on is None:
        return f":violet[:material/hourglass_top: {waits}]"
    colour, icon = ("red", "alarm") if item.is_overdue else ("violet", "hourglass_top")
    return f":{colour}[:material/{icon}: {until(item.due_on, view.today)}] :gray[· {waits}]"


def _titled(title: str, said: str) -> str:
    return f"**{plain(title)}**  \n:small[{plain(said)}]"


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
    st.header(
        say("Your decisions that have become stale · {number}", number=len(view.stale)),
        anchor=False,
    )
    for item in view.stale:
        _row(
            _titled(item.project_name, _changed(item)),
            standing.STALE.text,
            say("Read the difference"),
            f"stale:{item.sign_off_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _changed(item: StaleSignOff) -> str:
    more = len(item.reasons) - 1
    said = item.reasons[0] if item.reasons else say("What it rested on has changed.")
    where = say(
        "{decision} as {role} at {gate}. {said}",
        decision=item.decision.title,
        role=item.role.title,
        gate=item.gate.title,
        said=said,
    )
    if more <= 0:
        return where
    return say_count(
        "{where} And {number:,} more change.", "{where} And {number:,} more changes.", more, where=where
    )


# ------------------------------------------------------------------ questions and answers


def _asked_about(view: MyWork) -> None:
    """Questions on a field in which it is this person's turn."""
    if not view.threads:
        return
    st.header(
        say("Questions that wait for your answer · {number}", number=len(view.threads)),
        anchor=False,
    )
    for item in view.threads:
        field = cache.guide().fields.get(item.field_id)
        key = f"{item.field_id}@{item.source_id}" if item.source_id else item.field_id
        title, stage = (f"{field.title} ({field.id})", field.stage) if field else (item.field_id, None)
        if item.source_name:
            title = say("{title} of {source}", title=title, source=item.source_name)
        said = say(
            "{project} · {who}: “{said}”",
            project=item.project_name,
            who=item.who,
            said=one_line(item.said, 160),
        )
        _row(
            _titled(title, said),
            f":violet[:material/forum: {ago(item.since, identity.now())}]",
            say_as("Answer", "verb"),
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
    st.header(say("Reviewers ask for a change · {number}", number=len(view.changes)), anchor=False)
    for item in view.changes:
        change = item.change
        where = say(
            "{project} · {role} at the {gate} gate",
            project=item.project_name,
            role=change.role.title,
            gate=change.gate.title,
        )
        if change.comment:
            where = say("{said}: “{message}”", said=where, message=one_line(change.comment, 120))
        _row(
            _titled(change.place.title, where),
            say(":red[:material/edit_note: change asked for]"),
            say("Change or answer it"),
            f"change:{change.sign_off_id}:{change.place.key}",
            partial(to_place, change.place, item.project_key),
        )


def _due_again(view: MyWork) -> None:
    if not view.due:
        return
    st.header(say("Your approvals that end soon · {number}", number=len(view.due)), anchor=False)
    for item in view.due:
        said = say(
            "{role} at {gate}: due for re-approval on {day}",
            role=item.role.title,
            gate=item.gate.title,
            day=item.due_on.isoformat(),
        )
        _row(
            _titled(item.project_name, said),
            f":orange[:material/event_repeat: {until(item.due_on, view.today)}]",
            say("Read and affirm"),
            f"due:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _operate_reviews(due: Sequence[DueReview]) -> None:
    """Live products that are to be looked at again: now, or within a month."""
    if not due:
        return
    today = identity.now().date()
    st.header(say("Products to look at again · {number}", number=len(due)), anchor=False)
    for item in due:
        said = " ".join(item.because) or say("The next review is due on {day}.", day=item.due_on.isoformat())
        when = say("now") if item.because else until(item.due_on, today)
        colour = "orange" if item.because else "gray"
        _row(
            _titled(item.project_name, said),
            f":{colour}[:material/event_repeat: {when}]",
            say("Open the review"),
            f"operate:{item.project_key}",
            partial(navigation.go, "operation", project=item.project_key),
        )


def _sent_back(view: MyWork) -> None:
    if not view.sent_back:
        return
    st.header(say("Sent back to you · {number}", number=len(view.sent_back)), anchor=False)
    for item in view.sent_back:
        _row(
            _titled(item.project_name, _asked_for(item)),
            standing.DECISIONS[item.decision].text,
            say("Read what to change"),
            f"sent_back:{item.sign_off_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _signed_for(view: MyWork) -> None:
    """For information: whoever was away learns what was decided in their place."""
    if not view.signed_for:
        return
    st.header(say("Signed in your place · {number}", number=len(view.signed_for)), anchor=False)
    for item in view.signed_for:
        said = say(
            "{who} for you: {decision} as {role} at {gate}",
            who=item.who,
            decision=item.decision.title.lower(),
            role=item.role.title,
            gate=item.gate.title,
        )
        _row(
            _titled(item.project_name, said),
            f":gray[{item.at:%Y-%m-%d}]",
            say("Read it"),
            f"for:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _asked_for(item: SentBack) -> str:
    who = say(
        "{who} as {role} at the {gate} gate",
        who=item.by_name,
        role=item.role.title,
        gate=item.gate.title,
    )
    said = f"{who}."
    if item.comment:
        said = say("{said}: “{message}”", said=who, message=one_line(item.comment, 140))
    if not item.places:
        return said
    named = ", ".join(place.short_title for place in item.places[:3])
    more = len(item.places) - 3
    if more > 0:
        return say("{said} About {named} and {more} more.", said=said, named=named, more=more)
    return say("{said} About {named}.", said=said, named=named)


# ------------------------------------------------------------------ owed


def _owed(view: MyWork) -> None:
    if not (view.conditions or view.questions):
        return
    st.header(
        say("You owe · {number}", number=len(view.conditions) + len(view.questions)),
        anchor=False,
    )
    for condition in view.conditions:
        _condition(condition, view)
    for question in view.questions:
        _question(question, view)


def _day(on: object, is_overdue: bool, words: str) -> str:
    colour, icon = ("red", "alarm") if is_overdue else ("orange", "event")
    return f":{colour}[:material/{icon}: {words}]" if on else ""


def _condition(item: OwnedCondition, view: MyWork) -> None:
    where = say("Condition of the {gate} gate of {project}", gate=item.gate.title, project=item.project_name)
    note = _day(item.due_on, item.is_overdue, until(item.due_on, view.today))
    with _line(f"{plain(item.text)}  \n:small[:gray[{plain(where)}]]", note):
        key = f"met:{item.condition_id}"
        with st.popover(say("Met"), icon=":material/check:"), st.form(key, border=False):
            proof = st.text_area(say("What shows that it is met"), key=f"{key}:proof")
            if st.form_submit_button(say("Record that it is met"), type="primary"):
                perform(
                    gate_actions.meet_condition,
                    done=say("The condition is met."),
                    condition_id=item.condition_id,
                    proof=proof,
                )


def _question(item: OwnedQuestion, view: MyWork) -> None:
    words = until(item.due_on, view.today) if item.due_on else ""
    _row(
        say(
            "Find out: {question}  \n:small[:gray[{project}]]",
            question=plain(item.place.title),
            project=plain(item.project_name),
        ),
        _day(item.due_on, item.is_overdue, words),
        say("Answer it"),
        f"question:{item.project_key}:{item.place.key}",
        lambda: to_place(item.place, item.project_key),
    )


# ------------------------------------------------------------------ projects


def _projects(view: MyWork) -> None:
    if not view.projects:
        return
    st.header(say("Your projects · {number}", number=len(view.projects)), anchor=False)
    for line in view.projects:
        _project(line, view)


def _project(line: ProjectLine, view: MyWork) -> None:
    has_ended = line.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED)
    if has_ended:
        mark = standing.STATUSES[line.status]
    else:
        mark = standing.LEVELS[line.level] if line.level else standing.NOT_ASSESSED
    stage = line.gate.title if line.gate else line.stage.title if line.stage else say("Not placed yet")
    roles = ", ".join(role.title for role in line.roles)
    at_ease = say("It has ended; its record stays.") if has_ended else say("Nothing stands in the way.")
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
        say_as("Open", "verb"),
        f"project:{line.key}",
        lambda: navigation.go("project", project=line.key),
    )
