"""Operation: the next look at a live product, who can use it, what changes around it, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from lifecycle.actions import operation as actions
from lifecycle.actions import surroundings
from lifecycle.errors import Invalid
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import operation as queries
from lifecycle.queries.operation import OperationView, PastReview, RetirementView
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.operation import Enablement, Finding, Reached, Reads, ReviewCycle, Verdict
from lifecycle.rules.surroundings import ChangeEntry, DayAhead
from lifecycle.ui import cache, identity, navigation, standing
from lifecycle.ui.components import (
    day,
    definitions,
    exact,
    one_line,
    page_header,
    plain,
    refusal,
    until,
)
from lifecycle.ui.emptying_form import EmptyingForm
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import imported
from lifecycle.vocabulary import Blocker, Gate, ProjectStatus, Stage, plain_number

READS = {
    Reads.GOOD: Mark(mark("As planned"), "green", "check_circle"),
    Reads.BAD: Mark(mark("Look at this"), "orange", "warning"),
    Reads.PLAIN: Mark(mark("For your judgement"), "gray", "info"),
    Reads.UNKNOWN: Mark(mark("Not known"), "gray", "help"),
}
_VERDICTS = {
    Verdict.RE_APPROVE: mark("Re-approve: it goes on as it is"),
    Verdict.RESTRICT: mark("Restrict: it goes on within narrower limits"),
    Verdict.RECYCLE: mark("Send it back to an earlier stage"),
}
_MOST_REASONS = 6
_LATEST = date(2200, 1, 1)  # some records are kept for a lifetime; the widget alone would end in ten years


def show(project: ProjectHead) -> None:
    """The whole page."""
    if not project.is_adopted:
        imported.not_yet(project, say("Operation"))
        return
    view = cache.read_with_guide(
        queries.view,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=project.key,
    )
    mark = standing.RETIRED if project.status is ProjectStatus.RETIRED else None
    page_header(say("Operation"), about=project.name, mark=mark, actions=lambda: _ways(view))
    if view.retirement:
        _retired(view.retirement)
    _review(view)
    _people(view.enablement)
    _changes(view)
    if view.retirement is None:
        _days(view)
        _ending(view)


def _ways(view: OperationView) -> None:
    if st.button(say("Operate gate"), icon=":material/approval:", key="operation:gate"):
        navigation.go("gate", project=view.project.key, gate=Gate.OPERATE.value)


# ------------------------------------------------------------------ the Operate review


def _review(view: OperationView) -> None:
    st.header(say("Operate review"), anchor=False)
    cycle = view.cycle
    if cycle is None:
        st.markdown(plain(_not_live(view.project.status)), anchors=False)
        _past(view.past)
        return
    colour, icon = ("orange", "event_repeat") if cycle.is_due else ("gray", "event")
    st.markdown(f":{colour}[:material/{icon}:] {plain(_cycle_words(cycle, view.today))}", anchors=False)
    for text in cycle.because:
        st.markdown(f":small[:material/chevron_right: {plain(text)}]", anchors=False)
    if cycle.restricted_to:
        st.markdown(
            say(
                ":orange[:material/rule:] Restricted since: {restricted_to}",
                restricted_to=plain(cycle.restricted_to),
            ),
            anchors=False,
        )
    _evidence(view.findings, "operation:evidence")
    _conclude(view)
    _past(view.past)


def _not_live(status: ProjectStatus) -> str:
    if status in (ProjectStatus.RETIRED, ProjectStatus.STOPPED):
        return say("This product is {status}; it is not reviewed any more.", status=status.word)
    return say("Reviews begin once the Launch gate was decided with a go.")


def _cycle_words(cycle: ReviewCycle, today: date) -> str:
    every = (
        say("At this tier at most {months} months lie between two.", months=cycle.months)
        if cycle.months
        else ""
    )
    if cycle.is_due:
        return say("A review is due now; the last look was on {last_on}.", last_on=cycle.last_on.isoformat())
    said = say(
        "The next review is due on {due_on}, {until}.",
        due_on=day(cycle.due_on),
        until=until(cycle.due_on, today),
    )
    return f"{said} {every}".strip()


def _evidence(found: Sequence[Finding], key: str) -> None:
    """What is planned beside what is so now, each with a sign and its word."""
    st.markdown(plain(_evidence_words(found)), anchors=False)
    with st.container(key=key):
        st.table(
            [
                {
                    say("What"): plain(each.title),
                    say("Planned"): plain(each.planned) or "–",
                    say("Now"): plain(each.now),
                    say("Reads"): READS[each.reads].text,
                }
                for each in found
            ],
            border="horizontal",
            hide_index=True,
            alt=say("The evidence for the review"),
        )


def _evidence_words(found: Sequence[Finding]) -> str:
    bad = sum(each.reads is Reads.BAD for each in found)
    unknown = sum(each.reads is Reads.UNKNOWN for each in found)
    look = (
        say_count("{number} needs a look", "{number} need a look", bad) if bad else say("none needs a look")
    )
    if not unknown:
        return say("Of {count} pieces of evidence {look}.", count=len(found), look=look)
    return say(
        "Of {count} pieces of evidence {look}, and {unknown}.",
        count=len(found),
        look=look,
        unknown=say_count("{number} is not known", "{number} are not known", unknown),
    )


def _conclude(view: OperationView) -> None:
    if "operation.conclude_review" not in view.may:
        return
    with st.expander(say("Conclude the review"), icon=":material/gavel:"):
        st.caption(say("The evidence above is kept with the decision as it is now."))
        open_verdicts = [verdict for verdict in _VERDICTS if not view.against[verdict]]
        closed = view.against[Verdict.RE_APPROVE]
        if closed:
            st.markdown(say("It cannot be approved again yet:"), anchors=False)
            _reasons(closed)
        if not open_verdicts:
            return
        _conclude_form(view, open_verdicts)


def _reasons(against: Sequence[Blocker]) -> None:
    for blocker in against[:_MOST_REASONS]:
        st.markdown(f":small[:material/block: {plain(blocker.text)}]", anchors=False)
    if len(against) > _MOST_REASONS:
        st.caption(
            say(
                "and {reasons}, all on the Operate gate",
                reasons=counted(len(against) - _MOST_REASONS, "more reason"),
            )
        )


def _conclude_form(view: OperationView, verdicts: Sequence[Verdict]) -> None:
    form = EmptyingForm("conclude")
    with form.drawn():
        verdict = st.radio(
            say("What comes of it"),
            verdicts,
            index=None,
            format_func=lambda each: say(_VERDICTS[each]),
            key=form.key("verdict"),
        )
        reason = st.text_area(say("Why, or what it is limited to"), key=form.key("reason"), height=80)
        to_stage = st.selectbox(
            say("Which stage, when it is sent back"),
            [stage for stage in Stage if stage is not Stage.PRODUCTION],
            index=None,
            format_func=lambda stage: stage.title,
            key=form.key("stage"),
            placeholder=say("Choose"),
            width=320,
        )
        if not st.form_submit_button(say("Record the review"), type="primary"):
            return
        if verdict is None:
            refusal(Invalid({"outcome": say("Choose what comes of the review.")}))
            return
        form.send(
            actions.conclude_review,
            say("The review is recorded."),
            project_id=view.project.id,
            verdict=verdict,
            reason=reason,
            to_stage=to_stage if verdict is Verdict.RECYCLE else None,
        )


def _past(past: Sequence[PastReview]) -> None:
    if not past:
        return
    with st.expander(counted(len(past), "earlier decision"), icon=":material/history:"):
        for review in past:
            mark = standing.OUTCOMES[review.outcome]
            said = f"{mark.badge} {plain(review.who)}"
            st.markdown(said, anchors=False, help=exact(review.at))
            st.caption(plain(f"{review.at.date().isoformat()} · {one_line(review.reason, 300)}".rstrip(" ·")))
            if review.evidence:
                _evidence(review.evidence, f"operation:past:{review.at.timestamp()}")


# ------------------------------------------------------------------ people and sites


def _people(found: Enablement) -> None:
    st.header(say("People and sites"), anchor=False)
    st.markdown(plain(f"{_reached_words(found.people)} {_reached_words(found.sites)}"), anchors=False)
    for reached in (found.people, found.sites):
        if reached.percent is not None:
            words = say(
                "{what}: {reached} of {planned}",
                what=reached.title,
                reached=_number(reached.reached),
                planned=_number(reached.planned),
            )
            st.progress(reached.percent, text=plain(words))
    if found.audiences:
        st.table(
            [
                {
                    say("Audience"): plain(each.name),
                    say("People"): _number(each.people),
                    say("Trained by"): (each.finish_on.isoformat() if each.finish_on else "–")
                    + (say("  :orange[:material/alarm: its day has passed]") if each.is_late else ""),
                }
                for each in found.audiences
            ],
            border="horizontal",
            hide_index=True,
            alt=say("Whom the plan trains"),
        )


def _reached_words(found: Reached) -> str:
    if found.planned is None and found.reached is None:
        return say("{what}: neither planned nor counted yet.", what=found.title)
    if found.reached is None:
        return say(
            "{what}: {planned} planned, none counted yet.", what=found.title, planned=_number(found.planned)
        )
    if not found.planned:
        return say("{what}: {reached}, without a plan.", what=found.title, reached=_number(found.reached))
    return say(
        "{what}: {reached} of {planned}, {percent} %.",
        what=found.title,
        reached=_number(found.reached),
        planned=_number(found.planned),
        percent=found.percent,
    )


def _number(value: Decimal | None) -> str:
    return plain_number(value) if value is not None else "–"


# ------------------------------------------------------------------ what changed around it


def _changes(view: OperationView) -> None:
    st.header(say("Changes around it"), anchor=False)
    st.markdown(plain(_changes_words(view.changes)), anchors=False)
    for entry in view.changes:
        _change(view, entry)
    if "surroundings.note_change" in view.may and view.kinds:
        _note(view)


def _changes_words(entries: Sequence[ChangeEntry]) -> str:
    if not entries:
        return say(
            "Nothing is noted. Vendors, schemas, policies and uses change without asking; note it when they do."
        )
    waiting = [each for each in entries if not each.is_assessed]
    late = sum(each.is_late for each in waiting)
    if not waiting:
        return say_count(
            "{number:,} change is noted, and its impact assessed.",
            "{number:,} changes are noted, each with its impact assessed.",
            len(entries),
        )
    noted = say_count("{number:,} change is noted", "{number:,} changes are noted", len(entries))
    unassessed = say_count(
        "the impact of one is not assessed yet",
        "the impact of {number} is not assessed yet",
        len(waiting),
    )
    if not late:
        return say("{noted}; {unassessed}.", noted=noted, unassessed=unassessed)
    return say(
        "{noted}; {unassessed}, {late} of them past the day.", noted=noted, unassessed=unassessed, late=late
    )


def _change(view: OperationView, entry: ChangeEntry) -> None:
    with st.container(border=True, gap="xsmall", key=f"change:{entry.row_id}"):
        st.markdown(f"{_change_badge(entry, view.today)} {plain(entry.change)}", anchors=False)
        kind = view.kinds.get(entry.kind, entry.kind)
        since = (
            say("since {day}", day=entry.changed_on.isoformat()) if entry.changed_on else say("without a day")
        )
        st.caption(plain(f"{kind} · {since}"))
        if not entry.is_assessed and "surroundings.assess_change" in view.may:
            _assess(view, entry)


def _change_badge(entry: ChangeEntry, today: date) -> str:
    if entry.is_assessed:
        on = entry.assessed_on
        assessed = say("Assessed on {day}", day=on.isoformat()) if on else say("Assessed")
        return f":green-badge[:material/check_circle: {assessed}]"
    if entry.is_late:
        late = say("Not assessed, {until}", until=until(entry.assess_by or today, today))
        return f":red-badge[:material/alarm: {late}]"
    left = (
        say("To assess, {until}", until=until(entry.assess_by, today))
        if entry.assess_by
        else say("To assess")
    )
    return f":orange-badge[:material/pending: {left}]"


def _assess(view: OperationView, entry: ChangeEntry) -> None:
    if st.button(say("Its impact is assessed"), key=f"assess:{entry.row_id}", icon=":material/check:"):
        perform(
            surroundings.assess_change,
            done=say("Noted as assessed today."),
            project_id=view.project.id,
            row_id=entry.row_id,
        )


def _note(view: OperationView) -> None:
    form = EmptyingForm("change:new")
    with st.expander(say("Note a change"), icon=":material/add:"), form.drawn():
        change = st.text_input(say("What changed"), key=form.key("change"))
        left, right = st.columns(2)
        kind = left.selectbox(
            say("Kind"),
            list(view.kinds),
            index=None,
            format_func=lambda each: view.kinds[each],
            key=form.key("kind"),
            placeholder=say("Choose"),
        )
        changed_on = right.date_input(
            say("Since when"), value=None, max_value=view.today, format="YYYY-MM-DD", key=form.key("on")
        )
        use = left.selectbox(
            say("Concerns the use (if any)"),
            list(view.uses),
            index=None,
            format_func=lambda each: plain(view.uses[each]),
            key=form.key("use"),
            placeholder=say("Choose"),
        )
        assessed_on = right.date_input(
            say("Impact assessed on (if it was)"),
            value=None,
            max_value=view.today,
            format="YYYY-MM-DD",
            key=form.key("assessed"),
        )
        st.caption(
            say(
                "It becomes a row of the change log in the worksheet (P10); sign-offs that rest "
                "on it have to be affirmed."
            )
        )
        if st.form_submit_button(say("Note the change"), type="primary"):
            form.send(
                surroundings.note_change,
                say("The change is noted."),
                project_id=view.project.id,
                change=change,
                kind=kind or "",
                changed_on=changed_on,
                use=use,
                assessed_on=assessed_on,
            )


# ------------------------------------------------------------------ the days ahead


def _days(view: OperationView) -> None:
    st.header(say("Days ahead"), anchor=False)
    ahead = [each for each in view.days if each.on >= view.today]
    if not view.days:
        st.markdown(say("No agreement, change window or foreseen change has a day yet."), anchors=False)
        return
    first = ahead[0] if ahead else view.days[-1]
    st.markdown(
        plain(
            say(
                "Next: {what}, {until}. The product manager is told 90, 30 and 7 days before "
                "an agreement ends or a foreseen change comes.",
                what=_without_expected(first),
                until=until(first.on, view.today),
            )
        ),
        anchors=False,
    )
    st.table(
        [
            {
                say("Day"): day(each.on),
                say("When"): _how_far(each.on, view.today),
                say("What"): plain(each.what),
                say("Notice due"): each.announced_by.isoformat() if each.announced_by else "–",
            }
            for each in view.days
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Days on which something around the product ends or changes"),
    )


def _without_expected(ahead: DayAhead) -> str:
    """A foreseen change without the word that begins it in a list."""
    return ahead.what.removeprefix(say("Expected: {change}", change=""))


def _how_far(on: date, today: date) -> str:
    """A day that is past is not overdue: nobody had to do anything on it."""
    days = (today - on).days
    return say("{days} ago", days=counted(days, "day")) if days > 0 else until(on, today)


# ------------------------------------------------------------------ the end


def _ending(view: OperationView) -> None:
    st.header(say("Retirement"), anchor=False)
    plan = view.ending
    if not plan.criteria:
        st.markdown(say("Nobody has said yet when this product is to end (P17)."), anchors=False)
    else:
        st.markdown(plain(say("It ends when: {criteria}", criteria=plan.criteria)), anchors=False)
    definitions(
        [
            (say("Who is told"), plan.notice),
            (say("Records kept for"), plan.retention),
            (
                say("Downstream checked when planned"),
                say("Yes") if plan.downstream_checked else say("Not yet"),
            ),
        ]
    )
    if view.cycle is None or "operation.retire" not in view.may:
        return
    against = view.against[Verdict.RETIRE]
    if against:
        _reasons(against)
        return
    with st.expander(say("Retire this product"), icon=":material/inventory_2:"):
        _retire_form(view)


def _retire_form(view: OperationView) -> None:
    key = "retire"
    with st.form(key, border=False, enter_to_submit=False):
        st.caption(say("It ends for good: its gates close, and what was learned stays."))
        reason = st.text_area(say("Why it ends: which criterion is met"), key=f"{key}:reason", height=80)
        told: dict[str, date | None] = {}
        if view.ending.consumers:
            st.markdown(say("When each who uses its output was told"), anchors=False)
        for number, name in enumerate(view.ending.consumers):
            told[name] = st.date_input(
                plain(name),
                value=None,
                max_value=view.today,
                format="YYYY-MM-DD",
                key=f"{key}:told:{number}",
                width=260,
            )
        downstream = st.text_area(
            say("What was checked of those who use its output"), key=f"{key}:downstream", height=80
        )
        records_until = st.date_input(
            say("Records are kept until"),
            value=None,
            min_value=view.today,
            max_value=_LATEST,
            format="YYYY-MM-DD",
            key=f"{key}:records",
            help=say("The plan says {retention}.", retention=view.ending.retention)
            if view.ending.retention
            else None,
            width=260,
        )
        lessons = st.text_area(say("What the next team should know"), key=f"{key}:lessons", height=100)
        if st.form_submit_button(say("Retire the product"), type="primary"):
            perform(
                actions.retire,
                done=say("The product is retired. What was learned stays."),
                project_id=view.project.id,
                reason=reason,
                told=told,
                downstream=downstream,
                records_until=records_until,
                lessons=lessons,
            )


def _retired(found: RetirementView) -> None:
    st.markdown(
        plain(
            say(
                "Retired on {date} by {who}: {reason}",
                date=found.at.date().isoformat(),
                who=found.who,
                reason=found.reason,
            )
        ),
        anchors=False,
    )
    definitions(
        [
            (say("Lessons learned"), found.lessons),
            (say("Downstream"), found.downstream),
            (say("Told"), ", ".join(say("{name} on {day}", name=name, day=on) for name, on in found.told)),
            (say("Records kept until"), found.records_until.isoformat()),
        ]
    )
