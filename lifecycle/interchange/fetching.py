"""Readings of one monitor from the tracking server: asked for outside of any transaction, stored in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.actions import fetches, monitors
from lifecycle.actions.monitors import Pushed
from lifecycle.errors import LifecycleError, Refused, Unavailable
from lifecycle.guide import Guide
from lifecycle.interchange import mlflow
from lifecycle.interchange.mlflow import Stored
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.queries import monitors as queries
from lifecycle.settings import Mlflow
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Blocker


@dataclass(frozen=True, slots=True)
class FetchDone:
    """What came, and why not all of it; `failure` is noted with the monitor too."""

    pushed: Pushed
    failure: str = ""


def fetch(
    database: Database, server: Mlflow | None, *, by: Actor, at: datetime, guide: Guide, monitor_id: int
) -> FetchDone:
    """Ask for what is new and store it. Killed at any place, the next go finds the same again.

    Raises Refused where there is no server or nothing to fetch, and what `push` raises for want of permission.
    """
    with database.read() as session:
        source = queries.to_be_fetched(session, by=by, monitor_id=monitor_id)
    if server is None:
        raise Refused(
            Blocker(
                "mlflow:none",
                say("An administrator has to name the MLflow server first (LIFECYCLE_MLFLOW_URL)."),
            )
        )

    def stored(keys: Sequence[str]) -> Stored:
        with database.read() as session:
            return queries.values_under(session, monitor_id=monitor_id, keys=keys)

    found = mlflow.fetch(server, source, stored)
    pushed, failure, told = Pushed(), str(found.failure), f"{found.failure}"
    if found.readings:
        try:
            with speaking(ENGLISH), database.write() as session:  # what is refused is kept for others
                pushed = monitors.push(
                    session,
                    by=by,
                    at=at,
                    guide=guide,
                    monitor_id=monitor_id,
                    readings=found.readings,
                    method="mlflow",
                )
        except Unavailable:
            raise
        except LifecycleError as error:
            failure = told = str(error)
    with database.write() as session:
        fetches.note(session, monitor_id=monitor_id, at=at, failure=failure, has_more=found.has_more)
    return FetchDone(pushed, told)
