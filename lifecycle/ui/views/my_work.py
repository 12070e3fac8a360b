"""My work: what waits for this person, most urgent first, and the projects they work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from lifecycle.actions import gates as gate_actions
from lifecycle.language import counted, mark, say
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
        return say("{iss} due to be looked at again.", iss=counted(reviews_due, "product is", "products are"))
    if not view.waits:
        return say("Nothing waits for you.")
    overdue = sum(
        item.is_overdue for items in (view.reviews, view.conditions, view.questions) for item in items
    )
    said = say("{waitss} for you", waitss=counted(view.waits, "thing waits", "things wait"))
    return say("{said}, {overdue} of them overdue.", said=said, overdue=overdue) if overdue else f"{said}."


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
            action="Register a project",
            to="new-project",
        )
        return
    if reads_everything and navigation.exists("portfolio"):
        empty_state(
            say("Nothing is yours to do"),
            say("You have no role on a project. The portfolio shows all of them."),
            icon="grid_view",
            action="Open the portfolio",
            to="portfolio",
        )
        return
    empty_state(
        say("Nothing waits for you yet"),
        say(
            "Register a project if you manage one. If you review, requests appear here as soon as somebody asks you."
        ),
        icon="inbox",
        action="Register a project",
        to="new-project",
    )


# ------------------------------------------------------------------ reviews


def _reviews(view: MyWork) -> None:
    if not view.reviews:
        return
    st.header(say("Waits for your decision · {reviews_count}", reviews_count=len(view.reviews)), anchor=False)
    for item in view.reviews:
        _row(
            say(
                "**{project_name}**  \n:small[{asked}]",
                project_name=plain(item.project_name),
                asked=plain(_asked(item)),
            ),
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
        said = say(
            "For {stands_in_for}: {said}{said_2}",
            stands_in_for=item.stands_in_for,
            said=said[0].lower(),
            said_2=said[1:],
        )
    if not item.message:
        return say("{said}, asked by {requested_by}", said=said, requested_by=item.requested_by)
    message = one_line(item.message, 100)
    # What the product itself says begins with what it names, quoted.
    return f"{said}: {message}" if message.startswith("“") else f"{said}: “{message}”"


def _due(item: WaitingReview, view: MyWork) -> str:
    waits = f"waits {counted(item.days_waiting, 'day')}" if item.days_waiting else say("since today")
    if item.due_on is None:
        return say(":violet[:material/hourglass_top: {waits}]", waits=waits)
    colour, icon = ("red", "alarm") if item.is_overdue else ("violet", "hourglass_top")
    return say(
        ":{colour}[:material/{icon}: {until}] :gray[· {waits}]",
        colour=colour,
        icon=icon,
        until=until(item.due_on, view.today),
        waits=waits,
    )


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
        say("Your decisions that have become stale · {stale_count}", stale_count=len(view.stale)),
        anchor=False,
    )
    for item in view.stale:
        _row(
            say(
                "**{project_name}**  \n:small[{changed}]",
                project_name=plain(item.project_name),
                changed=plain(_changed(item)),
            ),
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
    return (
        say("{where} And {changes}.", where=where, changes=counted(more, "more change"))
        if more > 0
        else where
    )


# ------------------------------------------------------------------ questions and answers


def _asked_about(view: MyWork) -> None:
    """Questions on a field in which it is this person's turn."""
    if not view.threads:
        return
    st.header(
        say("Questions that wait for your answer · {threads_count}", threads_count=len(view.threads)),
        anchor=False,
    )
    for item in view.threads:
        field = cache.guide().fields.get(item.field_id)
        key = f"{item.field_id}@{item.source_id}" if item.source_id else item.field_id
        title, stage = (f"{field.title} ({field.id})", field.stage) if field else (item.field_id, None)
        title += f" of {item.source_name}" if item.source_name else ""
        said = f"{item.project_name} · {item.who}: “{one_line(item.said, 160)}”"
        _row(
            say("**{title}**  \n:small[{said}]", title=plain(title), said=plain(said)),
            say(":violet[:material/forum: {ago}]", ago=ago(item.since, identity.now())),
            say("Answer"),
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
    st.header(
        say("Reviewers ask for a change · {changes_count}", changes_count=len(view.changes)), anchor=False
    )
    for item in view.changes:
        change = item.change
        where = say(
            "{project_name} · {role} at the {gate} gate",
            project_name=item.project_name,
            role=change.role.title,
            gate=change.gate.title,
        )
        said = f": “{one_line(change.comment, 120)}”" if change.comment else ""
        _row(
            say(
                "**{place}**  \n:small[{where}{said}]",
                place=plain(change.place.title),
                where=plain(where),
                said=plain(said),
            ),
            say(":red[:material/edit_note: change asked for]"),
            say("Change or answer it"),
            f"change:{change.sign_off_id}:{change.place.key}",
            partial(to_place, change.place, item.project_key),
        )


def _due_again(view: MyWork) -> None:
    if not view.due:
        return
    st.header(say("Your approvals that end soon · {due_count}", due_count=len(view.due)), anchor=False)
    for item in view.due:
        said = say(
            "{role} at {gate}: due for re-approval on {due_on}",
            role=item.role.title,
            gate=item.gate.title,
            due_on=item.due_on.isoformat(),
        )
        _row(
            say(
                "**{project_name}**  \n:small[{said}]",
                project_name=plain(item.project_name),
                said=plain(said),
            ),
            say(":orange[:material/event_repeat: {until}]", until=until(item.due_on, view.today)),
            say("Read and affirm"),
            f"due:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _operate_reviews(due: Sequence[DueReview]) -> None:
    """Live products that are to be looked at again: now, or within a month."""
    if not due:
        return
    today = identity.now().date()
    st.header(say("Products to look at again · {due_count}", due_count=len(due)), anchor=False)
    for item in due:
        said = " ".join(item.because) or say(
            "The next review is due on {due_on}.", due_on=item.due_on.isoformat()
        )
        when = "now" if item.because else until(item.due_on, today)
        colour = "orange" if item.because else "gray"
        _row(
            say(
                "**{project_name}**  \n:small[{said}]",
                project_name=plain(item.project_name),
                said=plain(said),
            ),
            f":{colour}[:material/event_repeat: {when}]",
            say("Open the review"),
            f"operate:{item.project_key}",
            partial(navigation.go, "operation", project=item.project_key),
        )


def _sent_back(view: MyWork) -> None:
    if not view.sent_back:
        return
    st.header(say("Sent back to you · {sent_back_count}", sent_back_count=len(view.sent_back)), anchor=False)
    for item in view.sent_back:
        _row(
            say(
                "**{project_name}**  \n:small[{asked_for}]",
                project_name=plain(item.project_name),
                asked_for=plain(_asked_for(item)),
            ),
            standing.DECISIONS[item.decision].text,
            say("Read what to change"),
            f"sent_back:{item.sign_off_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _signed_for(view: MyWork) -> None:
    """For information: whoever was away learns what was decided in their place."""
    if not view.signed_for:
        return
    st.header(
        say("Signed in your place · {signed_for_count}", signed_for_count=len(view.signed_for)), anchor=False
    )
    for item in view.signed_for:
        said = say(
            "{who} for you: {decision} as {role} at {gate}",
            who=item.who,
            decision=item.decision.title.lower(),
            role=item.role.title,
            gate=item.gate.title,
        )
        _row(
            say(
                "**{project_name}**  \n:small[{said}]",
                project_name=plain(item.project_name),
                said=plain(said),
            ),
            f":gray[{item.at:%Y-%m-%d}]",
            say("Read it"),
            f"for:{item.review_id}",
            partial(navigation.go, "review", review=item.review_id),
        )


def _asked_for(item: SentBack) -> str:
    who = say(
        "{by_name} as {role} at the {gate} gate",
        by_name=item.by_name,
        role=item.role.title,
        gate=item.gate.title,
    )
    said = f"{who}: “{one_line(item.comment, 140)}”" if item.comment else f"{who}."
    if not item.places:
        return said
    named = ", ".join(place.short_title for place in item.places[:3])
    more = len(item.places) - 3
    return say(
        "{said} About {named}{part}.",
        said=said,
        named=named,
        part=say(" and {more} more", more=more) if more > 0 else "",
    )


# ------------------------------------------------------------------ owed


def _owed(view: MyWork) -> None:
    if not (view.conditions or view.questions):
        return
    st.header(
        say("You owe · {conditions_count}", conditions_count=len(view.conditions) + len(view.questions)),
        anchor=False,
    )
    for condition in view.conditions:
        _condition(condition, view)
    for question in view.questions:
        _question(question, view)


def _day(on: object, is_overdue: bool, words: str) -> str:
    colour, icon = ("red", "alarm") if is_overdue else ("orange", "event")
    return say(":{colour}[:material/{icon}: {words}]", colour=colour, icon=icon, words=words) if on else ""


def _condition(item: OwnedCondition, view: MyWork) -> None:
    where = say(
        "Condition of the {gate} gate of {project_name}", gate=item.gate.title, project_name=item.project_name
    )
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
            "Find out: {place}  \n:small[:gray[{project_name}]]",
            place=plain(item.place.title),
            project_name=plain(item.project_name),
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
    st.header(say("Your projects · {projects_count}", projects_count=len(view.projects)), anchor=False)
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
        say(
            "**{line}** {badge} :small[:gray[{part}]]  \n:small[{said}]",
            line=plain(line.name),
            badge=mark.badge,
            part=plain(f"{stage} · {roles}"),
            said=plain(said),
        ),
        note,
        say("Open"),
        f"project:{line.key}",
        lambda: navigation.go("project", project=line.key),
    )
