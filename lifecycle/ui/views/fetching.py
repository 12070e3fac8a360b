"""Readings that are fetched from the tracking server: how the last try went, and a try now."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from lifecycle.errors import LifecycleError
from lifecycle.interchange.fetching import fetch
from lifecycle.interchange.told import told_again
from lifecycle.language import say, say_count
from lifecycle.queries import monitors as queries
from lifecycle.queries.monitors import MonitorView
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, components, current_run, identity
from lifecycle.ui import state as tab
from lifecycle.ui.components import ago, exact, plain
from lifecycle.ui.perform import draw_again


def state(project: ProjectHead, view: MonitorView, now: datetime) -> None:
    """What is fetched, when that was last done, and what stood in the way. It changes without an event."""
    source = view.spec.mlflow
    if source is None:
        return
    if cache.settings().mlflow is None:
        st.warning(
            say(
                "Readings are to be fetched from MLflow ({source}), but no server is named. "
                "An administrator sets LIFECYCLE_MLFLOW_URL.",
                source=plain(source.text),
            ),
            icon=":material/cloud_off:",
        )
        return
    asked = {"by": identity.actor(), "at": identity.this_hour()}
    found = cache.read_now(queries.fetch_of, **asked, project_key=project.key, monitor_id=view.id)
    if found is None:
        st.caption(
            plain(
                say(
                    "Fetched from MLflow: {source}. The first time is within the next minute.",
                    source=source.text,
                )
            )
        )
        return
    if not found.failure:
        st.caption(
            plain(
                say(
                    "Fetched from MLflow: {source}. Last asked {ago}.",
                    source=source.text,
                    ago=ago(found.tried_at, now),
                )
            )
        )
        return
    before = (
        say("It never worked yet.")
        if found.fetched_at is None
        else say("It last worked {moment}.", moment=exact(found.fetched_at))
    )
    st.warning(
        plain(
            say(
                "{failure} {earlier} Nothing is lost: it is tried again at {moment}, and what came "
                "meanwhile is fetched then.",
                failure=told_again(found.failure),
                earlier=before,
                moment=exact(found.next_at),
            )
        ),
        icon=":material/cloud_off:",
    )


def button(view: MonitorView) -> None:
    """Ask at once instead of waiting for the server's next turn."""
    if view.spec.mlflow is None or cache.settings().mlflow is None:
        return
    if not st.button(say("Fetch now"), icon=":material/cloud_download:", key=f"monitors:fetch:{view.id}"):
        return
    try:
        with st.spinner(say("Asking the MLflow server…")):
            done = fetch(
                cache.database(),
                cache.settings().mlflow,
                by=identity.actor(),
                at=identity.now(),
                guide=cache.current_guide(),
                monitor_id=view.id,
            )
    except LifecycleError as error:
        components.refusal(error)
        return
    current_run.forget()
    if done.failure:
        tab.flash("warning", done.failure)
    elif done.pushed.stored:
        tab.flash(
            "success",
            say_count("{number:,} reading fetched.", "{number:,} readings fetched.", done.pushed.stored),
        )
    else:
        tab.flash("success", say("Nothing new has come since."))
    draw_again()
