"""Who runs a job: one holder at a time on one database, whatever number of servers there are. No events."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from lifecycle.store.tables import JobLease

LASTS = timedelta(minutes=5)


def take(session: Session, *, job: str, holder: str, at: datetime) -> bool:
    """Whether the job is this holder's now. Writers come one after another, so two never both get it.

    A holder that died keeps it until its time has run out.
    """
    lease = session.get(JobLease, job) or JobLease(job=job)
    if lease.held_until is not None and lease.held_until > at and lease.holder != holder:
        return False
    lease.holder, lease.held_until, lease.started_at = holder, at + LASTS, at
    session.add(lease)
    return True


def extend(session: Session, *, job: str, holder: str, at: datetime) -> bool:
    """Go on for a while; False when somebody else has taken over since."""
    lease = session.get(JobLease, job)
    if lease is None or lease.holder != holder:
        return False
    lease.held_until = at + LASTS
    return True


def give_back(session: Session, *, job: str, holder: str, at: datetime, said: str) -> None:
    """Done; `said` is what became of it, for the screen."""
    lease = session.get(JobLease, job)
    if lease is not None and lease.holder == holder:
        lease.held_until, lease.finished_at, lease.said = None, at, said
