"""Operation: the next look at a live product, who can use it, what changes around it, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from lifecycle.actions import operation as actions
from lifecycle.actions import surroundings
from lifecycle.errors import Invalid
from lifecycle.queries import operation as queries
from lifecycle.queries.operation import OperationView, PastReview, RetirementView
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.operation import Enablement, Finding, Reached, Reads, ReviewCycle, Verdict
from lifecycle.rules.surroundings import ChangeEntry
from lifecycle.ui import cache, identity, navigation, standing
from lifecycle.ui.components import (
    counted,
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
    Reads.GOOD: Mark("As planned", "green", "check_circle"),
    Reads.BAD: Mark("Look at this", "orange", "warning"),
    Reads.PLAIN: Mark("For your judgement", "gray", "info"),
    Reads.UNKNOWN: Mark("Not known", "gray", "help"),
}
_VERDICTS = {
    Verdict.RE_APPROVE: "Re-approve: it goes on as it is",
    Verdict.RESTRICT: "Restrict: it goes on within narrower limits",
    Verdict.RECYCLE: "Send it back to an earlier stage",
}
_MOST_REASONS = 6
_LATEST = date(2200, 1, 1)  # some records are kept for a lifetime; the widget alone would end in ten years


def show(project: ProjectHead) -> None:
    """The whole page."""
    if not project.is_adopted:
        imported.not_yet(project, "Operation")
        return
    view = cache.read_with_guide(
        queries.view,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=project.key,
    )
    mark = standing.RETIRED if project.status is ProjectStatus.RETIRED else None
    page_header("Operation", about=project.name, mark=mark, actions=lambda: _ways(view))
    if view.retirement:
        _retired(view.retirement)
    _review(view)
    _people(view.enablement)
    _changes(view)
    if view.retirement is None:
        _days(view)
        _ending(view)


def _ways(view: OperationView) -> None:
    if st.button("Operate gate", icon=":material/approval:", key="operation:gate"):
        navigation.go("gate", project=view.project.key, gate=Gate.OPERATE.value)


# ------------------------------------------------------------------ the Operate review


def _review(view: OperationView) -> None:
    st.header("Operate review", anchor=False)
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
        st.markdown(f":orange[:material/rule:] Restricted since: {plain(cycle.restricted_to)}", anchors=False)
    _evidence(view.findings, "operation:evidence")
    _conclude(view)
    _past(view.past)


def _not_live(status: ProjectStatus) -> str:
    if status in (ProjectStatus.RETIRED, ProjectStatus.STOPPED):
        return f"This product is {status.value}; it is not reviewed any more."
    return "Reviews begin once the Launch gate was decided with a go."


def _cycle_words(cycle: ReviewCycle, today: date) -> str:
    every = f"At this tier at most {cycle.months} months lie between two." if cycle.months else ""
    if cycle.is_due:
        return f"A review is due now; the last look was on {cycle.last_on.isoformat()}."
    said = f"The next review is due on {day(cycle.due_on)}, {until(cycle.due_on, today)}."
    return f"{said} {every}".strip()


def _evidence(found: Sequence[Finding], key: str) -> None:
    """What is planned beside what is so now, each with a sign and its word."""
    bad = sum(each.reads is Reads.BAD for each in found)
    unknown = sum(each.reads is Reads.UNKNOWN for each in found)
    said = f"Of {len(found)} pieces of evidence {bad or 'none'} need{'s' if bad < 2 else ''} a look"
    said += f", and {unknown} {'is' if unknown == 1 else 'are'} not known." if unknown else "."
    st.markdown(plain(said), anchors=False)
    with st.container(key=key):
        st.table(
            [
                {
                    "What": plain(each.title),
                    "Planned": plain(each.planned) or "–",
                    "Now": plain(each.now),
                    "Reads": READS[each.reads].text,
                }
                for each in found
            ],
            border="horizontal",
            hide_index=True,
            alt="The evidence for the review",
        )


def _conclude(view: OperationView) -> None:
    if "operation.conclude_review" not in view.may:
        return
    with st.expander("Conclude the review", icon=":material/gavel:"):
        st.caption("The evidence above is kept with the decision as it is now.")
        open_verdicts = [verdict for verdict in _VERDICTS if not view.against[verdict]]
        closed = view.against[Verdict.RE_APPROVE]
        if closed:
            st.markdown("It cannot be approved again yet:", anchors=False)
            _reasons(closed)
        if not open_verdicts:
            return
        _conclude_form(view, open_verdicts)


def _reasons(against: Sequence[Blocker]) -> None:
    for blocker in against[:_MOST_REASONS]:
        st.markdown(f":small[:material/block: {plain(blocker.text)}]", anchors=False)
    if len(against) > _MOST_REASONS:
        st.caption(f"and {counted(len(against) - _MOST_REASONS, 'more reason')}, all on the Operate gate")


def _conclude_form(view: OperationView, verdicts: Sequence[Verdict]) -> None:
    form = EmptyingForm("conclude")
    with form.drawn():
        verdict = st.radio(
            "What comes of it",
            verdicts,
            index=None,
            format_func=lambda each: _VERDICTS[each],
            key=form.key("verdict"),
        )
        reason = st.text_area("Why, or what it is limited to", key=form.key("reason"), height=80)
        to_stage = st.selectbox(
            "Which stage, when it is sent back",
            [stage for stage in Stage if stage is not Stage.PRODUCTION],
            index=None,
            format_func=lambda stage: stage.title,
            key=form.key("stage"),
            placeholder="Choose",
            width=320,
        )
        if not st.form_submit_button("Record the review", type="primary"):
            return
        if verdict is None:
            refusal(Invalid({"outcome": "Choose what comes of the review."}))
            return
        form.send(
            actions.conclude_review,
            "The review is recorded.",
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
    st.header("People and sites", anchor=False)
    st.markdown(plain(f"{_reached_words(found.people)} {_reached_words(found.sites)}"), anchors=False)
    for reached in (found.people, found.sites):
        if reached.percent is not None:
            words = f"{reached.title}: {_number(reached.reached)} of {_number(reached.planned)}"
            st.progress(reached.percent, text=plain(words))
    if found.audiences:
        st.table(
            [
                {
                    "Audience": plain(each.name),
                    "People": _number(each.people),
                    "Trained by": (each.finish_on.isoformat() if each.finish_on else "–")
                    + ("  :orange[:material/alarm: its day has passed]" if each.is_late else ""),
                }
                for each in found.audiences
            ],
            border="horizontal",
            hide_index=True,
            alt="Whom the plan trains",
        )


def _reached_words(found: Reached) -> str:
    if found.planned is None and found.reached is None:
        return f"{found.title}: neither planned nor counted yet."
    if found.reached is None:
        return f"{found.title}: {_number(found.planned)} planned, none counted yet."
    if not found.planned:
        return f"{found.title}: {_number(found.reached)}, without a plan."
    return f"{found.title}: {_number(found.reached)} of {_number(found.planned)}, {found.percent} %."


def _number(value: Decimal | None) -> str:
    return plain_number(value) if value is not None else "–"


# ------------------------------------------------------------------ what changed around it


def _changes(view: OperationView) -> None:
    st.header("Changes around it", anchor=False)
    st.markdown(plain(_changes_words(view.changes)), anchors=False)
    for entry in view.changes:
        _change(view, entry)
    if "surroundings.note_change" in view.may and view.kinds:
        _note(view)


def _changes_words(entries: Sequence[ChangeEntry]) -> str:
    if not entries:
        return "Nothing is noted. Vendors, schemas, policies and uses change without asking; note it when they do."
    waiting = [each for each in entries if not each.is_assessed]
    late = sum(each.is_late for each in waiting)
    said = f"{counted(len(entries), 'change is', 'changes are')} noted"
    if not waiting:
        return f"{said}, {'each with its' if len(entries) > 1 else 'and its'} impact assessed."
    said += f"; the impact of {len(waiting) if len(waiting) > 1 else 'one'} is not assessed yet"
    return said + (f", {late} of them past the day." if late else ".")


def _change(view: OperationView, entry: ChangeEntry) -> None:
    with st.container(border=True, gap="xsmall", key=f"change:{entry.row_id}"):
        st.markdown(f"{_change_badge(entry, view.today)} {plain(entry.change)}", anchors=False)
        kind = view.kinds.get(entry.kind, entry.kind)
        on = f"since {entry.changed_on.isoformat()}" if entry.changed_on else "without a day"
        st.caption(plain(f"{kind} · {on}"))
        if not entry.is_assessed and "surroundings.assess_change" in view.may:
            _assess(view, entry)


def _change_badge(entry: ChangeEntry, today: date) -> str:
    if entry.is_assessed:
        on = f" on {entry.assessed_on.isoformat()}" if entry.assessed_on else ""
        return f":green-badge[:material/check_circle: Assessed{on}]"
    if entry.is_late:
        return f":red-badge[:material/alarm: Not assessed, {until(entry.assess_by or today, today)}]"
    left = f", {until(entry.assess_by, today)}" if entry.assess_by else ""
    return f":orange-badge[:material/pending: To assess{left}]"


def _assess(view: OperationView, entry: ChangeEntry) -> None:
    if st.button("Its impact is assessed", key=f"assess:{entry.row_id}", icon=":material/check:"):
        perform(
            surroundings.assess_change,
            done="Noted as assessed today.",
            project_id=view.project.id,
            row_id=entry.row_id,
        )


def _note(view: OperationView) -> None:
    form = EmptyingForm("change:new")
    with st.expander("Note a change", icon=":material/add:"), form.drawn():
        change = st.text_input("What changed", key=form.key("change"))
        left, right = st.columns(2)
        kind = left.selectbox(
            "Kind",
            list(view.kinds),
            index=None,
            format_func=lambda each: view.kinds[each],
            key=form.key("kind"),
            placeholder="Choose",
        )
        changed_on = right.date_input(
            "Since when", value=None, max_value=view.today, format="YYYY-MM-DD", key=form.key("on")
        )
        use = left.selectbox(
            "Concerns the use (if any)",
            list(view.uses),
            index=None,
            format_func=lambda each: plain(view.uses[each]),
            key=form.key("use"),
            placeholder="Choose",
        )
        assessed_on = right.date_input(
            "Impact assessed on (if it was)",
            value=None,
            max_value=view.today,
            format="YYYY-MM-DD",
            key=form.key("assessed"),
        )
        st.caption(
            "It becomes a row of the change log in the worksheet (P10); sign-offs that rest on it have to be affirmed."
        )
        if st.form_submit_button("Note the change", type="primary"):
            form.send(
                surroundings.note_change,
                "The change is noted.",
                project_id=view.project.id,
                change=change,
                kind=kind or "",
                changed_on=changed_on,
                use=use,
                assessed_on=assessed_on,
            )


# ------------------------------------------------------------------ the days ahead


def _days(view: OperationView) -> None:
    st.header("Days ahead", anchor=False)
    ahead = [each for each in view.days if each.on >= view.today]
    if not view.days:
        st.markdown("No agreement, change window or foreseen change has a day yet.", anchors=False)
        return
    first = ahead[0] if ahead else view.days[-1]
    st.markdown(
        plain(
            f"Next: {first.what.removeprefix('Expected: ')}, {until(first.on, view.today)}. The product manager is "
            "told 90, 30 and 7 days before an agreement ends or a foreseen change comes."
        ),
        anchors=False,
    )
    st.table(
        [
            {
                "Day": day(each.on),
                "When": until(each.on, view.today).replace("overdue", "ago"),
                "What": plain(each.what),
                "Notice due": each.announced_by.isoformat() if each.announced_by else "–",
            }
            for each in view.days
        ],
        border="horizontal",
        hide_index=True,
        alt="Days on which something around the product ends or changes",
    )


# ------------------------------------------------------------------ the end


def _ending(view: OperationView) -> None:
    st.header("Retirement", anchor=False)
    plan = view.ending
    if not plan.criteria:
        st.markdown("Nobody has said yet when this product is to end (P17).", anchors=False)
    else:
        st.markdown(plain(f"It ends when: {plan.criteria}"), anchors=False)
    definitions(
        [
            ("Who is told", plan.notice),
            ("Records kept for", plan.retention),
            ("Downstream checked when planned", "Yes" if plan.downstream_checked else "Not yet"),
        ]
    )
    if view.cycle is None or "operation.retire" not in view.may:
        return
    against = view.against[Verdict.RETIRE]
    if against:
        _reasons(against)
        return
    with st.expander("Retire this product", icon=":material/inventory_2:"):
        _retire_form(view)


def _retire_form(view: OperationView) -> None:
    key = "retire"
    with st.form(key, border=False, enter_to_submit=False):
        st.caption("It ends for good: its gates close, and what was learned stays.")
        reason = st.text_area("Why it ends: which criterion is met", key=f"{key}:reason", height=80)
        told: dict[str, date | None] = {}
        if view.ending.consumers:
            st.markdown("When each who uses its output was told", anchors=False)
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
            "What was checked of those who use its output", key=f"{key}:downstream", height=80
        )
        records_until = st.date_input(
            "Records are kept until",
            value=None,
            min_value=view.today,
            max_value=_LATEST,
            format="YYYY-MM-DD",
            key=f"{key}:records",
            help=f"The plan says {view.ending.retention}." if view.ending.retention else None,
            width=260,
        )
        lessons = st.text_area("What the next team should know", key=f"{key}:lessons", height=100)
        if st.form_submit_button("Retire the product", type="primary"):
            perform(
                actions.retire,
                done="The product is retired. What was learned stays.",
                project_id=view.project.id,
                reason=reason,
                told=told,
                downstream=downstream,
                records_until=records_until,
                lessons=lessons,
            )


def _retired(found: RetirementView) -> None:
    st.markdown(
        plain(f"Retired on {found.at.date().isoformat()} by {found.who}: {found.reason}"), anchors=False
    )
    definitions(
        [
            ("Lessons learned", found.lessons),
            ("Downstream", found.downstream),
            ("Told", ", ".join(f"{name} on {on}" for name, on in found.told)),
            ("Records kept until", found.records_until.isoformat()),
        ]
    )
