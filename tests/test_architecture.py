"""The import table of the design holds, and every rule of it is able to fail."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest

from tests import architecture as rules
from tests.architecture import ACTIONS, CHECKS, MAY_IMPORT, OWNERS, Check, Source, product_files

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = product_files(ROOT)

# (check, file, a snippet it must refuse, the nearest one it must let pass)
PROOFS: list[tuple[Check, str, str, str | None]] = [
    (rules.every_module_is_in_a_ring, "lifecycle/core.py", "", None),
    (
        rules.queries_record_nothing,
        "lifecycle/queries/gates.py",
        "from lifecycle import events",
        "import lifecycle",
    ),
    (
        rules.queries_record_nothing,
        "lifecycle/queries/gates.py",
        "from lifecycle.events import record",
        "from lifecycle.events import verify_chain",
    ),
    (
        rules.only_edges_commit,
        "lifecycle/actions/gates.py",
        "def f(s):\n s.commit()",
        "def f(s):\n s.flush()",
    ),
    (rules.only_edges_commit, "lifecycle/facts/standing.py", "done = session.commit", "commit = 1"),
    (rules.only_edges_commit, "lifecycle/events.py", "session.commit()", "session.add(event)"),
    (rules.only_edges_commit, "lifecycle/queries/gates.py", "session.commit()", "session.get(Gate, 1)"),
    (rules.rules_read_no_clock_and_no_chance, "lifecycle/rules/gates.py", "datetime.now(UTC)", "f(now)"),
    (
        rules.rules_read_no_clock_and_no_chance,
        "lifecycle/rules/gates.py",
        "dt.datetime.now()",
        "now = later.now",
    ),
    (rules.rules_read_no_clock_and_no_chance, "lifecycle/rules/gates.py", "date.today()", "date(2026, 1, 1)"),
    (
        rules.rules_read_no_clock_and_no_chance,
        "lifecycle/rules/gates.py",
        "datetime.date.today()",
        "start.time()",
    ),
    (
        rules.rules_read_no_clock_and_no_chance,
        "lifecycle/rules/gates.py",
        "from time import time",
        "import math",
    ),
    (rules.rules_read_no_clock_and_no_chance, "lifecycle/rules/gates.py", "import time", "import datetime"),
    (rules.rules_read_no_clock_and_no_chance, "lifecycle/rules/checks/data.py", "import random", "import re"),
    (
        rules.rules_read_no_clock_and_no_chance,
        "lifecycle/rules/planning.py",
        "from random import Random\nchance = Random()",
        "from random import Random\ndef f(chance: Random): return chance.random()",
    ),
    (rules.rules_read_no_clock_and_no_chance, "lifecycle/rules/gates.py", "uuid.uuid4()", "uuid.UUID(text)"),
    (
        rules.plotly_is_only_in_charts,
        "lifecycle/ui/views/portfolio.py",
        "import plotly.express",
        "import pandas",
    ),
    (
        rules.edges_never_see_tables,
        "lifecycle/web/api.py",
        "from lifecycle.store.tables import Project",
        "from lifecycle.store.database import transaction",
    ),
    (rules.pages_are_short_and_plain, "pages/home.py", "\n" * 41, "\n" * 40),
    (rules.pages_are_short_and_plain, "pages/home.py", "def f(): pass", "f()"),
    (rules.pages_are_short_and_plain, "pages/home.py", "class C: pass", "C()"),
    (rules.pages_are_short_and_plain, "pages/home.py", "f = lambda: 1", "f = 1"),
    (rules.pages_are_short_and_plain, "pages/project/gate.py", "'SELECT a FROM b'", "'Select what you want'"),
    (rules.pages_live_beside_app_alone, "lifecycle/ui/pages/home.py", "", None),
    (rules.app_is_short, "app.py", "\n" * 60, "\n" * 59),
    (
        rules.session_state_is_only_in_state,
        "lifecycle/ui/views/gate.py",
        "st.session_state['a']",
        "st.query_params",
    ),
    (
        rules.session_state_is_only_in_state,
        "pages/home.py",
        "from streamlit import session_state as kept",
        "from streamlit import write",
    ),
    (rules.rerun_is_only_in_perform, "lifecycle/ui/views/gate.py", "st.rerun()", "job.rerun()"),
    (
        rules.rerun_is_only_in_perform,
        "lifecycle/ui/frame.py",
        "from streamlit import rerun",
        "import streamlit",
    ),
    (
        rules.nothing_unsafe_is_allowed,
        "pages/home.py",
        "st.markdown(a, unsafe_allow_html=True)",
        "st.markdown(a)",
    ),
    (rules.nothing_unsafe_is_allowed, "lifecycle/ui/a.py", "f(**{'unsafe_allow_javascript': 1})", "f(**{})"),
    (
        rules.imports_stand_at_the_top,
        "lifecycle/jobs.py",
        "def f():\n import json",
        "import json\ndef f(): pass",
    ),
    (rules.imports_stand_at_the_top, "app.py", "async def f():\n from a import b", "from a import b"),
    *[
        (rules.names_say_what_is_inside, f"lifecycle/{name}", "", None)
        for name in (
            "utils.py",
            "ui/helpers.py",
            "rules/gate_service.py",
            "manager/gates.py",
            "web/Helper.py",
        )
    ],
]

# The table, one refusal for every row, written out rather than derived from MAY_IMPORT.
REFUSED_IMPORTS = [
    ("language", "lifecycle.vocabulary"),
    ("vocabulary", "lifecycle.guide"),
    ("errors", "lifecycle.rules.gates"),
    ("settings", "lifecycle.store"),
    ("canonical", "lifecycle.vocabulary"),
    ("guide", "lifecycle.store"),
    ("own_guide", "lifecycle.rules"),
    ("guide", "lifecycle.ui.frame"),
    ("rules", "lifecycle.store.tables"),
    ("rules", "lifecycle.settings"),
    ("rules", "lifecycle.facts"),
    ("store", "lifecycle.rules.gates"),
    ("store", "lifecycle.actions.gates"),
    ("events", "lifecycle.rules.gates"),
    ("events", "lifecycle.actions.gates"),
    ("facts", "lifecycle.actions.gates"),
    ("facts", "lifecycle.queries.gates"),
    ("actions", "lifecycle.queries.gates"),
    ("actions", "lifecycle.ui.state"),
    ("actions", "lifecycle.interchange"),
    ("queries", "lifecycle.actions.gates"),
    ("queries", "lifecycle.ui.state"),
    ("queries", "lifecycle.interchange"),
    ("interchange", "lifecycle.ui.state"),
    ("interchange", "lifecycle.web.guard"),
    ("web", "lifecycle.ui.frame"),
    ("cli", "lifecycle.ui.frame"),
    ("jobs", "lifecycle.ui.frame"),
    ("jobs", "lifecycle.web.guard"),
    ("notify", "lifecycle.ui.frame"),
    ("demo", "lifecycle.ui.frame"),
    ("ui", "lifecycle.cli"),
    ("ui", "pages.home"),
    ("pages", "lifecycle.queries.gates"),
    ("pages", "lifecycle.vocabulary"),
    ("app", "lifecycle.cli"),
]
ALLOWED_IMPORTS = [
    ("errors", "lifecycle.vocabulary"),
    ("guide", "lifecycle.errors"),
    ("own_guide", "lifecycle.guide"),
    ("rules", "lifecycle.guide"),
    ("rules", "lifecycle.rules.tiers"),
    ("events", "lifecycle.store.tables"),
    ("facts", "lifecycle.rules.gates"),
    ("actions", "lifecycle.facts.standing"),
    ("queries", "lifecycle.store.tables"),
    ("interchange", "lifecycle.store.tables"),
    ("interchange", "lifecycle.actions.projects"),
    ("cli", "lifecycle.web.server"),
    ("ui", "lifecycle.interchange.registers"),
    ("pages", "lifecycle.ui.views.gate"),
    ("app", "lifecycle.web.guard"),
]
REFUSED_PACKAGES = [
    ("ui", "babel"),
    ("vocabulary", "yaml"),
    ("errors", "sqlmodel"),
    ("settings", "streamlit"),
    ("canonical", "pydantic"),
    ("guide", "pandas"),
    ("own_guide", "pandas"),
    ("rules", "pandas"),
    ("rules", "streamlit"),
    ("rules", "sqlmodel"),
    ("rules", "pydantic"),
    ("store", "pandas"),
    ("store", "typer"),
    ("events", "streamlit"),
    ("facts", "pandas"),
    ("actions", "streamlit"),
    ("actions", "pandas"),
    ("queries", "pandas"),
    ("interchange", "sqlalchemy"),
    ("interchange", "streamlit"),
    ("web", "sqlmodel"),
    ("web", "streamlit"),
    ("cli", "streamlit"),
    ("jobs", "sqlalchemy"),
    ("notify", "streamlit"),
    ("cli", "sqlmodel"),
    ("ui", "sqlmodel"),
    ("ui", "typer"),
    ("pages", "pandas"),
    ("queries", "alembic"),
    ("web", "fsspec"),
    ("ui", "fastapi"),
    ("actions", "starlette"),
    ("facts", "uvicorn"),
    ("interchange", "plotly"),
    ("ui", "prometheus_client"),
    ("actions", "authlib"),
    ("ui", "joserfc"),
    ("interchange", "requests"),
]


def source(path: str, text: str) -> Source:
    return Source(PurePosixPath(path), text)


def in_ring(ring: str, text: str) -> Source:
    places = {"pages": "pages/project/gate.py", "app": "app.py"}
    return source(places.get(ring, f"lifecycle/{ring}.py"), text)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_product_keeps(check: Check) -> None:
    assert [breach for file in PRODUCT for breach in check(file)] == []


def test_product_is_found() -> None:
    assert {"lifecycle/__init__.py", "lifecycle/vocabulary.py"} <= {str(file.path) for file in PRODUCT}


@pytest.mark.parametrize(("check", "path", "wrong", "right"), PROOFS)
def test_check_refuses_wrong_and_passes_right(check: Check, path: str, wrong: str, right: str | None) -> None:
    assert list(check(source(path, wrong)))
    if right is not None:
        assert list(check(source(path, right))) == []


@pytest.mark.parametrize(("ring", "module"), REFUSED_IMPORTS)
@pytest.mark.parametrize(
    "form", ["import {module}", "from {package} import {last}", "from {module} import name"]
)
def test_ring_refuses_import_in_every_form(ring: str, module: str, form: str) -> None:
    package, _, last = module.rpartition(".")
    text = form.format(module=module, package=package, last=last)
    assert list(rules.rings_import_only_rings_above(in_ring(ring, text)))


@pytest.mark.parametrize(("ring", "module"), ALLOWED_IMPORTS)
def test_ring_takes_import_the_table_allows(ring: str, module: str) -> None:
    assert list(rules.rings_import_only_rings_above(in_ring(ring, f"import {module}"))) == []


@pytest.mark.parametrize(("ring", "package"), REFUSED_PACKAGES)
def test_ring_refuses_package(ring: str, package: str) -> None:
    assert list(rules.packages_stay_in_their_rings(in_ring(ring, f"from {package} import name")))


def test_packages_in_their_own_rings_pass() -> None:
    for package, owners in OWNERS.items():
        for ring in owners:
            assert list(rules.packages_stay_in_their_rings(in_ring(ring, f"import {package}.part"))) == []


@pytest.mark.parametrize("ring", ["web", "cli", "jobs", "notify", "demo", "ui", "pages", "app"])
@pytest.mark.parametrize("text", ["import lifecycle.store.tables", "from lifecycle.store import tables"])
def test_edge_refuses_tables(ring: str, text: str) -> None:
    assert list(rules.edges_never_see_tables(in_ring(ring, text)))


def test_actions_import_leftwards_only() -> None:
    for position, noun in enumerate(ACTIONS):
        for other_position, other in enumerate(ACTIONS):
            text = f"from lifecycle.actions import {other}"
            breaches = list(rules.actions_import_only_leftwards(source(f"lifecycle/actions/{noun}.py", text)))
            assert bool(breaches) == (other_position > position), (noun, other)


def test_relative_imports_count_as_what_they_reach() -> None:
    assert list(
        rules.rings_import_only_rings_above(source("lifecycle/rules/gates.py", "from ..store import base"))
    )
    assert list(
        rules.rings_import_only_rings_above(source("lifecycle/rules/__init__.py", "from ..store import base"))
    )
    inside = source("lifecycle/rules/checks/__init__.py", "from ..tiers import points")
    assert list(rules.rings_import_only_rings_above(inside)) == []


def test_charts_state_and_perform_may_do_what_is_theirs() -> None:
    own = [
        (rules.plotly_is_only_in_charts, "lifecycle/ui/charts.py", "import plotly.graph_objects"),
        (rules.session_state_is_only_in_state, "lifecycle/ui/state.py", "st.session_state.clear()"),
        (rules.rerun_is_only_in_perform, "lifecycle/ui/perform.py", "st.rerun()"),
    ]
    for check, path, text in own:
        assert list(check(source(path, text))) == []


def test_every_check_and_every_row_has_its_proof() -> None:
    proven = {proof[0] for proof in PROOFS}
    by_table = {
        rules.rings_import_only_rings_above,
        rules.packages_stay_in_their_rings,
        rules.actions_import_only_leftwards,
    }
    assert proven | by_table == set(CHECKS)
    assert {ring for ring, _ in REFUSED_IMPORTS} == set(MAY_IMPORT)
    assert {package for _, package in REFUSED_PACKAGES} >= set(OWNERS)
    assert all(ast.parse(proof[2]) for proof in PROOFS)
