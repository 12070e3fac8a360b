"""A monitor before it is switched on, or changed: its rule, and where it would have fired on a past series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from lifecycle.actions import monitors as actions
from lifecycle.errors import LifecycleError
from lifecycle.interchange.register_files import RegisterFile
from lifecycle.interchange.series import Series, read_readings, read_series
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import monitors as queries
from lifecycle.queries.monitors import MonitorView, Spot
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.moments import moments_of
from lifecycle.rules.monitors import MlflowSource, MonitorSpec, number_text, problems, rule_text
from lifecycle.rules.triggers import Direction, Judgement, LimitKind, Missing, Point, replay
from lifecycle.ui import cache, charts, components, identity, navigation, state
from lifecycle.ui.components import plain
from lifecycle.ui.file_form import file_line, waiting_file
from lifecycle.ui.perform import attempt
from lifecycle.ui.project import chains
from lifecycle.ui.views import readings, series

_NEW = "monitors:form"
_UNITS = {mark("minutes"): 60, mark("hours"): 3_600, mark("days"): 86_400, mark("weeks"): 604_800}
_KINDS = {
    LimitKind.FIXED: mark("A fixed limit"),
    LimitKind.CHANGE: mark("So far away from the release's baseline"),
    LimitKind.CHANGE_SHARE: mark("So large a share away from the release's baseline"),
    LimitKind.ROW: mark("The limit that each reading brings"),
}
_SIDES = {Direction.BELOW: mark("Below it"), Direction.ABOVE: mark("Above it")}
_MISSING = {Missing.SKIP: mark("Passed over"), Missing.RESET: mark("Ends a run of breaches")}
_FETCHED = {
    "": mark("No"),
    "experiment": mark("Runs of an experiment"),
    "model": mark("Runs of a registered model"),
}
_PER_CENT = 100
_MOST_REPLAYED = 5_000  # readings of the monitor itself; a file may be longer


def show(project: ProjectHead, view: MonitorView | None) -> None:
    """The form for a new monitor, or for the rule of `view`; and its trial on a past series beneath."""
    prefix = state.fresh(f"{_NEW}:{view.key if view else 'new'}")
    base = state.base(f"{prefix}:name", view.revision if view else 0)
    _seed(prefix, view.spec if view else MonitorSpec("", Direction.BELOW))
    st.header(
        plain(say("Change “{monitor}”", monitor=view.name)) if view else say("Watch a figure"), anchor=False
    )
    spec = _fields(project, prefix, view)
    said = problems(spec)
    st.markdown(
        plain(say("It means trouble {rule}.", rule=rule_text(spec)))
        if not said
        else say("Say what is watched, and from where on."),
        anchors=False,
    )
    with st.container(horizontal=True, gap="small"):
        if st.button(
            say("Save the rule") if view else say("Watch it from now on"),
            type="primary",
            key=f"{prefix}:save",
        ):
            _save(project, view, spec, base, prefix)
        if st.button(say("Back to the monitors"), key=f"{prefix}:back"):
            navigation.go("monitors", project=project.key, monitor=view.key if view else None)
    _trial(project, prefix, view, spec, ready="limit" not in said)


def _save(project: ProjectHead, view: MonitorView | None, spec: MonitorSpec, base: int, prefix: str) -> None:
    outcome = (
        attempt(actions.change, monitor_id=view.id, base=base, spec=spec)
        if view
        else attempt(actions.create, project_id=project.id, spec=spec)
    )
    if outcome.refusal is not None:
        components.refusal(outcome.refusal)
        return
    state.renew(f"{_NEW}:{view.key if view else 'new'}")
    state.flash(
        "success", say("{monitor} is watched: trouble {rule}.", monitor=spec.name, rule=rule_text(spec))
    )
    navigation.go("monitors", project=project.key, monitor=view.key if view else None)


# ------------------------------------------------------------------ the rule


def _seed(prefix: str, spec: MonitorSpec) -> None:
    """The form begins with what holds; what is typed since stays."""
    share = spec.limit_kind is LimitKind.CHANGE_SHARE
    threshold = spec.threshold * _PER_CENT if share and spec.threshold is not None else spec.threshold
    lasting, lasting_unit = _in_unit(spec.lasting_seconds)
    expected, expected_unit = _in_unit(spec.expected_seconds)
    values = {
        "name": spec.name,
        "kind": spec.limit_kind,
        "side": spec.direction,
        "threshold": threshold,
        "baseline": spec.baseline,
        "consecutive": spec.consecutive,
        "missing": spec.missing,
        "lasting": lasting,
        "lasting_unit": lasting_unit,
        "expected": expected,
        "expected_unit": expected_unit,
        "severity": spec.severity,
        "action": spec.action,
        "source": spec.source,
        "retrain": spec.calls_retraining,
        "mlflow": _mlflow_kind(spec.mlflow),
        "mlflow_name": "" if spec.mlflow is None else spec.mlflow.experiment or spec.mlflow.model,
        "mlflow_metric": "" if spec.mlflow is None else spec.mlflow.metric,
    }
    for name, value in values.items():
        if not state.has(f"{prefix}:{name}"):
            state.put(f"{prefix}:{name}", getattr(value, "value", value))


def _fields(project: ProjectHead, prefix: str, view: MonitorView | None) -> MonitorSpec:
    before = view.spec if view else MonitorSpec("", Direction.BELOW)
    name = st.text_input(
        say("What is watched"), key=f"{prefix}:name", placeholder=say("First-attempt deliveries"), width=420
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = LimitKind(_choice(say("Limit"), _KINDS, f"{prefix}:kind", 360))
        side = Direction(_choice(say("Trouble is"), _SIDES, f"{prefix}:side", 160))
        threshold = None
        if kind is not LimitKind.ROW:
            threshold = _number(_threshold_label(kind), f"{prefix}:threshold")
    baseline = before.baseline
    if kind.needs_baseline:
        help_text = say("What the release scored when it was approved. Releases set it by themselves.")
        baseline = _number(say("Baseline"), f"{prefix}:baseline", help_text)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        consecutive = st.number_input(
            say("Breaches in a row"), min_value=1, step=1, key=f"{prefix}:consecutive", width=160
        )
        lasting = _length(say("And lasting (if it should)"), f"{prefix}:lasting")
        missing = Missing(_choice(say("A missing value is"), _MISSING, f"{prefix}:missing", 220))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        expected = _length(say("A reading is expected every"), f"{prefix}:expected")
        severities = {severity: severity.title for severity in IncidentSeverity}
        severity = IncidentSeverity(_choice(say("Its incidents are"), severities, f"{prefix}:severity", 200))
        owner = _owner(project, prefix, before.owner)
    action = st.text_input(say("What is to be done when it fires"), key=f"{prefix}:action")
    source = st.text_input(say("Where the readings come from"), key=f"{prefix}:source")
    fetched = _mlflow(prefix, before.mlflow)
    retrain = st.checkbox(
        say("Call for retraining when it fires"),
        key=f"{prefix}:retrain",
        help=say(
            "A signed call to the webhooks that listen for it; an administrator adds them under Deliveries."
        ),
    )
    if kind is LimitKind.CHANGE_SHARE and threshold is not None:
        threshold /= _PER_CENT
    return replace(
        before,
        name=" ".join((name or "").split()),
        limit_kind=kind,
        direction=side,
        threshold=threshold,
        baseline=baseline,
        consecutive=int(consecutive or 1),
        lasting_seconds=lasting,
        missing=missing,
        expected_seconds=expected,
        severity=severity,
        owner=owner,
        action=action or "",
        source=source or "",
        calls_retraining=bool(retrain),
    ).fetching(fetched)


def _mlflow_kind(source: MlflowSource | None) -> str:
    if source is None:
        return ""
    return "experiment" if source.experiment else "model"


def _mlflow(prefix: str, before: MlflowSource | None) -> MlflowSource | None:
    """What is fetched from the tracking server; offered where the administrator has named one."""
    if cache.settings().mlflow is None:
        return before
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = _choice(say("Fetch readings from the MLflow server"), _FETCHED, f"{prefix}:mlflow", 300)
        if not kind:
            return None
        label = say("Name of the experiment") if kind == "experiment" else say("Name of the registered model")
        name = st.text_input(label, key=f"{prefix}:mlflow_name", width=260)
        metric = st.text_input(say("Metric of its runs"), key=f"{prefix}:mlflow_metric", width=220)
    return MlflowSource((metric or "").strip(), **{kind: (name or "").strip()})


def _choice(label: str, words: Mapping[Any, str], key: str, width: int) -> str:
    """One of an enumeration, kept as its plain value: our own objects never live in a browser tab's state."""
    titles = {str(each): word for each, word in words.items()}
    return str(
        st.selectbox(
            label,
            list(titles),
            key=key,
            format_func=lambda value: say(str(titles.get(value, value))),
            width=width,
        )
    )


def _threshold_label(kind: LimitKind) -> str:
    return {
        LimitKind.FIXED: say("Limit is"),
        LimitKind.CHANGE: say("So far away"),
        LimitKind.CHANGE_SHARE: say("Share in %"),
    }[kind]


def _number(label: str, key: str, help_text: str | None = None) -> float | None:
    found = st.number_input(label, value=None, key=key, format="%g", width=160, help=help_text)
    return None if found is None else float(found)


def _length(label: str, key: str) -> int | None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom", width="content"):
        amount = st.number_input(label, value=None, min_value=1, step=1, key=key, width=180)
        unit = st.selectbox(
            say("Unit of that time"),
            [str(unit) for unit in _UNITS],
            key=f"{key}_unit",
            format_func=say,
            label_visibility="collapsed",
            width=110,
        )
    return None if amount is None else int(amount) * _UNITS[unit]


def _in_unit(seconds: int | None) -> tuple[int | None, str]:
    """A time in the largest unit that is whole; days where there is none."""
    if seconds is None:
        return None, "days"
    for unit, length in reversed(_UNITS.items()):
        if seconds % length == 0:
            return seconds // length, str(unit)
    return max(1, seconds // 60), "minutes"


def _owner(project: ProjectHead, prefix: str, before: str) -> str:
    """Somebody with a role on the project; a name that a plan brought stays as it is."""
    team = cache.read(
        queries.team, *chains(project), by=identity.actor(), at=identity.this_hour(), key=project.key
    )
    names = dict(team)
    options = ["", *names]
    key = f"{prefix}:owner"
    before = before.removeprefix("@")
    if before and before not in names:
        options.append(before)
    if not state.has(key):
        state.put(key, before)
    return str(
        st.selectbox(
            say("Who answers"),
            options,
            key=key,
            format_func=lambda person: plain(str(names.get(person, person))) or say("Nobody yet"),
            width=220,
        )
    )


# ------------------------------------------------------------------ the trial


@dataclass(frozen=True, slots=True)
class _Past:
    """A series to try a rule on, with the name it has on the screen."""

    what: str
    spots: tuple[Spot, ...]


def _trial(
    project: ProjectHead, prefix: str, view: MonitorView | None, spec: MonitorSpec, *, ready: bool
) -> None:
    st.header(say("Try it on a past series"), anchor=False)
    file = waiting_file()
    if file is None:
        readings.readings_form(
            say("Past series"),
            project=project.key,
            monitor=view.key if view else None,
            do="edit" if view else "new",
        )
    else:
        file_line(file, "readings:another")
    try:
        past = _past(project, prefix, view, spec, file)
        if past is None:
            st.caption(
                say("Where would it have fired? Choose a file of past readings; nothing of it is stored.")
            )
        elif not ready:
            st.caption(say("Give the limit first."))
        else:
            _replayed(past, spec)
    except LifecycleError as error:
        components.refusal(error)


def _past(
    project: ProjectHead, prefix: str, view: MonitorView | None, spec: MonitorSpec, file: RegisterFile | None
) -> _Past | None:
    if file is not None:
        own = spec.limit_kind is LimitKind.ROW
        key, column, limit = readings.columns(file, f"{prefix}:columns", own_limit=own)
        return _Past(say("in the file"), _spots(_read(file, spec, key, column, limit).points))
    if view is None or not view.readings:
        return None
    found = cache.read(
        queries.series,
        *chains(project),
        by=identity.actor(),
        at=identity.this_hour(),
        project_key=project.key,
        monitor_key=view.key,
        most=_MOST_REPLAYED,
    )
    return None if found.is_aggregated else _Past(say("stored so far"), found.spots)


def _read(file: RegisterFile, spec: MonitorSpec, key: str, column: str, limit: str) -> Series:
    """As `triggers replay` reads a file; columns that were not chosen are guessed as for pushing."""
    content, name = file.content, file.name
    found = read_readings(content, name=spec.name, key=key, column=column, filename=name)
    own = (limit or "limit") if spec.limit_kind is LimitKind.ROW else "0"
    return read_series(content, key=found.key, column=found.column, limit=own, filename=name)


def _spots(points: Sequence[Point]) -> tuple[Spot, ...]:
    moments = moments_of([point.key for point in points])
    start = identity.this_hour()
    return tuple(
        Spot(
            point.key,
            moments[number] if moments else start,
            point.value,
            point.value,
            point.value,
            point.limit,
            1,
            0,
            0,
        )
        for number, point in enumerate(points)
    )


def _replayed(past: _Past, spec: MonitorSpec) -> None:
    """The draft's own limit over the past values: what it would have made of them."""
    rule = spec.rule
    points = [Point(spot.key, spot.value, spec.limit(spot.limit), spot.at) for spot in past.spots]
    found = replay(points, rule)
    judged = [rule.judge(point) for point in points]
    drawn = [
        replace(spot, limit=point.limit, breaches=int(judgement is Judgement.BREACH))
        for spot, point, judgement in zip(past.spots, points, judged, strict=True)
    ]
    fires = [drawn[index] for index in found.fires_at]
    times = (
        say_count("it would have fired {number:,} time", "it would have fired {number:,} times", len(fires))
        if fires
        else say("it would not have fired")
    )
    missing = say(", {missing:,} missing", missing=found.missing) if found.missing else ""
    sentence = say(
        "{readings} {what}: {breaches:,} in breach{missing}; {times}.",
        readings=counted(found.points, "reading"),
        what=past.what,
        breaches=found.breaches,
        missing=missing,
        times=times,
    )
    st.markdown(plain(sentence), anchors=False)
    if spec.limit_kind.needs_baseline and spec.baseline is None:
        st.caption(say("Without a baseline nothing can be judged yet."))
    if not drawn:
        return
    shown = _thinned(drawn, {spot.key for spot in fires})
    st.plotly_chart(
        series.figure(shown, [(spot.at, spot.key) for spot in fires]),
        key="monitors:trial",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    if fires:
        with st.expander(
            say("Where it would have fired"), icon=":material/table:", expanded=len(fires) <= 10
        ):
            st.dataframe(
                {
                    say("At"): [spot.key for spot in fires],
                    say("Value"): [number_text(spot.value) for spot in fires],
                    say("Limit"): [number_text(spot.limit) for spot in fires],
                },
                hide_index=True,
            )


def _thinned(spots: list[Spot], kept: set[str]) -> list[Spot]:
    """At most a screen's worth: every n-th, with breaches and firings kept."""
    every = max(1, len(spots) // queries.PLOTTED)
    return [
        spot for number, spot in enumerate(spots) if number % every == 0 or spot.breaches or spot.key in kept
    ]
