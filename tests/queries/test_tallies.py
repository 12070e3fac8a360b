"""Tallies beside the rows they are counted from; that they follow every change is proved in test_portfolio_past.py."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from sqlalchemy import text

from lifecycle.facts.projects import end_of_day
from lifecycle.jobs import Jobs
from lifecycle.queries import audit, portfolio_overview
from lifecycle.settings import read_settings
from lifecycle.store.database import Database
from lifecycle.store.tallies import days_kept, forget_days, is_tallied, retally
from lifecycle.vocabulary import (
    COMMAND_LINE,
    Actor,
    Level,
    OrganisationRole,
    ProjectStatus,
    Role,
    SignOffStatus,
)
from tests import factories as make
from tests.clock import START
from tests.rules.building import guide as shipped_guide
from tests.standings import assessed, listed
from tests.statements import statements

LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)


def fill(database: Database) -> None:
    with database.write() as session:
        make.cast(session)
        waiting = {Role.PRIVACY: (SignOffStatus.WAITING, 4), Role.LEGAL: (SignOffStatus.SIGNED, 3)}
        assessed(
            session, "Churn", level=Level.BLOCKED, roles=waiting, causes={"checks": 2}, stale=1, overdue=2
        )
        assessed(session, "Rota", organisation="Ports", roles=waiting, days=9)
        assessed(session, "Voice", level=Level.BLOCKED, status=ProjectStatus.STOPPED, roles=waiting)
        listed(session, "Reader", gate=None, status=ProjectStatus.ACTIVE)


def test_upgrade_counts_what_is_there(database: Database) -> None:
    fill(database)
    lines = text("SELECT project_id, content FROM tally_line ORDER BY 1")
    with database.write() as session:
        kept = session.execute(lines).all()
        for table in ("tally", "tally_line", "tally_wait"):
            session.execute(text(f"DELETE FROM {table}"))
        assert not is_tallied(session)
        import_module("lifecycle.store.migrations.versions.0015_tallies")._count(session.connection())
        assert is_tallied(session)
        assert session.execute(lines).all() == kept


def test_audit_finds_tallies_that_were_altered(database: Database) -> None:
    fill(database)
    for change in ("UPDATE tally SET number = number + 1", "DELETE FROM tally_wait WHERE queue = 'blocked'"):
        with database.write() as session:
            assert list(audit.check_tallies(session, by=COMMAND_LINE)) == []
            session.execute(text(change))
            (fault,) = audit.check_tallies(session, by=COMMAND_LINE)
            assert "db tally" in fault.sentence
            retally(session.connection())


def test_overview_of_now_and_of_a_kept_day_reads_no_project_but_the_one_it_names(database: Database) -> None:
    fill(database)
    today = START.date() + timedelta(days=1)
    jobs = Jobs(database, read_settings({}), shipped_guide(), clock=lambda: START + timedelta(days=1))
    jobs.run()
    with database.read() as session:
        assert end_of_day(START.date(), "UTC") in days_kept(session)
        for as_of in (None, START.date()):
            with statements(session) as sent:
                found = portfolio_overview.overview(session, by=LEADER, today=today, as_of=as_of)
            assert (found.total, found.running, found.stale, found.overdue) == (4, 2, 1, 1)
            reading = [each for each in sent if "project_standing" in each or "project_past" in each]
            assert all("LIMIT" in each or "line.id = " in each for each in reading), sent


def test_what_is_dated_into_a_kept_day_makes_it_count_anew(database: Database) -> None:
    fill(database)
    jobs = Jobs(database, read_settings({}), shipped_guide(), clock=lambda: START + timedelta(days=3))
    jobs.run()
    with database.write() as session:
        kept = days_kept(session)
        forget_days(session, START + timedelta(days=1))
        assert days_kept(session) == {ends for ends in kept if ends <= START + timedelta(days=1)}
