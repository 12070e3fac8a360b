"""What is watched on a project: every figure with its rule and newest reading, and the series of one of them.

The list and the series look by themselves whether something has come; forms stand outside of them, because what is
half typed must not be drawn over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from lifecycle.actions import monitors as actions
from lifecycle.interchange.told import told_again
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import monitors as queries
from lifecycle.queries.monitors import MonitorsView, MonitorView, SeriesView, Spot
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.monitors import length_text, number_text
from lifecycle.ui import cache, charts, components, identity, navigation
from lifecycle.ui.components import ago, empty_state, exact, page_header, plain, semicolons
from lifecycle.ui.emptying_form import EmptyingForm
from lifecycle.ui.methods import way_in
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import fetching, imported, monitor_form, readings, series

LOOKS_EVERY = 5  # seconds
SERIES = "monitors:series"
_SHOWN = 300  # readings in the table beneath a chart
MARKS = {
    "fine": Mark(mark("Fine"), "green", "check_circle"),
    "breach": Mark(mark("In breach"), "red", "warning"),
    "missing": Mark(mark("Newest is missing"), "orange", "help"),
    "silent": Mark(mark("Silent"), "orange", "volume_off"),
    "paused": Mark(mark("Paused"), "gray", "pause_circle"),
    "retired": Mark(mark("Retired"), "gray", "archive"),
    "empty": Mark(mark("No readings yet"), "gray", "hourglass_empty"),
}


def show(project: ProjectHead) -> None:
    """The page: a form where the address asks for one, otherwise what is watched."""
    if not project.is_adopted:
        imported.not_yet(project, say("Monitors"))
        return
    found = view_of(project)
    page_header(
        say("Monitors"),
        about=say(
            "{project}. What is watched in production, and from which level on it means trouble.",
            project=project.name,
        ),
    )
    if navigation.here("do") in ("new", "edit") and found.rights.edit:
        monitor_form.show(project, chosen_of(found) if navigation.here("do") == "edit" else None)
        return
    _to_do(project, found)
    st.fragment(_watch, run_every=LOOKS_EVERY, key="monitors:watch")(project)
    chosen = chosen_of(found)
    if chosen is not None:
        _change(project, found, chosen)


def view_of(project: ProjectHead) -> MonitorsView:
    asked = {"by": identity.actor(), "at": identity.this_hour(), "key": project.key}
    return cache.read_with_guide(queries.of_project, *chains(project), **asked)


def chosen_of(found: MonitorsView) -> MonitorView | None:
    """The one that the address names, else the first that is in breach, else the first."""
    asked = navigation.here("monitor")
    named = [view for view in found.monitors if view.key == asked]
    alarming = [view for view in found.monitors if view.state == "on" and view.is_in_breach]
    return next(iter([*named, *alarming, *found.monitors]), None)


# ------------------------------------------------------------------ beginning


def _to_do(project: ProjectHead, found: MonitorsView) -> None:
    """The plan's rows that nobody watches yet, with one click for all of them; a monitor of one's own."""
    waiting = [row for row in found.plan if not row.monitor_key and not row.problem]
    if not found.monitors:
        empty_state(
            say("Nothing is watched yet"),
            say(
                "Take over what the monitoring plan (R13) promises, or watch a figure of your own. Then push readings "
                "by file, command line or program."
            ),
            icon="monitoring",
        )
    if not found.rights.create:
        return
    with st.container(horizontal=True, gap="small"):
        if waiting and st.button(
            say("Watch what is planned ({number})", number=len(waiting)),
            icon=":material/playlist_add_check:",
            type="primary",
            key="monitors:from_plan",
            help=plain(
                semicolons(say("{metric}: {rule}", metric=row.metric, rule=row.rule) for row in waiting)
            ),
        ):
            perform(
                actions.create_from_plan,
                done=say_count(
                    "{number:,} figure of the plan will be watched from now on.",
                    "{number:,} figures of the plan will be watched from now on.",
                    len(waiting),
                ),
                project_id=project.id,
            )
        if st.button(say("Watch a figure"), icon=":material/add:", key="monitors:new"):
            navigation.go("monitors", project=project.key, do="new")
    lacking = [row for row in found.plan if row.problem and not row.monitor_key]
    if lacking:
        names = ", ".join(say("“{metric}”", metric=row.metric) for row in lacking)
        st.caption(
            plain(
                say(
                    "The plan gives no threshold for {names}, or does not say on which side trouble is.",
                    names=names,
                )
            )
        )


# ------------------------------------------------------------------ what is watched


def _watch(project: ProjectHead) -> None:
    """Drawn again every few seconds: what came meanwhile is there without reloading."""
    found = view_of(project)
    if not found.monitors:
        return
    now = identity.now()
    st.markdown(plain(_sentence(found)), anchors=False)
    _alarms(project, found)
    chosen = chosen_of(found)
    with st.container(gap="xsmall"):
        for view in found.monitors:
            _row(project, view, now, is_chosen=view is chosen)
    if chosen is not None:
        _series(project, chosen, now)


def _sentence(found: MonitorsView) -> str:
    watched = [view for view in found.monitors if view.state == "on"]
    parts = [say_count("{number:,} figure is watched", "{number:,} figures are watched", len(watched))]
    in_breach = [view for view in watched if view.is_in_breach]
    silent = [view for view in watched if view.is_silent]
    if in_breach:
        parts.append(say("{names} in breach", names=", ".join(view.name for view in in_breach[:3])))
    if silent:
        parts.append(say("{names} silent", names=", ".join(view.name for view in silent[:3])))
    if not in_breach and not silent and watched:
        parts.append(say("none of them in breach"))
    return f"{semicolons(parts)}."


def _alarms(project: ProjectHead, found: MonitorsView) -> None:
    """Incidents that go on, and the sign-offs whose ground they took."""
    for view in found.monitors:
        if view.incident_id is None:
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(
                say(
                    ":red[:material/emergency_home:] An incident of **{monitor}** is open.",
                    monitor=plain(view.name),
                ),
                width="stretch",
                anchors=False,
            )
            if st.button(
                say("Open the incident"), key=f"monitors:incident:{view.incident_id}", type="tertiary"
            ):
                navigation.go("incidents", project=project.key, incident=view.incident_id)
    for ground in found.lost_ground:
        st.warning(
            say(
                "The sign-off of {role} at the {gate} gate is stale. {reason}",
                role=ground.role.title,
                gate=ground.gate.title,
                reason=plain(ground.reason),
            ),
            icon=":material/history_toggle_off:",
        )


def mark_of(view: MonitorView) -> Mark:
    """How it stands, gravest first."""
    if view.state != "on":
        return MARKS[view.state]
    if view.is_in_breach:
        return MARKS["breach"]
    if view.is_silent:
        return MARKS["silent"]
    return MARKS[view.latest_verdict or "empty"]


def _row(project: ProjectHead, view: MonitorView, now: datetime, *, is_chosen: bool) -> None:
    with st.container(border=is_chosen, horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            plain(view.name),
            key=f"monitors:choose:{view.id}",
            type="tertiary",
            icon=":material/chevron_right:" if not is_chosen else ":material/expand_more:",
        ):
            navigation.go("monitors", project=project.key, monitor=view.key)
        components.badge(mark_of(view))
        st.caption(plain(_facts(view, now)), width="content")


def _facts(view: MonitorView, now: datetime) -> str:
    said = [say("trouble {rule}", rule=view.rule)]
    if view.latest_at is not None:
        said.append(
            say(
                "newest {value} ({key})",
                value=number_text(view.latest_value),
                key=view.latest_key,
            )
        )
        said.append(say("arrived {ago}", ago=ago(view.heard_at, now)))
    if view.spec.expected_seconds:
        said.append(say("expected every {length}", length=length_text(view.spec.expected_seconds)))
    if view.owner:
        said.append(say("{who} answers", who=view.owner))
    return " · ".join(said)


# ------------------------------------------------------------------ one series


def _series(project: ProjectHead, view: MonitorView, now: datetime) -> None:
    asked = {"by": identity.actor(), "at": identity.this_hour()}
    found = cache.read(
        queries.series, *chains(project), **asked, project_key=project.key, monitor_key=view.key
    )
    st.header(plain(view.name), anchor=False)
    fetching.state(project, view, now)
    if not found.spots:
        st.caption(say("No reading has come yet. Push a file below, or let a program push them."))
        return
    sentence = _series_sentence(found)
    st.markdown(plain(sentence), anchors=False)
    st.plotly_chart(
        series.figure(
            found.spots,
            [(each.at, each.key) for each in found.firings if each.holds and each.kind == "breach"],
        ),
        key=SERIES,
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    with st.expander(say("The same as a table"), icon=":material/table:"):
        _table(found.spots)
    if found.firings:
        with st.expander(
            say("Firings ({number})", number=len(found.firings)),
            icon=":material/notifications_active:",
        ):
            _firings(found)
    with st.expander(say("How readings arrived"), icon=":material/inbox:"):
        _arrivals(found, now)


def _series_sentence(found: SeriesView) -> str:
    breaches = (
        say("{breaches:,} in breach", breaches=found.breaches) if found.breaches else say("none in breach")
    )
    missing = say(", {missing:,} missing", missing=found.missing) if found.missing else ""
    fired = sum(each.holds for each in found.firings)
    times = (
        say_count("it fired {number:,} time", "it fired {number:,} times", fired)
        if fired
        else say("it never fired")
    )
    drawn = say(" Neighbours are drawn together.") if found.is_aggregated else ""
    return say(
        "{readings}, {breaches}{missing}; {times}.{drawn}",
        readings=counted(found.readings, "reading"),
        breaches=breaches,
        missing=missing,
        times=times,
        drawn=drawn,
    )


def _table(spots: Sequence[Spot]) -> None:
    newest = list(reversed(spots))[:_SHOWN]
    st.dataframe(
        {
            say("Reading"): [spot.key for spot in newest],
            say("Value"): [spot.value for spot in newest],
            say("Limit"): [spot.limit for spot in newest],
            say("In breach"): [spot.breaches for spot in newest],
            say("Missing"): [spot.missing for spot in newest],
            say("Readings"): [spot.readings for spot in newest],
        },
        hide_index=True,
    )


def _firings(found: SeriesView) -> None:
    st.dataframe(
        {
            say("At"): [
                each.key if each.kind == "breach" else say("silent since {moment}", moment=exact(each.at))
                for each in found.firings
            ],
            say("Value"): [each.value for each in found.firings],
            say("Limit"): [each.limit for each in found.firings],
            say("Noticed"): [exact(each.fired_at) for each in found.firings],
            say("Incident"): [each.incident_id for each in found.firings],
            say("Still follows"): [
                say("yes") if each.holds else say("no, later readings say otherwise")
                for each in found.firings
            ],
        },
        hide_index=True,
    )


def _arrivals(found: SeriesView, now: datetime) -> None:
    st.caption(say("The last {number} batches, newest first.", number=len(found.arrivals)))
    st.dataframe(
        {
            say("When"): [exact(each.at) for each in found.arrivals],
            say("By"): [each.who or way_in(each.method) for each in found.arrivals],
            say("Stored"): [each.stored for each in found.arrivals],
            say("Known already"): [each.unchanged for each in found.arrivals],
            say("Missing"): [each.missing for each in found.arrivals],
            say("Late"): [each.late for each in found.arrivals],
            say("Refused"): [each.refused for each in found.arrivals],
        },
        hide_index=True,
    )
    refused = [problem for each in found.arrivals for problem in each.problems][:12]
    for place, text in refused:
        st.caption(plain(say("{place}: {text}", place=told_again(place), text=told_again(text))))


# ------------------------------------------------------------------ changing it


def _change(project: ProjectHead, found: MonitorsView, view: MonitorView) -> None:
    if view.spec.action:
        st.markdown(
            say("**What is to be done when it fires:** {action}", action=plain(view.spec.action)),
            anchors=False,
        )
    if found.rights.push and view.state != "retired":
        fetching.button(view)
        readings.upload(project, view)
    if not found.rights.edit or view.state == "retired":
        return
    with st.container(horizontal=True, gap="small"):
        if st.button(say("Change the rule"), icon=":material/tune:", key=f"monitors:edit:{view.id}"):
            navigation.go("monitors", project=project.key, monitor=view.key, do="edit")
        if found.rights.correct and view.readings:
            with st.popover(say("Correct a reading"), icon=":material/edit:", width="content"):
                readings.correct(view)
        if view.state == "paused":
            if st.button(say("Switch it on"), icon=":material/play_arrow:", key=f"monitors:resume:{view.id}"):
                perform(
                    actions.resume,
                    done=say("{monitor} is watched again.", monitor=view.name),
                    monitor_id=view.id,
                )
        else:
            with st.popover(say("Pause"), icon=":material/pause:", width="content"):
                _with_reason(
                    view,
                    "Pause",
                    say("Pause it"),
                    actions.pause,
                    say("{monitor} is paused; readings are still stored.", monitor=view.name),
                )
        if found.rights.retire:
            with st.popover(say("Retire"), icon=":material/archive:", width="content"):
                _with_reason(
                    view,
                    "Retire",
                    say("Retire it"),
                    actions.retire,
                    say("{monitor} is retired.", monitor=view.name),
                )


def _with_reason(view: MonitorView, name: str, button: str, action: Callable[..., object], done: str) -> None:
    form = EmptyingForm(f"monitors:{name}:{view.id}")
    with form.drawn():
        reason = st.text_input(say("Reason"), key=form.key("reason"))
        if st.form_submit_button(button, type="primary"):
            form.send(action, done, monitor_id=view.id, reason=reason)
