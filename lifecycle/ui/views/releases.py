"""Releases: what is live, how each came to its users, the next step, the way back, and two side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from lifecycle.actions import answers
from lifecycle.actions import releases as actions
from lifecycle.errors import Invalid
from lifecycle.language import counted, mark, say, say_count, written_number
from lifecycle.queries import releases as queries
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.releases import Beside, Comparison, ReleasesView, ReleaseView, StepView
from lifecycle.rules.checks.naming import listed
from lifecycle.rules.delivery import DeliveryMetrics, Length, as_answer
from lifecycle.rules.releases import LEAST_SHARE, MOST_SHARE, REACHES_USERS, Move, ReleaseState, length_words
from lifecycle.ui import cache, charts, identity, navigation, standing, state
from lifecycle.ui.charts import Span
from lifecycle.ui.components import (
    blocker_list,
    definitions,
    empty_state,
    exact,
    key_figures,
    one_line,
    page_header,
    plain,
    refusal,
)
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Colour, Mark
from lifecycle.ui.unfolding import is_wanted
from lifecycle.ui.views import imported
from lifecycle.ui.views.portfolio_maps import is_dark
from lifecycle.vocabulary import ProjectStatus, plain_number

STATES = {
    ReleaseState.PREPARED: Mark(mark("Prepared"), "gray", "inventory"),
    ReleaseState.SHADOW: Mark(mark("In shadow"), "gray", "visibility_off"),
    ReleaseState.CANARY: Mark(mark("Canary"), "blue", "group"),
    ReleaseState.SHARE: Mark(mark("Share of traffic"), "blue", "pie_chart"),
    ReleaseState.LIVE: Mark(mark("Live for everybody"), "green", "check_circle"),
    ReleaseState.REPLACED: Mark(mark("Replaced"), "gray", "history"),
    ReleaseState.ROLLED_BACK: Mark(mark("Rolled back"), "red", "undo"),
    ReleaseState.WITHDRAWN: Mark(mark("Withdrawn"), "gray", "block"),
}
_STRENGTHS = {Move.SHADOW: 0.0, Move.CANARY: 0.4, Move.SHARE: 0.7, Move.FULL: 1.0}
_MOST_SHOWN = 10
_ENDED = (ProjectStatus.STOPPED, ProjectStatus.RETIRED)


def show(project: ProjectHead) -> None:
    """The whole page."""
    if not project.is_adopted:
        imported.not_yet(project, say("Releases"))
        return
    view = cache.read_with_guide(
        queries.view,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=project.key,
    )
    mark = standing.STATUSES[project.status] if project.status in _ENDED else None
    page_header(say("Releases"), about=project.name, mark=mark, actions=lambda: _ways(view))
    if view.releases:
        st.markdown(plain(_now(view)), anchors=False)
        _delivery(view)
    _make(view)
    if not view.releases:
        empty_state(
            say("No release yet"),
            say(
                "A release keeps the model version with all answers, data sources and sign-offs as they are, and from "
                "then on each step to its users. It can be made once nothing stands in the way of the Launch gate."
            ),
            icon="rocket_launch",
        )
        return
    st.header(say("Every release"), anchor=False)
    _picture(view.releases)
    for number, release in enumerate(view.releases[:_MOST_SHOWN]):
        _release(view, release, is_newest=number == 0)
    _older(view.releases[_MOST_SHOWN:])
    if len(view.releases) > 1:
        _compare(view)


def _ways(view: ReleasesView) -> None:
    if st.button(say("Launch gate"), icon=":material/approval:", key="releases:gate"):
        navigation.go("gate", project=view.project.key, gate="launch")


# ------------------------------------------------------------------ what is so now


def _now(view: ReleasesView) -> str:
    serving, coming = view.serving, view.rolling_out
    said = [say("Nothing is live for everybody.")]
    if serving:
        day = _day(_reached_everybody(serving))
        said = [say("{release} is live for everybody since {day}.", release=_named(serving), day=day)]
    if coming and coming.share:
        words = say("{release} is with {share} % of the traffic.", release=_named(coming), share=coming.share)
        said.append(words)
    elif coming:
        said.append(say("{release} is with a few users.", release=_named(coming)))
    return " ".join(said)


def _named(release: ReleaseView) -> str:
    return say(
        "Release {number} (version {model_version})",
        number=release.number,
        model_version=release.model_version,
    )


def _reached_everybody(release: ReleaseView) -> datetime:
    return next(step.happened_at for step in release.steps if step.move is Move.FULL)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _delivery(view: ReleasesView) -> None:
    """The four measures, each with what it rests on."""
    metrics = view.metrics
    st.header(say("Delivery"), anchor=False)
    st.markdown(plain(_delivery_words(metrics)), anchors=False)
    failed = metrics.failed_percent
    key_figures(
        [
            (
                say("Releases a month"),
                plain_number(metrics.per_month),
                say("{deployments} in three months", deployments=metrics.deployments),
            ),
            (say("Lead time"), _length(metrics.lead_time), _lead_note(metrics)),
            (
                say("Time to restore"),
                _length(metrics.restore),
                _restore_note(metrics.restore),
            ),
            (
                say("Failed changes"),
                "–" if failed is None else say("{share} %", share=plain_number(failed)),
                say("{failed} of {deployments}", failed=metrics.failed, deployments=metrics.deployments),
            ),
        ]
    )
    with st.expander(say("How these are counted"), icon=":material/help:"):
        st.markdown(
            say(
                "The four measures of the DORA programme, over the last three months. A release "
                "counts from the moment it first reaches users; shadow does not. Lead time runs from "
                "the change being finished until then. Time to restore runs from the beginning of "
                "the trouble until users are well served again. A change failed when its release was "
                "rolled back or an incident names it. Times are medians; 85 of 100 were at most "
                "{lead_time} (lead time) and {restore} (time to restore).",
                lead_time=_safe(metrics.lead_time),
                restore=_safe(metrics.restore),
            ),
            anchors=False,
        )
        _take_over(view)


def _take_over(view: ReleasesView) -> None:
    """What was measured becomes the answer to P14, which the Operate review rests on."""
    if "answers.save" not in view.may or not view.metrics.deployments:
        return
    if st.button(say("Take over into the worksheet"), icon=":material/edit_note:", key="releases:take-over"):
        perform(
            answers.save,
            done=say("The measured figures are the answer to Delivery metrics (P14) now."),
            project_id=view.project.id,
            field_id="P14",
            raw=as_answer(view.metrics),
            base=None,
        )


def _delivery_words(metrics: DeliveryMetrics) -> str:
    if not metrics.deployments:
        return say("No release reached users in the last three months.")
    if metrics.failed:
        said = say_count(
            "{number:,} release reached users in the last three months; {failed} had to be taken back or led "
            "to an incident.",
            "{number:,} releases reached users in the last three months; {failed} had to be taken back or led "
            "to an incident.",
            metrics.deployments,
            failed=metrics.failed,
        )
    else:
        said = say_count(
            "{number:,} release reached users in the last three months; none had to be taken back or led to "
            "an incident.",
            "{number:,} releases reached users in the last three months; none had to be taken back or led to "
            "an incident.",
            metrics.deployments,
        )
    if not metrics.unrestored:
        return said
    more = say_count("{number:,} incident goes on.", "{number:,} incidents go on.", metrics.unrestored)
    return f"{said} {more}"


def _length(found: Length) -> str:
    return "–" if found.median is None else length_words(found.median)


def _safe(found: Length) -> str:
    return say("unknown") if found.safe is None else length_words(found.safe)


def _restore_note(found: Length) -> str:
    return (
        say("median of {cases}", cases=counted(found.cases, "case"))
        if found.cases
        else say("nothing to restore")
    )


def _lead_note(metrics: DeliveryMetrics) -> str:
    if metrics.lead_time.cases:
        return say("median of {releases}", releases=counted(metrics.lead_time.cases, "release"))
    return say("no release says when its change was finished") if metrics.deployments else say("no release")


# ------------------------------------------------------------------ making one


def _make(view: ReleasesView) -> None:
    if "releases.create" not in view.may:
        return
    box = st.expander(
        say("Make a release"),
        icon=":material/add:",
        expanded=not view.releases,
        key="releases:make",
        on_change="rerun",
    )
    with box:
        if not is_wanted(box, "releases:make"):
            return
        if view.against:
            st.markdown(say("Nothing can be released before this is settled:"), anchors=False)
            blocker_list(view.against, project=view.project.key, guide=cache.guide(), most=6)
            return
        _make_form(view)


def _make_form(view: ReleasesView) -> None:
    version = view.signed_version or ""
    st.markdown(
        plain(
            say(
                "Version {version} is signed. The release keeps everything as it is now; later "
                "changes are for the next.",
                version=version,
            )
        ),
        anchors=False,
    )
    key = "release:new"
    with st.form(key, border=False, enter_to_submit=False):
        fresh = state.fresh(key)
        summary = st.text_area(say("What is new in it"), key=f"{fresh}:summary", height=80)
        ready_on = st.date_input(
            say("When the change was finished"),
            value=None,
            max_value=identity.now().date(),
            format="YYYY-MM-DD",
            key=f"{fresh}:ready",
            help=say("The lead time runs from this day. It can stay empty."),
            width=220,
        )
        if st.form_submit_button(say("Make the release"), type="primary"):
            perform(
                actions.create,
                done=say("Version {version} is kept as a release.", version=version),
                clears=key,
                project_id=view.project.id,
                model_version=version,
                summary=summary,
                ready_at=_at_start(ready_on),
            )


def _at_start(on: date | None) -> datetime | None:
    return datetime.combine(on, time(), tzinfo=ZoneInfo("UTC")) if on else None


# ------------------------------------------------------------------ the picture


def _picture(releases: Sequence[ReleaseView]) -> None:
    """One row for each release, from its first step to its last; the same as a table below."""
    spans = [span for release in releases[:_MOST_SHOWN] for span in _spans(release)]
    if not spans:
        return
    st.markdown(plain(_picture_words(releases)), anchors=False)
    st.plotly_chart(
        charts.time_line(spans, (), today=identity.now().date(), dark=is_dark()),
        key="releases:picture",
        config=dict(charts.CONFIG),
        alt=say(
            "When each release was in shadow, with some and with everybody; the table below says the same."
        ),
    )
    with st.expander(say("The picture as a table"), icon=":material/table:"):
        st.table(
            [
                {
                    say("Release"): plain(span.label),
                    say("From"): span.start.isoformat(),
                    say("To"): span.end.isoformat(),
                    say("With"): span.mark.word,
                }
                for span in spans
            ],
            border="horizontal",
            hide_index=True,
            alt=say("The releases as a table"),
        )


def _picture_words(releases: Sequence[ReleaseView]) -> str:
    ended = sum(release.state is ReleaseState.ROLLED_BACK for release in releases)
    if len(releases) == 1:
        return say("One release so far.") if not ended else say("One release so far, and it was rolled back.")
    if not ended:
        return say("{releases} releases, the newest on top; none was rolled back.", releases=len(releases))
    return say_count(
        "{releases} releases, the newest on top; {number} was rolled back.",
        "{releases} releases, the newest on top; {number} were rolled back.",
        ended,
        releases=len(releases),
    )


def _spans(release: ReleaseView) -> list[Span]:
    steps = [step for step in release.steps if step.move in _STRENGTHS]
    if not steps:
        return []
    end = _last_day(release)
    ends = [step.happened_at.date() for step in steps[1:]] + [end]
    return [_span(release, step, until) for step, until in zip(steps, ends, strict=True)]


def _last_day(release: ReleaseView) -> date:
    """When it stopped serving: rolled back, withdrawn, or today; one that was replaced keeps its last step's day."""
    newest = release.steps[-1]
    if newest.move not in _STRENGTHS or release.replaced_at is not None:
        return (release.replaced_at or newest.happened_at).date()
    return identity.now().date()


def _span(release: ReleaseView, step: StepView, end: date) -> Span:
    colour: Colour = "green" if step.move is Move.FULL else "blue"
    if release.state is ReleaseState.ROLLED_BACK:
        colour = "red"
    mark = Mark(step.words, colour, "rocket_launch")
    label = f"{release.number} · {release.model_version}"
    start = step.happened_at.date()
    words = say("{what}: {start} to {end}", what=charts.as_text(step.words), start=start, end=end)
    hover = f"<b>{charts.as_text(label)}</b><br>{words}"
    return Span(label, start, max(end, start), hover, mark, _STRENGTHS[step.move])


# ------------------------------------------------------------------ one release


def _release(view: ReleasesView, release: ReleaseView, *, is_newest: bool) -> None:
    with st.container(border=True, gap="small", key=f"release:{release.number}"):
        mark = STATES[release.state]
        word = (
            say("{share} % of the traffic", share=release.share)
            if release.state is ReleaseState.SHARE
            else mark.word
        )
        badge = f":{mark.colour}-badge[{mark.material} {word}]"
        st.markdown(f"**{plain(release.name)}** {badge}", anchors=False)
        if release.summary:
            st.markdown(plain(release.summary), anchors=False)
        st.caption(plain(_made(release)), help=exact(release.made_at))
        _steps(release.steps)
        if is_newest or release.next_moves or release.can_roll_back:
            _forms(view, release)
        key = f"held:{release.number}"
        box = st.expander(say("What it holds"), icon=":material/inventory_2:", key=key, on_change="rerun")
        with box:
            if is_wanted(box, key):
                _held(release)


def _made(release: ReleaseView) -> str:
    said = say("Made by {person} on {day}", person=release.made_by, day=_day(release.made_at))
    if not release.approved:
        return said
    return f"{said} · {say('approved by {person}', person=release.approved[0])}"


def _steps(steps: Sequence[StepView]) -> None:
    lines = []
    for step in steps:
        took = f" · {say('restored in {time}', time=step.restored_in)}" if step.restored_in else ""
        note = f": {step.note}" if step.note else ""
        said = one_line(f"{step.happened_at:%Y-%m-%d %H:%M} · {step.words}{took} · {step.who}{note}", 400)
        icon = {Move.ROLLED_BACK: "undo", Move.WITHDRAWN: "block"}.get(step.move, "arrow_forward")
        lines.append(f":small[:material/{icon}: {plain(said)}]")
    if lines:
        st.markdown("  \n".join(lines), anchors=False)


def _held(release: ReleaseView) -> None:
    definitions(
        [
            (say("Model version"), release.model_version),
            (say("Change finished"), _day(release.ready_at) if release.ready_at else ""),
            (say("Production test score"), release.score),
            (say("Answers"), written_number(f"{release.answers:,}")),
            (say("Data sources"), ", ".join(release.sources)),
            (say("Documents"), ", ".join(release.documents)),
            (say("Approved by"), "; ".join(release.approved)),
            (say("Fingerprint"), release.digest[:16]),
        ]
    )
    st.table(
        [
            {
                say("Gate"): each.gate.title,
                say("Signed by"): plain(f"{each.name}, {each.role.title}"),
                say("Decision"): f"{each.decision.title}, {_day(each.at)}",
            }
            for each in release.sign_offs
        ],
        border="horizontal",
        hide_index=True,
        alt=say("The sign-offs that the release holds"),
    )


def _forms(view: ReleasesView, release: ReleaseView) -> None:
    with st.container(horizontal=True, gap="small"):
        if release.next_moves and "releases.step" in view.may:
            _next_step(release)
        if release.can_roll_back and "releases.roll_back" in view.may:
            _roll_back(release)
        if release.can_withdraw and "releases.withdraw" in view.may:
            _withdraw(release)


def _next_step(release: ReleaseView) -> None:
    key = f"step:{release.number}:{len(release.steps)}"
    open_moves = [move for move in release.next_moves if not release.against[move]]
    with st.popover(say("Next step"), icon=":material/arrow_forward:"):
        for text in _why_not(release):
            st.markdown(f":orange[:material/block:] {plain(text)}", anchors=False)
        if not open_moves:
            return
        with st.form(key, border=False, enter_to_submit=False):
            move = st.radio(
                say("Who gets it now"),
                open_moves,
                index=None,
                format_func=_move_words,
                key=f"{key}:move",
            )
            share = st.number_input(
                say("Percent of the traffic, for a share"),
                LEAST_SHARE,
                MOST_SHARE,
                value=None,
                key=f"{key}:share",
                width=260,
            )
            note = st.text_input(say("What was seen, or why"), key=f"{key}:note")
            if not st.form_submit_button(say("Record this step"), type="primary"):
                return
            if move is None:
                refusal(Invalid({"step": say("Choose who gets it now.")}))
                return
            perform(
                actions.step,
                done=say("Release {number}: {step}.", number=release.number, step=move.label.lower()),
                release_id=release.id,
                move=move,
                share=int(share) if share is not None else None,
                note=note,
            )


def _move_words(move: Move) -> str:
    return {
        Move.SHADOW: say("Nobody yet: it answers in shadow"),
        Move.CANARY: say("A chosen few: canary"),
        Move.SHARE: say("A share of the traffic"),
        Move.FULL: say("Everybody"),
    }[move]


def _why_not(release: ReleaseView) -> list[str]:
    """What keeps a next step from being taken, each reason once."""
    reasons = [
        blocker.text
        for move in release.next_moves
        if move in REACHES_USERS
        for blocker in release.against[move]
    ]
    return list(dict.fromkeys(reasons))


def _roll_back(release: ReleaseView) -> None:
    key = f"back:{release.number}"
    after = (
        say("Afterwards {release} serves again.", release=release.back_to)
        if release.back_to
        else say("Afterwards nothing takes its place but the fallback.")
    )
    with (
        st.popover(say("Roll back"), icon=":material/undo:"),
        st.form(key, border=False, enter_to_submit=False),
    ):
        counting = say("The time to restore runs from when the trouble began.")
        st.caption(plain(f"{after} {counting}"))
        reason = st.text_area(say("What went wrong"), key=f"{key}:reason", height=80)
        began_at = st.datetime_input(
            say("When the trouble began (UTC)"), value=None, key=f"{key}:began", format="YYYY-MM-DD", step=60
        )
        restored_at = st.datetime_input(
            say("When users were well served again (UTC); empty: now"),
            value=None,
            key=f"{key}:restored",
            format="YYYY-MM-DD",
            step=60,
        )
        if st.form_submit_button(say("Record the rollback"), type="primary"):
            perform(
                actions.roll_back,
                done=say("Release {number} is rolled back.", number=release.number),
                release_id=release.id,
                reason=reason,
                began_at=_in_utc(began_at),
                restored_at=_in_utc(restored_at),
            )


def _in_utc(told: datetime | None) -> datetime | None:
    return told.replace(tzinfo=ZoneInfo("UTC")) if told else None


def _withdraw(release: ReleaseView) -> None:
    key = f"withdraw:{release.number}"
    with (
        st.popover(say("Withdraw"), icon=":material/block:"),
        st.form(key, border=False, enter_to_submit=False),
    ):
        st.caption(say("It has reached nobody. It stays in the list as withdrawn."))
        reason = st.text_area(say("Why it does not go live"), key=f"{key}:reason", height=80)
        if st.form_submit_button(say("Withdraw the release")):
            perform(
                actions.withdraw,
                done=say("Release {number} is withdrawn.", number=release.number),
                release_id=release.id,
                reason=reason,
            )


def _older(releases: Sequence[ReleaseView]) -> None:
    if not releases:
        return
    with st.expander(counted(len(releases), "older release"), icon=":material/history:"):
        st.table(
            [
                {
                    say("Release"): plain(release.name),
                    say("State"): STATES[release.state].word,
                    say("Made"): _day(release.made_at),
                    say("First users"): _day(release.reached_at) if release.reached_at else "–",
                }
                for release in releases
            ],
            border="horizontal",
            hide_index=True,
            alt=say("Older releases"),
        )


# ------------------------------------------------------------------ two side by side


def _compare(view: ReleasesView) -> None:
    st.header(say("Two releases side by side"), anchor=False)
    numbers = [release.number for release in view.releases]
    names = {release.number: release.name for release in view.releases}
    left, right = st.columns(2)
    older = left.selectbox(
        say("The older one"),
        numbers[1:],
        format_func=lambda number: plain(names[number]),
        key="compare:older",
    )
    newer = right.selectbox(
        say("The newer one"),
        numbers[:-1],
        format_func=lambda number: plain(names[number]),
        key="compare:newer",
    )
    if older == newer:
        st.caption(say("Choose two different releases."))
        return
    found = cache.read_with_guide(
        queries.comparison,
        *chains(view.project),
        by=identity.actor(),
        at=identity.this_hour(),
        key=view.project.key,
        one=older,
        other=newer,
    )
    _compared(found)


def _compared(found: Comparison) -> None:
    if found.is_empty:
        st.markdown(say("They hold exactly the same."), anchors=False)
        return
    before, after = (
        say("Release {number}", number=found.before.number),
        say("Release {number}", number=found.after.number),
    )
    st.markdown(plain(_differences(found)), anchors=False)
    if found.sources_gone:
        gone = say("No longer used: data source {sources}.", sources=", ".join(found.sources_gone))
        st.markdown(plain(gone), anchors=False)
    if found.sources_new:
        new = say("New: data source {sources}.", sources=", ".join(found.sources_new))
        st.markdown(plain(new), anchors=False)
    for heading, lines in (
        (say("Answers"), found.answers),
        (say("Sign-offs"), found.sign_offs),
        (say("Production tests"), found.tests),
    ):
        _side_by_side(heading, lines, before, after)


def _differences(found: Comparison) -> str:
    before, after = found.before, found.after
    changed = []
    if found.answers:
        changed.append(counted(len(found.answers), "answer"))
    if found.sign_offs:
        changed.append(counted(len(found.sign_offs), "sign-off"))
    if found.tests:
        changed.append(counted(len(found.tests), "production test"))
    if changed:
        said = say(
            "From release {before} to release {after}: {what} changed.",
            before=before.number,
            after=after.number,
            what=listed(changed),
        )
    else:
        said = say(
            "From release {before} to release {after}: other data sources.",
            before=before.number,
            after=after.number,
        )
    if before.score == after.score:
        score = say("Production test score: {score}.", score=after.score)
    else:
        score = say("Production test score: {before}, then {after}.", before=before.score, after=after.score)
    return f"{said} {score}"


def _side_by_side(heading: str, lines: Sequence[Beside], before: str, after: str) -> None:
    if not lines:
        return
    st.subheader(heading, anchor=False)
    st.table(
        [
            {heading: plain(line.title), before: plain(line.before), after: plain(line.after)}
            for line in lines
        ],
        border="horizontal",
        hide_index=True,
        alt=say("{heading} that differ between the two releases", heading=heading),
    )
