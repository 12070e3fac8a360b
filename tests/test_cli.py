"""The command line: the two-command flow on a fresh machine, exit codes, JSON, and sentences for every mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lifecycle import language
from lifecycle.actions import projects
from lifecycle.cli import main
from lifecycle.language import Catalogue
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import ProjectPast
from lifecycle.vocabulary import COMMAND_LINE, AnswerState, Gate, ProjectStatus, Role, Stage
from scripts.serving import ROOT
from tests import factories as make
from tests.clock import START
from tests.people import ADMINISTRATOR_EMAIL, set_up
from tests.rules.building import guide
from tests.standings import listed
from tests.test_events import guards

US = "us-federal-2024-v2.csv"
NL = "nl-algoritmeregister-2026-05-13.json"
SMALL = "Use Case Name,Agency,Stage of Development\nReader,Post,Initiated\nSorter,Post,Daydream\n"


@dataclass(frozen=True)
class Terminal:
    """A database of its own and the command line in this process."""

    url: str

    def __call__(self, *arguments: str | Path, **environment: str) -> Any:
        environment = {"LIFECYCLE_DATABASE_URL": self.url, **environment}
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environment)

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@pytest.fixture
def fresh(tmp_path: Path) -> Terminal:
    """A machine on which nothing was run yet: there is not even a folder for the database."""
    return Terminal(f"sqlite:///{tmp_path / 'new' / 'lifecycle.db'}")


@pytest.fixture
def terminal(database_url: str) -> Terminal:
    return Terminal(database_url)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A register of two rows, one of them with a stage word that nobody knows."""
    file = tmp_path / "small.csv"
    file.write_text(SMALL, "utf-8")
    return file


def project_ids(url: str) -> list[tuple[int, str, str]]:
    database = open_database(url)
    with database.read() as session:
        found = session.execute(
            text("SELECT project_id, identity, stage_word FROM register_entry ORDER BY 1")
        )
        ids = [(row[0], row[1], row[2]) for row in found]
    database.dispose()
    return ids


def organisation_events(url: str) -> int:
    database = open_database(url)
    with database.read() as session:
        found = session.execute(text("SELECT count(*) FROM event WHERE chain = 'organisation'"))
        count = int(found.scalar_one())
    database.dispose()
    return count


# ------------------------------------------------------------------ the real registers


def test_us_register_on_a_fresh_machine_gives_the_expected_figures(shared_data: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lifecycle.db'}"
    expected = json.loads((shared_data / "expected" / "us-federal-2024.json").read_text("utf-8"))

    imported = _process(url, "import", "register", str(shared_data / "portfolio" / US))
    assert imported.returncode == 0, imported.stderr
    assert "us-federal-2024" in imported.stdout
    assert imported.stderr.count(" of 2,133 rows") >= 5
    found = json.loads(_process(url, "portfolio", "--json").stdout)

    titles = ("Discovery", "Feasibility", "Design & Requirements", "Model & Development", "Production")
    by_stage = expected["mapped"]["by_stage"]
    assert list(found["by_stage"].values()) == [by_stage[title] for title in titles]
    assert list(found["by_stage"].values()) == [29, 370, 0, 404, 1321]
    assert found["unmapped"] == by_stage["unmapped"] == 9
    assert found["total"] == expected["rows"] == sum(found["by_stage"].values()) + found["unmapped"]
    states = expected["mapped"]["by_stage_status"]
    for status in ("rollout", "live", "retired"):
        assert found["by_status"][status] == states[f"Production/{status}"]
    assert found["organisations"] == expected["organisations"] == 41
    assert found["by_organisation"] == expected["rows_per_org"]
    assert found["imported"]["by_risk_word"] == expected["risk_raw"]
    assert found["imported"]["count"] == found["readiness"]["not_assessed"] == 2133
    assert found["by_tier"] == {"1": 0, "2": 0, "3": 0, "4": 0, "none": 2133}


def test_dutch_register_gives_the_expected_figures(shared_data: Path, fresh: Terminal) -> None:
    fresh("import", "register", shared_data / "portfolio" / NL)
    found = fresh.json("portfolio")

    assert found["total"] == 1431
    assert found["by_stage"] == {
        "discovery": 0,
        "feasibility": 0,
        "design": 0,
        "model": 71,
        "production": 1360,
    }
    assert (found["by_status"]["live"], found["by_status"]["retired"], found["unmapped"]) == (1302, 58, 0)
    assert found["organisations"] == 320


@pytest.mark.parametrize("name", [US, NL])
def test_importing_twice_changes_nothing_but_one_event(shared_data: Path, fresh: Terminal, name: str) -> None:
    file = shared_data / "portfolio" / name
    first = fresh.json("import", "register", file)
    ids, events, figures = project_ids(fresh.url), organisation_events(fresh.url), fresh.json("portfolio")
    second = fresh.json("import", "register", file)

    assert first["added"] == first["rows"] == len(ids)
    assert (second["added"], second["changed"], second["gone"]) == (0, 0, 0)
    assert second["unchanged"] == len(ids)
    assert project_ids(fresh.url) == ids
    assert fresh.json("portfolio") == figures
    assert organisation_events(fresh.url) == events + 1


# ------------------------------------------------------------------ import


def test_dry_run_counts_and_stores_nothing(fresh: Terminal, small: Path) -> None:
    found = fresh.json("import", "register", small, "--dry-run")

    assert (found["dry_run"], found["added"], found["unmapped"]) == (True, 2, {"Daydream": 1})
    assert fresh.json("portfolio")["total"] == 0


def test_rows_that_are_lost_give_exit_code_1_and_the_others_are_kept(fresh: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "holes.csv"
    file.write_text(
        "Use Case Name,Agency,Stage of Development\nReader,Post,Initiated\n,Post,Initiated\n", "utf-8"
    )
    result = fresh("import", "register", file)

    assert result.exit_code == 1
    assert "Row 3, column “Use Case Name”" in result.stderr
    assert fresh.json("portfolio")["total"] == 1


def test_organisation_option_fills_what_no_column_says(fresh: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("Project Name,Status\nReader,Initiated\n", "utf-8")
    fresh("import", "register", file, "--organisation", "Harbour Office")

    assert fresh.json("portfolio")["by_organisation"] == {"Harbour Office": 1}


def test_own_mapping_decides_the_stage_words(fresh: Terminal, small: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mine.yaml"
    mapping.write_text(
        "name: mine\ntitle: Mine\nfallback: true\n"
        "columns: {name: [Use Case Name], organisation: [Agency], stage: [Stage of Development]}\n"
        "stages: [{stage: design, words: [Daydream]}]\n",
        "utf-8",
    )
    found = fresh.json("import", "register", small, "--mapping", mapping)

    assert found["mapping"] == "mine"
    assert found["by_stage"]["design"] == 1
    assert found["unmapped"] == {"Initiated": 1}


UNKNOWN = """Titel van het systeem;Bestuursorgaan;Huidige fase;Kleur
Sluisplanner;Waterschap Noord;In gebruik;grijs
Dijkcamera;Waterschap Zuid;Sluimerend;groen
"""


def test_second_import_says_which_fields_changed_and_can_be_taken_back(
    fresh: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "algoritmen.csv"
    file.write_text(UNKNOWN, "cp1252")
    first = fresh.json("import", "register", file)
    assert (first["proposed"], first["columns"]["name"]) == (True, "Titel van het systeem")
    assert (first["by_status"], first["unmapped"]) == ({"live": 1}, {"Sluimerend": 1})
    before = fresh.json("portfolio")

    file.write_text(
        UNKNOWN.replace("In gebruik;grijs", "Buiten gebruik;blauw").replace("Dijkcamera", "Peilbot")
    )
    second = fresh.json("import", "register", file)
    (change,) = second["changes"]
    assert [(each["field"], each["old"], each["new"]) for each in change["fields"]] == [
        ("Stage word", "In gebruik", "Buiten gebruik"),
        ("Stage here", "Production, live", "Production, retired"),
        ("Kleur", "grijs", "blauw"),
    ]
    assert [each["name"] for each in second["added_projects"]] == ["Peilbot"]
    assert [each["name"] for each in second["gone_projects"]] == ["Dijkcamera"]

    assert fresh.json("import", "undo", second["run"])["archived"] == 1
    assert fresh.json("portfolio") == before
    assert fresh("import", "undo", second["run"]).exit_code == 1


def test_proposal_is_printed_changed_saved_and_used_by_name_and_by_itself(
    fresh: Terminal, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "algoritmen.csv", tmp_path / "changed.yaml"
    file.write_text(UNKNOWN, "utf-8")
    printed = fresh("import", "mapping", file).stdout
    mapping.write_text(printed + "undecided: [In gebruik]\n", "utf-8")
    found = fresh.json("import", "register", file, "--mapping", mapping, "--dry-run")
    assert found["unmapped"] == {"In gebruik": 1, "Sluimerend": 1}

    assert fresh("import", "mapping", file, "--mapping", mapping, "--save", "Dutch water").exit_code == 0
    for options in ((), ("--mapping", "dutch-water")):
        found = fresh.json("import", "register", file, "--dry-run", *options)
        assert (found["mapping"], found["unmapped"]) == ("dutch-water", {"In gebruik": 1, "Sluimerend": 1})
    names = {each["name"]: each["saved"] for each in fresh.json("import", "mappings")}
    assert (names["dutch-water"], names["us-federal-2024"]) == (True, False)
    assert "dutch-water" in fresh("import", "register", file, "--mapping", "nobody").stderr


BAD_FILES = {
    "empty.csv": b"",
    "binary.csv": bytes(range(256)),
    "shape.json": b'{"a": {"b": 1}}',
    "broken.json": b'[{"title": "x"',
    "other.csv": b"colour,weight\nred,3\n",
    "headers.csv": b"Use Case Name,Agency\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_gives_a_sentence_naming_it_and_stores_nothing(
    fresh: Terminal, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(BAD_FILES[name])
    result = fresh("import", "register", file, "--json")

    assert result.exit_code == 1
    assert name in json.loads(result.stdout)["reasons"][0]["text"]
    assert "Traceback" not in result.output
    assert fresh.json("portfolio")["total"] == 0


def test_mistake_in_a_mapping_names_file_and_field(fresh: Terminal, small: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mine.yaml"
    mapping.write_text("name: mine\ntitle: Mine\nfallback: true\ncolumns: {nom: [x]}\n", "utf-8")
    result = fresh("import", "register", small, "--mapping", mapping)

    assert result.exit_code == 1
    assert f"{mapping}: columns." in result.stderr


def test_formulas_and_markup_in_names_stay_text(fresh: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    name = "=1+1 <script>alert(1)</script> \u202etxt"
    file.write_text(f"Use Case Name,Agency,Stage of Development\n{name},Post,Initiated\n", "utf-8")
    fresh("import", "register", file)

    database = open_database(fresh.url)
    with database.read() as session:
        stored = session.execute(text("SELECT name, key FROM project")).one()
    database.dispose()
    assert stored.name.startswith("=1+1 <script>")
    assert stored.key == "1-1-script-alert-1-script-txt"


# ------------------------------------------------------------------ mistakes at the edge


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import", "register", "/nowhere/at-all.csv"), 1),
        (("import", "register", "/"), 1),
        (("gate", "no-such-project", "launch"), 1),
        (("people", "reset", "nobody@example.org"), 1),
        (("gate", "orders", "no-such-gate"), 2),
        (("gate",), 2),
        (("import", "register"), 2),
        (("no-such-command",), 2),
        (("portfolio", "--no-such-option"), 2),
    ],
)
def test_mistakes_end_with_a_sentence_and_their_exit_code(
    terminal: Terminal, arguments: tuple[str, ...], code: int
) -> None:
    result = terminal(*arguments)

    assert result.exit_code == code
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"LIFECYCLE_DATABASE_URL": "mysql://here/there"},
        {"LIFECYCLE_DATABASE_URL": "nonsense"},
        {"PORT": "many"},
        {"LIFECYCLE_GUIDE": "/nowhere/at-all"},
    ],
)
def test_wrong_settings_give_a_sentence(terminal: Terminal, environment: dict[str, str]) -> None:
    result = terminal("gate", "orders", "launch", "--json", **environment)

    assert result.exit_code == 1
    assert json.loads(result.stdout)["refused"] is True
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_database_check_before_and_after_the_upgrade(fresh: Terminal) -> None:
    before = fresh("db", "check", "--json")
    upgraded = fresh("db", "upgrade")
    after = fresh("db", "check", "--json")

    assert (before.exit_code, json.loads(before.stdout)["up_to_date"]) == (1, False)
    assert upgraded.exit_code == 0
    assert (after.exit_code, json.loads(after.stdout)) == (0, {"up_to_date": True, "problem": None})


def test_newer_database_is_refused_by_every_command(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (("portfolio",), ("db", "check"), ("db", "upgrade"), ("audit", "verify")):
        result = terminal(*command)
        assert result.exit_code == 1, command
        assert "newer" in result.stderr, command


# ------------------------------------------------------------------ gate


_NOW = datetime.now(UTC) - timedelta(minutes=5)


def test_gate_of_a_new_project_is_closed_and_says_why(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        projects.register(session, by=set_up(session), at=_NOW, guide=guide(), name="Orders")
    result = terminal("gate", "orders", "discovery", "--json")
    found = json.loads(result.stdout)

    assert result.exit_code == 1
    assert set(found) == {
        "project", "gate", "policy", "ready", "level", "weakest", "blockers", "model_version",
    }  # fmt: skip
    assert (found["project"], found["gate"], found["policy"]) == ("orders", "discovery", "block")
    assert (found["ready"], found["level"]) == (False, "not_started")
    fields = {"code", "severity", "area", "text", "fields", "role", "url"}
    assert all(set(blocker) == fields for blocker in found["blockers"])
    asked = next(blocker for blocker in found["blockers"] if blocker["fields"] == ["D01"])
    assert asked["url"].startswith("http://localhost:8501/worksheet?project=orders")
    assert {blocker["role"] for blocker in found["blockers"]} >= {"business", "technology"}


@pytest.mark.parametrize(("policy", "code"), [("block", 1), ("warn", 0), ("ignore", 0)])
def test_policy_decides_the_exit_code_of_a_closed_gate(
    terminal: Terminal, database: Database, policy: str, code: int
) -> None:
    with database.write() as session:
        projects.register(session, by=set_up(session), at=_NOW, guide=guide(), name="Orders")
    result = terminal("gate", "orders", "launch", "--policy", policy, "--json")

    assert (result.exit_code, json.loads(result.stdout)["policy"]) == (code, policy)


def test_other_model_version_than_the_one_signed_is_a_blocker(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        projects.register(session, by=set_up(session), at=_NOW, guide=guide(), name="Orders")
    found = json.loads(terminal("gate", "orders", "launch", "--model-version", "2.0", "--json").stdout)

    assert found["model_version"] == {"asked": "2.0", "signed": None}
    assert found["blockers"][0]["code"] == "model_version"


def test_gate_of_an_imported_project_is_not_ready_because_nobody_assessed_it(
    terminal: Terminal, small: Path
) -> None:
    terminal("import", "register", small)
    found = json.loads(terminal("gate", "reader", "feasibility", "--json").stdout)

    assert (found["ready"], found["level"]) == (False, "not_assessed")
    assert "project:not_adopted" in {blocker["code"] for blocker in found["blockers"]}


# ------------------------------------------------------------------ portfolio, audit, people


def test_portfolio_counts_what_is_assessed_here_apart_from_what_is_imported(
    terminal: Terminal, database: Database, small: Path
) -> None:
    with database.write() as session:
        projects.register(session, by=set_up(session), at=_NOW, guide=guide(), name="Orders")
    terminal("import", "register", small)
    found = terminal.json("portfolio")

    assert found["total"] == 3 == sum(found["by_stage"].values()) + found["unmapped"]
    assert found["by_stage"] == {"discovery": 1, "feasibility": 1, "design": 0, "model": 0, "production": 0}
    assert set(found["by_status"]) == {"active", "rollout", "live", "retired", "stopped"}
    assert sum(found["by_tier"].values()) == 3
    assert found["imported"]["count"] == 2
    assert (found["readiness"]["assessed"], found["readiness"]["not_assessed"]) == (1, 2)
    assert found["readiness"]["by_level"]["not_started"] == 1


def test_portfolio_of_an_earlier_day_is_what_was_there_then(
    terminal: Terminal, database: Database, small: Path
) -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 3, number, 12, tzinfo=UTC)

    with database.write() as session:
        ada = set_up(session)
        first = projects.register(session, by=ada, at=day(2), guide=guide(), name="Orders")
        projects.register(session, by=ada, at=day(4), guide=guide(), name="Returns")
        projects.archive(session, by=ada, at=day(6), project_id=first)
        projects.restore(session, by=ada, at=day(8), guide=guide(), project_id=first)

    def total(number: int) -> int:
        found = terminal.json("portfolio", "--as-of", f"2026-03-0{number}")
        assert found["total"] == sum(found["by_stage"].values()) + found["unmapped"]
        return int(found["total"])

    assert [total(number) for number in range(1, 10)] == [0, 1, 1, 2, 2, 1, 1, 2, 2]
    terminal("import", "register", small)
    assert total(9) == 2
    today = terminal.json("portfolio")
    assert terminal.json("portfolio", "--as-of", today["as_of"]) == today


def test_earlier_day_knows_where_a_project_stood_before_a_person_placed_it(
    terminal: Terminal, database: Database
) -> None:
    with database.write() as session:
        ada = set_up(session)
        unmapped = listed(session, "Sorter", gate=None, status=ProjectStatus.ACTIVE)
        placed_at = START + timedelta(days=3)
        projects.map_stage(
            session, by=ada, at=placed_at, guide=guide(), project_id=unmapped, stage=Stage.MODEL
        )
    before = terminal.json("portfolio", "--as-of", "2026-03-04")
    after = terminal.json("portfolio", "--as-of", "2026-03-05")

    assert (before["unmapped"], before["by_stage"]["model"]) == (1, 0)
    assert (after["unmapped"], after["by_stage"]["model"]) == (0, 1)


def test_earlier_day_that_nobody_can_know_is_refused(terminal: Terminal, database: Database) -> None:
    """Of a database from before the past was kept: the migration marks what it cannot know."""
    with database.write() as session:
        project_id = listed(session, "Sorter")
        session.add(
            ProjectPast(
                project_id=project_id,
                at=START - timedelta(days=9),
                name="Sorter",
                organisation="",
                status="active",
                origin="register",
                known=False,
            )  # fmt: skip
        )
    result = terminal("portfolio", "--as-of", "2026-02-26", "--json")

    assert result.exit_code == 1
    assert "moved to another stage by a later import" in json.loads(result.stdout)["reasons"][0]["text"]


def test_leadership_pack_is_written_whole_or_not_at_all(
    terminal: Terminal, tmp_path: Path, small: Path
) -> None:
    terminal("import", "register", small)
    page, paper, wrong = tmp_path / "pack.html", tmp_path / "pack.PDF", tmp_path / "pack.txt"

    assert terminal("export", "pack", page, "--as-of", "2026-03-04").exit_code == 0
    assert "Portfolio at the end of 2026-03-04" in page.read_text("utf-8")
    assert terminal("export", "pack", paper).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")
    for refused in (
        terminal("export", "pack", wrong),
        terminal("export", "pack", tmp_path / "new.pdf", "--as-of", "2999-01-01"),
    ):
        assert (refused.exit_code, "Traceback" in refused.output) == (1, False)
    assert sorted(
        file.name for file in tmp_path.glob("*.*") if "pack" in file.name or "new" in file.name
    ) == [
        "pack.PDF",
        "pack.html",
    ]


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "9999-12-30"])
def test_wrong_day_is_refused_with_a_sentence(terminal: Terminal, day: str) -> None:
    result = terminal("portfolio", "--as-of", day, "--json")

    assert result.exit_code == 1
    assert day in json.loads(result.stdout)["reasons"][0]["text"]


def test_text_of_the_portfolio_names_total_and_stages(terminal: Terminal, small: Path) -> None:
    terminal("import", "register", small)
    result = terminal("portfolio")

    assert result.exit_code == 0
    assert "2 projects in 1 organisations" not in result.stdout
    assert "2 projects in 1 organisation on" in result.stdout
    assert "unmapped" in result.stdout


def test_audit_verify_tells_an_intact_log_from_a_broken_one(
    terminal: Terminal, database: Database, small: Path
) -> None:
    terminal("import", "register", small)
    intact = terminal("audit", "verify", "--json")
    with database.write() as session:
        session.execute(text("UPDATE chain_head SET hash = 'x' WHERE chain = 'organisation'"))
    broken = terminal("audit", "verify", "--json")

    found = json.loads(intact.stdout)
    assert (intact.exit_code, found["intact"], found["faults"]) == (0, True, [])
    assert found["events"] == 1
    assert found["rows"] == 5, "two projects, their entries and the import"
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["faults"][0]["chain"] == "organisation"
    assert "organisation" in broken.stderr


def test_audit_heads_kept_elsewhere_find_that_the_newest_events_were_removed(
    terminal: Terminal, database: Database, small: Path, tmp_path: Path
) -> None:
    with database.write() as session:
        set_up(session)
    early = tmp_path / "early.json"
    early.write_text(terminal("audit", "heads", "--json").stdout, "utf-8")
    terminal("import", "register", small)
    late = tmp_path / "late.json"
    late.write_text(terminal("audit", "heads", "--json").stdout, "utf-8")
    assert terminal("audit", "verify", "--heads", late).exit_code == 0
    with database.write() as session:
        for statement in (
            *(f"DROP TRIGGER {guard}" for guard in guards(session, database.dialect)),
            "DELETE FROM tally_line",
            "DELETE FROM tally_wait",
            "DELETE FROM project_past",
            "DELETE FROM register_entry",
            "DELETE FROM register_problem",
            "DELETE FROM import_run",
            "DELETE FROM project",
            "DELETE FROM event WHERE sequence > 1",
            "UPDATE chain_head SET (sequence, at, hash) = (SELECT sequence, at, hash FROM event)",
        ):
            session.execute(text(statement))

    assert terminal("audit", "verify").exit_code == 0, "nothing that is left tells of it"
    assert terminal("audit", "verify", "--heads", early).exit_code == 0
    found = terminal.json("audit", "verify", "--heads", late)
    assert [(fault["chain"], fault["sequence"]) for fault in found["faults"]] == [("organisation", 2)]
    assert "newer events were removed" in found["faults"][0]["text"]


def test_bundle_is_exported_and_verified_and_an_altered_one_is_not(
    terminal: Terminal, small: Path, tmp_path: Path
) -> None:
    terminal("import", "register", small)
    file = tmp_path / "reader.zip"
    made = terminal.json("export", "bundle", "reader", file)
    assert (made["bytes"], [each.name for each in tmp_path.iterdir()].count(".reader.zip.part")) == (
        file.stat().st_size,
        0,
    )
    assert terminal("audit", "verify", file).exit_code == 0
    damaged = bytearray(file.read_bytes())
    damaged[damaged.index(b"PK\x03\x04", 4) - 8] ^= 1
    file.write_bytes(damaged)
    assert terminal("audit", "verify", file).exit_code == 1
    assert terminal("audit", "verify", tmp_path / "missing.zip").exit_code == 1
    refused = terminal("export", "bundle", "nothing", file)
    assert (refused.exit_code, "nothing" in refused.stderr) == (1, True)
    assert terminal("export", "bundle", "reader", tmp_path / "no" / "where.zip").exit_code == 1


def test_audit_verify_refuses_what_is_no_list_of_heads(terminal: Terminal, tmp_path: Path) -> None:
    for content in ("", "[]", '{"heads": [{"chain": "organisation"}]}', '{"heads": 1}'):
        (tmp_path / "heads.json").write_text(content, "utf-8")
        refused = terminal("audit", "verify", "--heads", tmp_path / "heads.json")
        assert refused.exit_code == 1
        assert "no list of heads" in refused.stderr


def test_people_reset_prints_a_link_for_the_account(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        set_up(session)
    found = terminal.json("people", "reset", ADMINISTRATOR_EMAIL)

    assert found["email"] == ADMINISTRATOR_EMAIL
    assert found["link"].startswith("http://localhost:8501/reset/")
    assert len(found["link"].rsplit("/", 1)[1]) > 20


@pytest.mark.parametrize(
    ("environment", "address", "is_known"),
    [
        ({"PORT": ""}, "http://localhost:8501", False),
        ({"PORT": "9100"}, "http://localhost:9100", True),
        (
            {"PORT": "9100", "LIFECYCLE_PUBLIC_URL": "https://life.example.org"},
            "https://life.example.org",
            True,
        ),
    ],
)
def test_people_reset_says_when_it_had_to_guess_the_address(
    terminal: Terminal, database: Database, environment: dict[str, str], address: str, is_known: bool
) -> None:
    with database.write() as session:
        set_up(session)
    printed = terminal("people", "reset", ADMINISTRATOR_EMAIL, **environment)

    assert f"once: {address}/reset/" in printed.stdout
    assert ("put it in place of http://localhost:8501" in printed.stderr) is not is_known


def test_command_line_cannot_be_signed_in_as(terminal: Terminal) -> None:
    assert not COMMAND_LINE.is_person
    assert terminal("people", "reset", COMMAND_LINE.key).exit_code == 1


def _process(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As a person runs it: a process of its own from the repository's folder."""
    return subprocess.run(
        [sys.executable, "-m", "lifecycle", *arguments],
        cwd=ROOT,
        env={**os.environ, "LIFECYCLE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ---------------------------------------------------------------- whole projects and other files out


@pytest.fixture
def with_project(terminal: Terminal) -> Terminal:
    """One project with an answer, a promise, a reason and something to be careful with."""
    database = open_database(terminal.url)
    with database.write() as session:
        everybody = make.cast(session, guide())
        project_id = make.project(session, everybody, "Orders")
        make.answer(session, everybody, project_id, "D01", "=1+1 is what “planners” see: 😀 שלום")
        make.answer(session, everybody, project_id, "D14", {"horizon": "3 months", "kind": "at"})
        make.answer(session, everybody, project_id, "D15", "6 months")
        promise: dict[str, Any] = {"state": AnswerState.DONT_KNOW, "due_on": START.date() + timedelta(days=9)}
        make.answer(session, everybody, project_id, "D08", None, owner="Nora", **promise)
        make.sign(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
    database.dispose()
    return terminal


def test_project_goes_out_and_comes_in_again(with_project: Terminal, fresh: Terminal, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert with_project.json("project", "export", "orders", first)["bytes"] == first.stat().st_size
    assert with_project("project", "export", "orders", "-").stdout.encode() == first.read_bytes()

    beside = with_project.json("project", "import", first)
    away = fresh.json("project", "import", first)

    assert (beside["project"], beside["people_unknown"]) == ("orders-2", 0)
    assert (away["project"], away["people_known"]) == ("orders", 0)
    assert away["decisions_recorded_elsewhere"] == 1
    for where, key in ((with_project, "orders-2"), (fresh, "orders")):
        assert where("project", "export", key, second).exit_code == 0
        assert second.read_bytes() == first.read_bytes()
        asked = where("gate", key, "discovery", "--json")
        assert asked.exit_code == 1
        texts = [blocker["text"] for blocker in json.loads(asked.stdout)["blockers"]]
        assert any("Privacy decided elsewhere" in text for text in texts)
        assert where("audit", "verify", "--standing").exit_code == 0


def test_project_is_checked_from_a_file_as_it_is_from_the_database(
    with_project: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "orders.json"
    with_project("project", "export", "orders", file)
    events = organisation_events(with_project.url)

    stored, read = (
        with_project.json("project", "check", "orders"),
        with_project.json("project", "check", file),
    )

    assert stored == read
    discovery = next(gate for gate in read["gates"] if gate["gate"] == "discovery")
    (late,) = [check for check in discovery["checks"] if check["check"] == "C01"]
    assert (late["result"], late["severity"]) == ("fails", "block")
    assert discovery["fails"] >= 1
    assert discovery["cannot_tell"] >= 1
    assert organisation_events(with_project.url) == events


def test_wrong_documents_leave_nothing_and_say_where(with_project: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    with_project("project", "export", "orders", file)
    found = json.loads(file.read_text("utf-8"))
    found["answers"][0]["versions"][0]["state"] = "guessed"
    file.write_text(json.dumps(found), "utf-8")

    for command in ("import", "check"):
        refused = with_project("project", command, file, "--json")
        assert refused.exit_code == 1
        (reason,) = json.loads(refused.stdout)["reasons"]
        assert reason["where"] == "answers[0].versions[0].state"
        assert "guessed" in reason["text"]
    assert with_project.json("portfolio")["total"] == 1
    assert with_project("project", "import", tmp_path / "nothing.json").exit_code == 1
    assert with_project("project", "check", "no-such-project").exit_code == 1
    assert with_project("project", "export", "no-such-project", file).exit_code == 1
    assert with_project("project", "import").exit_code == 2


@pytest.mark.parametrize(
    ("command", "name", "begins"),
    [
        ("dossier", "d.docx", b"PK"),
        ("dossier", "d.pdf", b"%PDF"),
        ("card", "c.md", b"---\n"),
        ("card", "c.json", b"{"),
        ("bom", "b.json", b"{"),
    ],
)
def test_files_about_a_project_are_written(
    with_project: Terminal, tmp_path: Path, command: str, name: str, begins: bytes
) -> None:
    written = with_project.json("export", command, "orders", tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert data.startswith(begins)
    assert written == {"project": "orders", "file": str(tmp_path / name), "bytes": len(data)}
    assert with_project("export", command, "no-such-project", tmp_path / name).exit_code == 1
    assert (tmp_path / name).read_bytes() == data, "a refusal leaves the earlier file"


def test_inventory_lists_every_project(with_project: Terminal, small: Path, tmp_path: Path) -> None:
    with_project("import", "register", small)
    said = with_project.json("export", "inventory", tmp_path / "i.csv")
    assert said["projects"] == 3
    assert said["columns"][0] == "ID"
    assert len((tmp_path / "i.csv").read_text("utf-8").splitlines()) == 4
    assert with_project("export", "inventory", tmp_path / "i.xlsx").exit_code == 0
    for wrong in (
        ("inventory", tmp_path / "i.txt"),
        ("dossier", "orders", tmp_path / "d.txt"),
        ("card", "orders", tmp_path / "c.txt"),
    ):
        assert with_project("export", *wrong).exit_code == 1
    assert with_project("export", "card", "orders", tmp_path / "c.md", "--format", "other").exit_code == 2


# ---------------------------------------------------------------- tokens


def test_token_is_made_listed_and_revoked_without_a_browser(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        set_up(session)

    made = terminal.json(
        "tokens", "create", "--email", ADMINISTRATOR_EMAIL, "--scope", "read", "--name", "CI"
    )

    assert made["token"].startswith("lcy_")
    assert made["scopes"] == ["read"]
    (listed_one,) = terminal.json("tokens", "list", "--email", ADMINISTRATOR_EMAIL)
    assert (listed_one["name"], listed_one["state"]) == ("CI", "valid")
    assert made["token"] not in json.dumps(listed_one)
    assert terminal("tokens", "revoke", str(made["id"])).exit_code == 0
    assert terminal.json("tokens", "list")[0]["state"] == "revoked"
    again = terminal("tokens", "revoke", str(made["id"]))
    assert (again.exit_code, "revoked already" in again.stderr) == (1, True)


def test_token_for_nobody_or_for_nothing_is_refused(terminal: Terminal, database: Database) -> None:
    with database.write() as session:
        set_up(session)
    nobody = terminal("tokens", "create", "--email", "no@example.org", "--scope", "read")
    assert (nobody.exit_code, "no@example.org" in nobody.stderr) == (1, True)
    unknown = terminal("tokens", "create", "--email", ADMINISTRATOR_EMAIL, "--scope", "sign")
    assert unknown.exit_code == 2
    wrong = terminal(
        "tokens", "create", "--email", ADMINISTRATOR_EMAIL, "--scope", "read", "--project", "none"
    )
    assert (wrong.exit_code, "none" in wrong.stderr) == (1, True)


def test_command_speaks_the_language_that_is_asked_for_and_no_other(
    fresh: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts read what is printed: the machine's own language changes nothing, and names in JSON never do."""
    french = Catalogue("fr", {"The database is up to date.": "La base de données est à jour."})
    monkeypatch.setattr(language, "catalogue", lambda code: french if code == "fr" else Catalogue("en"))
    english = "The database is up to date.\n"
    assert fresh("db", "upgrade").stdout == english
    assert fresh("db", "check", LANG="fr_CA.UTF-8", LC_ALL="fr_CA.UTF-8").stdout == english
    assert fresh("db", "check", LIFECYCLE_LANGUAGE="xx").stdout == english
    assert fresh("db", "check", LIFECYCLE_LANGUAGE="fr").stdout == "La base de données est à jour.\n"
    asked = fresh("db", "check", "--json", LIFECYCLE_LANGUAGE="fr")
    assert json.loads(asked.stdout) == {"up_to_date": True, "problem": None}
    assert language.language() == "en"
