"""Baselines of monitors: what the release that serves scored in its tests, for the figures that are watched."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from lifecycle.facts.monitors import newest_moment
from lifecycle.facts.releases import release_facts, test_results
from lifecycle.rules.releases import current, metric_key
from lifecycle.rules.triggers import LimitKind
from lifecycle.store.tables import Monitor, Release


def take_over(session: Session, release: Release) -> Mapping[str, float]:
    """Measure every monitor of a tested metric against this release from now on; key to baseline, as changed."""
    results = test_results(release.content)
    watching = select(Monitor).where(col(Monitor.project_id) == release.project_id)
    changed = {}
    for monitor in session.exec(watching.where(col(Monitor.state) != "retired").order_by(col(Monitor.id))):
        baseline = results.get(metric_key(monitor.name))
        before = (monitor.baseline, monitor.baseline_model_version)
        if baseline is None or before == (baseline, release.model_version):
            continue
        _put(session, monitor, baseline, release.model_version)
        changed[monitor.key] = baseline
    return changed


def start_from_serving(session: Session, monitor: Monitor) -> None:
    """A new monitor without a baseline of its own takes that of the release that everybody gets, if it has one."""
    serving = current(release_facts(session, monitor.project_id))
    if monitor.baseline is not None or serving is None:
        return
    release = session.get_one(Release, serving.id)
    monitor.baseline = test_results(release.content).get(metric_key(monitor.name))
    if monitor.baseline is not None:
        monitor.baseline_model_version = release.model_version


def begin_anew(session: Session, monitor: Monitor) -> None:
    """What was judged before stays; runs begin with what comes."""
    newest = newest_moment(session, monitor.id or 0)
    if newest is not None:
        monitor.evaluates_from = max(newest, monitor.evaluates_from or newest)


def _put(session: Session, monitor: Monitor, baseline: float, model_version: str) -> None:
    if monitor.baseline != baseline and LimitKind(monitor.limit_kind).needs_baseline:
        begin_anew(session, monitor)
    monitor.baseline, monitor.baseline_model_version = baseline, model_version
    monitor.revision += 1
