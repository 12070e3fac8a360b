"""Registers into a real database: counts, ids, one event a run, and what a person decided stays decided."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from lifecycle.actions.projects import map_stage
from lifecycle.actions.registers import Imported, undo_import
from lifecycle.errors import Forbidden, NotFound, Refused
from lifecycle.events import ORGANISATION, verify_all
from lifecycle.guide import Guide
from lifecycle.interchange.register_import import apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import (
    Answer,
    Event,
    ImportRun,
    Project,
    ProjectStanding,
    RegisterChange,
    RegisterEntry,
    RegisterProblem,
    SignOff,
)
from lifecycle.vocabulary import COMMAND_LINE, Actor, OrganisationRole, Stage
from tests.clock import Clock

HEADERS = ("ID", "Project Name", "Department", "Status", "Summary")
ADA = Actor("ada", "Ada", OrganisationRole.ADMINISTRATOR)
NO_GUIDE = cast(Guide, None)  # placing a project that nobody assesses here reads no guide
MEMBER = Actor("ben", "Ben", OrganisationRole.MEMBER)


def reading(*rows: Sequence[str], headers: Sequence[str] = HEADERS) -> RegisterReading:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([headers, *rows])
    return read_register(buffer.getvalue().encode(), "ours.csv")


def run(database: Database, register: RegisterReading, at: datetime, by: Actor = ADA) -> Imported:
    with database.write() as session:
        return apply_import(session, register, by=by, at=at)


def state(session: Session) -> list[tuple[int | None, str, str, str | None, str]]:
    """Every project as id, key, name, stage, status."""
    return [
        (p.id, p.key, p.name, p.stage, p.status)
        for p in session.exec(select(Project).order_by(col(Project.id)))
    ]


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.added, done.changed, done.unchanged, done.gone


BERTH = ("1", "Berth planner", "Ports", "Live", "Plans berths")
CRANE = ("2", "Crane rota", "Ports", "Simmering", "")
TWINS = [("", "Twin", "Ports", "Planned", "left"), ("", "Twin", "Ports", "Retired", "right")]


def test_import_makes_projects_that_say_what_the_register_says(database: Database, clock: Clock) -> None:
    done = run(database, reading(BERTH, CRANE, *TWINS), clock())
    assert counts(done) == (4, 0, 0, 0)
    with database.read() as session:
        assert [(key, stage, status) for _, key, _, stage, status in state(session)] == [
            ("berth-planner", "production", "live"),
            ("crane-rota", None, "active"),
            ("twin", "discovery", "active"),
            ("twin-2", "production", "retired"),
        ]
        berth, crane, *_ = session.exec(select(Project).order_by(col(Project.id)))
        assert (berth.origin, berth.adopted_at, berth.gate, berth.organisation) == (
            "register",
            None,
            "operate",
            "Ports",
        )
        assert (crane.gate, crane.furthest_stage) == (None, None)
        entry = session.get_one(RegisterEntry, berth.id)
        assert json.loads(entry.facts) == [["Purpose", "Plans berths"]]
        assert (entry.external_id, entry.row_number, entry.stage_word) == ("1", 2, "Live")
        for table in (Answer, SignOff, ProjectStanding):
            assert session.exec(select(func.count()).select_from(table)).one() == 0


def test_importing_twice_changes_nothing_and_logs_each_run_once(database: Database, clock: Clock) -> None:
    register = reading(BERTH, CRANE, *TWINS)
    run(database, register, clock())
    with database.read() as session:
        before = state(session)
        planned = plan_import(session, register)
    again = run(database, register, clock())
    assert counts(again) == (0, 0, 4, 0)
    assert (planned.added, planned.changed, planned.unchanged, planned.gone) == (0, 0, 4, 0)
    with database.read() as session:
        assert state(session) == before
        events = session.exec(select(Event)).all()
        assert [(event.chain, event.action) for event in events] == [(ORGANISATION, "register.imported")] * 2
        first, second = (json.loads(event.detail) for event in events)
        assert (first["digest"], first["rows"], len(first["added"])) == (register.file_digest, 4, 4)
        assert (second["added"], second["changed"], second["unchanged"]) == ([], [], 4)
        assert verify_all(session) == []


def test_plan_foretells_the_import_and_writes_nothing(database: Database, clock: Clock) -> None:
    run(database, reading(BERTH, CRANE), clock())
    later = reading((*BERTH[:4], "Plans more"), ("3", "New one", "Ports", "Live", ""))
    with database.read() as session:
        planned = plan_import(session, later)
        assert len(state(session)) == 2
    done = run(database, later, clock())
    assert (planned.added, planned.changed, planned.unchanged, planned.gone) == counts(done) == (1, 1, 0, 1)


def test_rows_in_another_order_keep_their_projects(database: Database, clock: Clock) -> None:
    rows = [BERTH, CRANE, *TWINS, TWINS[0]]
    run(database, reading(*rows), clock())
    with database.read() as session:
        before = state(session)
    assert counts(run(database, reading(*reversed(rows)), clock())) == (0, 0, 5, 0)
    with database.read() as session:
        assert state(session) == before
        numbers = {entry.external_id: entry.row_number for entry in session.exec(select(RegisterEntry))}
        assert (numbers["1"], numbers["2"]) == (6, 5)


def test_changed_row_changes_its_project_and_its_facts(database: Database, clock: Clock) -> None:
    run(database, reading(BERTH, CRANE), clock())
    renamed = ("1", "Berth planner 2", "PORTS", "Retired", "Planned berths")
    assert counts(run(database, reading(renamed, CRANE), clock())) == (0, 1, 1, 0)
    with database.read() as session:
        berth = session.exec(select(Project).where(Project.key == "berth-planner")).one()
        assert (berth.name, berth.organisation, berth.status) == ("Berth planner 2", "PORTS", "retired")
        assert "Planned berths" in session.get_one(RegisterEntry, berth.id).facts


def test_row_left_out_is_marked_gone_once_and_comes_back(database: Database, clock: Clock) -> None:
    whole, part = reading(BERTH, CRANE), reading(BERTH)
    gone = [counts(run(database, register, clock()))[3] for register in (whole, part, part)]
    assert gone == [0, 1, 0]
    assert counts(run(database, whole, clock())) == (0, 1, 1, 0)
    with database.read() as session:
        assert all(entry.gone_at is None for entry in session.exec(select(RegisterEntry)))
        assert len(state(session)) == 2


def test_stage_chosen_by_a_person_outlives_later_imports(database: Database, clock: Clock) -> None:
    run(database, reading(BERTH, CRANE), clock())
    with database.read() as session:
        crane = session.exec(select(Project).where(Project.key == "crane-rota")).one()
    with database.write() as session:
        map_stage(session, by=ADA, at=clock(), guide=NO_GUIDE, project_id=crane.id or 0, stage=Stage.DESIGN)
    edited = (*CRANE[:4], "A new summary")
    run(database, reading(BERTH, edited), clock())
    with database.read() as session:
        assert session.get_one(Project, crane.id).stage == "design"
    run(database, reading(BERTH, ("2", "Crane rota", "Ports", "Live", "")), clock())
    with database.read() as session:
        assert session.get_one(Project, crane.id).status == "live"


def test_adopted_project_keeps_its_stage_and_name_while_its_facts_follow(
    database: Database, clock: Clock
) -> None:
    run(database, reading(BERTH), clock())
    with database.write() as session:
        berth = session.exec(select(Project)).one()
        berth.adopted_at, berth.stage, berth.gate = clock(), "design", "design"
    later = ("1", "Another name", "PORTS", "Retired", "New")
    assert run(database, reading(later), clock()).changed == 1
    with database.read() as session:
        berth = session.exec(select(Project)).one()
        assert (berth.name, berth.organisation, berth.stage, berth.status) == (
            "Berth planner",
            "Ports",
            "design",
            "live",
        )
        assert session.exec(select(RegisterEntry)).one().stage_word == "Retired"


def test_undo_archives_what_an_import_brought_and_importing_again_brings_it_back(
    database: Database, clock: Clock
) -> None:
    run(database, reading(BERTH), clock())
    second = run(database, reading(BERTH, CRANE, TWINS[0]), clock())
    with database.write() as session:
        assert undo_import(session, by=ADA, at=clock(), run_id=second.run_id) == 2
    with database.read() as session:
        archived = {project.key for project in session.exec(select(Project)) if project.archived_at}
        assert archived == {"crane-rota", "twin"}
        before = state(session)
        assert verify_all(session) == []
    with database.write() as session, pytest.raises(Refused, match="already"):
        undo_import(session, by=ADA, at=clock(), run_id=second.run_id)
    with database.write() as session, pytest.raises(NotFound):
        undo_import(session, by=ADA, at=clock(), run_id=99)
    assert counts(run(database, reading(BERTH, CRANE, TWINS[0]), clock())) == (2, 0, 1, 0)
    assert counts(run(database, reading(BERTH, CRANE, TWINS[0]), clock())) == (0, 0, 3, 0)
    with database.read() as session:
        assert state(session) == before
        assert not [project for project in session.exec(select(Project)) if project.archived_at]


def everything(session: Session) -> dict[str, tuple[object, ...]]:
    """All that imports write of each project, whatever is archived."""
    return {
        project.key: (
            *(
                project.name,
                project.organisation,
                project.stage,
                project.status,
                project.gate,
                project.stage_since,
            ),
            *(entry.run_id, entry.row_number, entry.content_digest, entry.stage_word, entry.risk),
            *(entry.facts, entry.others, entry.gone_at),
        )
        for project, entry in session.exec(
            select(Project, RegisterEntry).where(col(RegisterEntry.project_id) == col(Project.id))
        )
        if project.archived_at is None
    }


LINE = st.tuples(
    st.sampled_from(["Berth planner", "Crane rota", "Twin", "Signal box"]),
    st.sampled_from(["Ports", "Rail"]),
    st.sampled_from(["Live", "Planned", "Simmering"]),
    st.sampled_from(["", "left", "right"]),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(LINE, min_size=1, max_size=6), second=st.lists(LINE, min_size=1, max_size=6))
def test_taking_an_import_back_leaves_everything_as_it_was_before_it(
    new_database: Callable[[], str], first: list[tuple[str, ...]], second: list[tuple[str, ...]]
) -> None:
    database, clock = open_database(new_database()), Clock()
    one, other = (reading(*[("", *line) for line in lines]) for lines in (first, second))
    run(database, one, clock())
    with database.read() as session:
        before = everything(session)
    done = run(database, other, clock())
    with database.read() as session:
        after = everything(session)
    with database.write() as session:
        undo_import(session, by=ADA, at=clock(), run_id=done.run_id)
    with database.read() as session:
        assert everything(session) == before
        assert verify_all(session) == []
        planned = plan_import(session, other)
    assert (planned.added, planned.changed, planned.gone) == (done.added, done.changed, done.gone)
    run(database, other, clock())
    with database.read() as session:
        assert set(everything(session)) == set(after)
    database.dispose()


def test_import_under_a_later_one_is_taken_back_only_after_it(database: Database, clock: Clock) -> None:
    first = run(database, reading(BERTH, CRANE), clock())
    second = run(database, reading((*BERTH[:4], "Plans more"), CRANE), clock())
    with database.write() as session, pytest.raises(Refused, match="Take that one back first"):
        undo_import(session, by=ADA, at=clock(), run_id=first.run_id)
    for run_id in (second.run_id, first.run_id):
        with database.write() as session:
            undo_import(session, by=ADA, at=clock(), run_id=run_id)
    with database.read() as session:
        assert everything(session) == {}
        actions = [event.action for event in session.exec(select(Event).order_by(col(Event.id)))]
        assert actions == ["register.imported"] * 2 + ["register.undone"] * 2


def test_what_people_did_since_outlives_taking_an_import_back(database: Database, clock: Clock) -> None:
    run(database, reading(BERTH, CRANE), clock())
    later = reading(
        ("1", "Berth planner", "Ports", "Planned", "x"), ("2", "Crane rota", "Ports", "Planned", "y")
    )
    second = run(database, later, clock())
    with database.write() as session:
        berth, crane = session.exec(select(Project).order_by(col(Project.id))).all()
        berth.adopted_at = clock()
        map_stage(session, by=ADA, at=clock(), guide=NO_GUIDE, project_id=crane.id or 0, stage=Stage.DESIGN)
        undo_import(session, by=ADA, at=clock(), run_id=second.run_id)
    with database.read() as session:
        berth, crane = session.exec(select(Project).order_by(col(Project.id))).all()
        assert (berth.stage, crane.stage) == ("discovery", "design")
        words = [
            entry.stage_word
            for entry in session.exec(select(RegisterEntry).order_by(col(RegisterEntry.row_number)))
        ]
        assert words == ["Live", "Simmering"]


def test_plan_names_each_field_that_an_import_would_change(database: Database, clock: Clock) -> None:
    headers = (*HEADERS, "Colour")
    run(database, reading((*BERTH, "grey"), (*CRANE, ""), headers=headers), clock())
    later = reading(
        ("1", "Berth planner 2", "Ports", "Retired", "", "green"),
        ("3", "New", "Ports", "Live", "", ""),
        headers=headers,
    )
    with database.read() as session:
        plan = plan_import(session, later)
    (change,) = plan.changes
    assert (change.key, change.name, change.row) == ("berth-planner", "Berth planner 2", 2)
    assert [(each.field, each.before, each.after) for each in change.fields] == [
        ("Name", "Berth planner", "Berth planner 2"),
        ("Stage word", "Live", "Retired"),
        ("Stage here", "Production, live", "Production, retired"),
        ("Purpose", "Plans berths", ""),
        ("Colour", "grey", "green"),
    ]
    assert [each.name for each in plan.new] == ["New"]
    assert [each.name for each in plan.left_out] == ["Crane rota"]
    done = run(database, later, clock())
    with database.read() as session:
        kept = session.exec(select(RegisterChange).where(col(RegisterChange.run_id) == done.run_id)).all()
        assert [(each.kind, len(json.loads(each.fields))) for each in kept] == [("changed", 5), ("gone", 1)]


def test_lists_without_organisations_do_not_clear_each_other(database: Database, clock: Clock) -> None:
    headers = ("Project Name", "Status")
    run(database, reading(("Berth planner", "Live"), ("Crane rota", "Live"), headers=headers), clock())
    done = run(database, reading(("Signal box", "Live"), ("Tide table", "Live"), headers=headers), clock())
    assert counts(done) == (2, 0, 0, 0)
    done = run(database, reading(("Signal box", "Live"), headers=headers), clock())
    assert counts(done) == (0, 0, 1, 1)


def test_organisation_that_leaves_a_later_issue_of_the_same_file_is_gone(
    database: Database, clock: Clock
) -> None:
    rows = [(str(n), f"Project {n}", "Ports", "Live", "") for n in range(6)]
    run(database, reading(*rows, ("9", "Signal box", "Rail", "Live", "")), clock())
    assert counts(run(database, reading(*rows), clock())) == (0, 0, 6, 1)


def test_problems_are_kept_with_their_row_and_column(database: Database, clock: Clock) -> None:
    done = run(database, reading(("7", "", "Ports", "Live", ""), ("", "", "Ports", "Live", "?")), clock())
    with database.read() as session:
        problems = session.exec(select(RegisterProblem).order_by(col(RegisterProblem.row_number))).all()
        assert [(each.run_id, each.row_number, each.column) for each in problems] == [
            (done.run_id, 2, "Project Name"),
            (done.run_id, 3, "Project Name"),
        ]
        assert [name for _, _, name, _, _ in state(session)] == ["7"]


def test_only_administrators_import_and_undo(database: Database, clock: Clock) -> None:
    with pytest.raises(Forbidden):
        run(database, reading(BERTH), clock(), by=MEMBER)
    done = run(database, reading(BERTH), clock(), by=COMMAND_LINE)
    with pytest.raises(Forbidden), database.write() as session:
        undo_import(session, by=MEMBER, at=clock(), run_id=done.run_id)
    with database.read() as session:
        assert len(session.exec(select(Event)).all()) == 1


def test_failure_halfway_leaves_nothing_behind(database: Database, clock: Clock) -> None:
    def fail(done: int, _total: int) -> None:
        if done >= 5:
            raise ZeroDivisionError

    many = reading(*[(str(n), f"Project {n}", "Ports", "Live", "") for n in range(40)])
    with pytest.raises(ZeroDivisionError), database.write() as session:
        apply_import(session, many, by=ADA, at=clock(), progress=fail)
    with database.read() as session:
        for table in (Project, RegisterEntry, ImportRun, Event):
            assert session.exec(select(func.count()).select_from(table)).one() == 0


# ------------------------------------------------------------------ the public registers


def test_american_register_is_imported_whole_twice_with_progress(
    database: Database, clock: Clock, shared_data: Path
) -> None:
    name = "us-federal-2024-v2.csv"
    register = read_register((shared_data / "portfolio" / name).read_bytes(), name)
    steps: list[tuple[int, int]] = []
    with database.write() as session:
        first = apply_import(
            session, register, by=COMMAND_LINE, at=clock(), progress=lambda *step: steps.append(step)
        )
    assert counts(first) == (2133, 0, 0, 0)
    assert len({done for done, _ in steps}) >= 5
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (2133, 2133)
    with database.read() as session:
        before = state(session)
        found = Counter((stage, status) for *_, stage, status in before)
        assert found == {
            ("discovery", "active"): 29,
            ("feasibility", "active"): 370,
            ("model", "active"): 404,
            ("production", "rollout"): 287,
            ("production", "live"): 892,
            ("production", "retired"): 142,
            (None, "active"): 9,
        }
        assert len({key for _, key, *_ in before}) == 2133
        assert session.exec(select(func.count(func.distinct(Project.organisation)))).one() == 41
    assert counts(run(database, register, clock())) == (0, 0, 2133, 0)
    with database.read() as session:
        assert state(session) == before
        assert session.exec(select(func.count()).select_from(Event)).one() == 2


def test_agencies_files_of_one_register_do_not_mark_each_other_gone(
    database: Database, clock: Clock, shared_data: Path
) -> None:
    names = ["doi.csv", "ftc.csv", "dot.csv", "hud.xlsx"]
    files = [shared_data / "portfolio" / f"us-agency-2025-{name}" for name in names]
    registers = [read_register(file.read_bytes(), file.name) for file in files]
    for expected in [(247, 16, 70, 11), (0, 0, 0, 0)]:
        done = [run(database, register, clock()) for register in registers]
        assert tuple(each.added for each in done) == expected
        assert {(each.changed, each.gone) for each in done} == {(0, 0)}
