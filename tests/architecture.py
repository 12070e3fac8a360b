"""The import table of the design, as functions over one file; test_architecture.py applies and proves them.

A check takes a `Source` and yields one sentence per breach. Imports under TYPE_CHECKING count: a name that a
ring may not use at run time is one it should not have to name at all.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

PACKAGE = "lifecycle"

WORDS = frozenset({"language", "vocabulary", "errors", "settings", "canonical"})
STORED = frozenset({"store", "events"})
UP_TO_FACTS = WORDS | STORED | {"guide", "own_guide", "rules", "facts"}
UP_TO_INTERCHANGE = UP_TO_FACTS | {"actions", "queries", "interchange"}

# ring: the rings it may import besides itself
MAY_IMPORT: dict[str, frozenset[str]] = {
    "language": frozenset(),
    "vocabulary": WORDS,
    "errors": WORDS,
    "settings": WORDS,
    "canonical": frozenset(),
    "guide": WORDS,
    "own_guide": WORDS | {"guide"},
    "rules": frozenset({"language", "vocabulary", "errors", "canonical", "guide"}),
    "store": WORDS | STORED,
    "events": WORDS | STORED,
    "facts": UP_TO_FACTS,
    "actions": UP_TO_FACTS,
    "queries": UP_TO_FACTS,
    "interchange": UP_TO_INTERCHANGE,
    # The edges: nothing but app.py and pages imports ui, so that a command line never loads Streamlit.
    "demo": UP_TO_INTERCHANGE,
    "notify": UP_TO_INTERCHANGE,
    "jobs": UP_TO_INTERCHANGE | {"notify"},
    "web": UP_TO_INTERCHANGE | {"demo", "jobs", "notify"},
    "cli": UP_TO_INTERCHANGE | {"demo", "jobs", "notify", "web"},
    "ui": UP_TO_INTERCHANGE | {"demo", "jobs", "notify", "web"},
    "pages": frozenset({"ui"}),
    "app": UP_TO_INTERCHANGE | {"demo", "jobs", "notify", "web", "ui"},
}
EDGES = frozenset({"web", "cli", "jobs", "notify", "demo", "ui"})
ACTIONS = (
    "people",
    "filters",
    "tokens",
    "projects",
    "registers",
    "answers",
    "sources",
    "copies",
    "guides",
    "own_guides",
    "surroundings",
    "threads",
    "reviews",
    "evidence",
    "gates",
    "operation",
    "delegations",
    "plans",
    "baselines",
    "releases",
    "incidents",
    "monitors",
    "deliveries",
    "documents",
)

# Packages that belong to some rings only; then rings closed to every package but these.
OWNERS: dict[str, frozenset[str]] = {
    "streamlit": frozenset({"ui", "pages", "app"}),
    "sqlmodel": STORED
    | {
        "facts",
        "actions",
        "queries",
        "interchange",
        "demo",
        "jobs",
    },  # the last three: the Session they pass on
    "sqlalchemy": STORED | {"facts", "actions", "queries"},
    "alembic": frozenset({"store"}),
    "fsspec": frozenset({"store"}),
    "pandas": frozenset({"ui", "interchange"}),
    "plotly": frozenset({"ui"}),
    "fastapi": frozenset({"web", "app"}),
    "starlette": frozenset({"web", "ui", "app"}),
    "prometheus_client": frozenset({"web"}),
    "authlib": frozenset({"web"}),
    "joserfc": frozenset({"web"}),
    "requests": frozenset({"web"}),
    "uvicorn": frozenset({"web", "cli", "app"}),
    "typer": frozenset({"cli"}),
    "babel": frozenset({"language"}),
}
ONLY_FROM_OUTSIDE: dict[str, frozenset[str]] = {
    "vocabulary": frozenset({"pydantic"}),
    "errors": frozenset({"pydantic"}),
    "settings": frozenset({"pydantic"}),
    "canonical": frozenset(),
    "guide": frozenset({"pydantic", "yaml"}),
    "own_guide": frozenset({"pydantic"}),
    "rules": frozenset(),
    "store": frozenset({"sqlmodel", "sqlalchemy", "alembic", "pydantic", "psycopg", "fsspec"}),
    "events": frozenset({"sqlmodel", "sqlalchemy", "pydantic"}),
    "pages": frozenset({"streamlit"}),
}

LEAVES_COMMIT_TO_THE_EDGE = frozenset({"actions", "facts", "events", "queries"})
CHART_FILE = re.compile(r"^lifecycle/ui/charts(\.py|/.+)$")
FORBIDDEN_NAMES = frozenset(
    {"utils", "util", "helper", "helpers", "manager", "managers", "service", "services"}
)
CLOCKS = frozenset({"now", "utcnow", "today"})
CLOCK_HOLDERS = frozenset({"datetime", "date"})
STREAMLIT_NAMES = frozenset({"st", "streamlit"})
CHANCE = frozenset({"random", "secrets", "time"})
SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|update\b.+\bset|delete\s+from)\b", re.IGNORECASE | re.DOTALL
)
LONGEST_PAGE = 40
LONGEST_APP = 59


@dataclass(frozen=True)
class Imported:
    """One imported name. `dotted` of `from a import b` is a.b, which may be a module or a name inside one."""

    line: int
    module: str
    name: str | None

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module

    def reaches(self, module: str) -> bool:
        return self.dotted == module or self.dotted.startswith(f"{module}.")


@dataclass(frozen=True)
class Source:
    """A file by its path from the repository's root."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @property
    def ring(self) -> str:
        """The row of the table this file is in; empty for lifecycle/__init__.py, which imports nothing."""
        if self.path.parts[0] != PACKAGE:
            return "pages" if self.path.parts[0] == "pages" else self.path.stem
        second = PurePosixPath(self.path.parts[1]).stem
        return {"__init__": "", "__main__": "cli"}.get(second, second)

    @property
    def module(self) -> tuple[str, ...]:
        parts = self.path.with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @cached_property
    def imports(self) -> tuple[Imported, ...]:
        return tuple(
            imported
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for imported in _names(node, self)
        )

    def at(self, line: int, sentence: str) -> str:
        return f"{self.path}:{line}: {sentence}"


Check = Callable[[Source], Iterator[str]]


def _names(node: ast.Import | ast.ImportFrom, source: Source) -> Iterator[Imported]:
    if isinstance(node, ast.Import):
        yield from (Imported(node.lineno, alias.name, None) for alias in node.names)
        return
    module = node.module or ""
    if node.level:
        is_package = source.path.stem == "__init__"
        base = source.module[: len(source.module) - node.level + is_package]
        module = ".".join((*base, *filter(None, [module])))
    yield from (Imported(node.lineno, module, alias.name) for alias in node.names)


def product_files(root: Path) -> list[Source]:
    """Every Python file of lifecycle, pages and app.py. What is not written yet is simply absent."""
    found = [*(root / PACKAGE).rglob("*.py"), *(root / "pages").rglob("*.py"), *root.glob("app.py")]
    return [
        Source(PurePosixPath(file.relative_to(root).as_posix()), file.read_text("utf-8"))
        for file in sorted(found)
    ]


def rings_import_only_rings_above(source: Source) -> Iterator[str]:
    for imported in source.imports:
        parts = imported.dotted.split(".")
        if parts[0] in ("pages", "app"):
            yield source.at(imported.line, f"{parts[0]} is the outermost ring; nothing imports it")
        if parts[0] != PACKAGE or len(parts) == 1:
            continue
        ring = parts[1]
        if source.ring not in MAY_IMPORT:
            yield source.at(
                imported.line, f"{source.path} is in no ring of the table and imports {imported.dotted}"
            )
        elif ring != source.ring and ring not in MAY_IMPORT[source.ring]:
            yield source.at(imported.line, f"{source.ring} may not import {imported.dotted}")


def every_module_is_in_a_ring(source: Source) -> Iterator[str]:
    if source.ring and source.ring not in MAY_IMPORT:
        yield source.at(1, f"the table has no ring {source.ring}")


def packages_stay_in_their_rings(source: Source) -> Iterator[str]:
    closed = ONLY_FROM_OUTSIDE.get(source.ring)
    for imported in source.imports:
        package = imported.module.split(".")[0]
        if package in sys.stdlib_module_names or package in (PACKAGE, "pages", "app"):
            continue
        if package in OWNERS and source.ring not in OWNERS[package]:
            yield source.at(imported.line, f"{package} belongs to {', '.join(sorted(OWNERS[package]))}")
        elif closed is not None and package not in closed:
            yield source.at(imported.line, f"{source.ring} may not use {package}")


def plotly_is_only_in_charts(source: Source) -> Iterator[str]:
    for imported in source.imports:
        if imported.module.split(".")[0] == "plotly" and not CHART_FILE.match(str(source.path)):
            yield source.at(imported.line, "plotly is imported in lifecycle/ui/charts.py alone")


def edges_never_see_tables(source: Source) -> Iterator[str]:
    if source.ring not in EDGES | {"pages", "app"}:
        return
    for imported in source.imports:
        if imported.reaches("lifecycle.store.tables"):
            yield source.at(
                imported.line, f"{source.ring} works on views and plain values, not on store.tables"
            )


def actions_import_only_leftwards(source: Source) -> Iterator[str]:
    noun = _noun(source.module, "actions")
    if noun not in ACTIONS:
        return
    for imported in source.imports:
        other = _noun(tuple(imported.dotted.split(".")), "actions")
        if other in ACTIONS and ACTIONS.index(other) > ACTIONS.index(noun):
            yield source.at(
                imported.line, f"actions.{noun} comes before actions.{other} and may not import it"
            )


def _noun(module: tuple[str, ...], ring: str) -> str | None:
    return module[2] if len(module) > 2 and module[:2] == (PACKAGE, ring) else None


def queries_record_nothing(source: Source) -> Iterator[str]:
    if source.ring != "queries":
        return
    for imported in source.imports:
        whole = imported.dotted == "lifecycle.events"
        writer = imported.module == "lifecycle.events" and (imported.name or "").startswith(
            ("record", "append", "*")
        )
        if whole or writer:
            yield source.at(
                imported.line, "a query reads: name the reading functions of events, not its writer"
            )


def only_edges_commit(source: Source) -> Iterator[str]:
    if source.ring not in LEAVES_COMMIT_TO_THE_EDGE:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield source.at(node.lineno, f"{source.ring} leaves the commit to the edge")


def rules_read_no_clock_and_no_chance(source: Source) -> Iterator[str]:
    if source.ring != "rules":
        return
    for imported in source.imports:
        # The type of a generator handed in may be named; making one may not.
        if imported.module in CHANCE and imported.dotted != "random.Random":
            yield source.at(
                imported.line, f"rules take time and chance as arguments, not from {imported.dotted}"
            )
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _is_clock_or_chance(node.func):
            yield source.at(
                node.lineno, f"rules take time and chance as arguments, not from {ast.unparse(node.func)}"
            )


def _is_clock_or_chance(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in ("Random", "uuid4", "uuid1", "urandom")
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in ("uuid4", "uuid1", "urandom", "Random"):
        return True
    holder = function.value.attr if isinstance(function.value, ast.Attribute) else ast.unparse(function.value)
    return function.attr in CLOCKS and holder in CLOCK_HOLDERS


def pages_are_short_and_plain(source: Source) -> Iterator[str]:
    if source.ring != "pages":
        return
    if (length := len(source.text.splitlines())) > LONGEST_PAGE:
        yield source.at(LONGEST_PAGE + 1, f"a page has at most {LONGEST_PAGE} lines, this one {length}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield source.at(node.lineno, "a page defines nothing: put it into a view")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield source.at(node.lineno, "a page holds no SQL: put it into a query")


def pages_live_beside_app_alone(source: Source) -> Iterator[str]:
    if source.path.parts[0] == PACKAGE and "pages" in source.path.parts:
        yield source.at(
            1, "a pages folder beside the frame script would bypass the frame; pages live in pages/"
        )


def app_is_short(source: Source) -> Iterator[str]:
    if source.ring == "app" and (length := len(source.text.splitlines())) > LONGEST_APP:
        yield source.at(LONGEST_APP + 1, f"app.py stays under {LONGEST_APP + 1} lines, it has {length}")


def session_state_is_only_in_state(source: Source) -> Iterator[str]:
    if str(source.path) != "lifecycle/ui/state.py":
        for line in _uses(source, "session_state"):
            yield source.at(line, "session_state is touched in lifecycle/ui/state.py alone")


def rerun_is_only_in_perform(source: Source) -> Iterator[str]:
    if str(source.path) != "lifecycle/ui/perform.py":
        for line in _uses(source, "rerun"):
            yield source.at(line, "st.rerun is called in lifecycle/ui/perform.py alone")


def _uses(source: Source, name: str) -> Iterator[int]:
    """Lines that take `name` from streamlit: `st.name`, `streamlit.name`, `from streamlit import name`."""
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == name
            and ast.unparse(node.value) in STREAMLIT_NAMES
        ):
            yield node.lineno
    for imported in source.imports:
        if imported.dotted == f"streamlit.{name}" or imported.dotted.startswith(f"streamlit.runtime.{name}"):
            yield imported.line


def nothing_unsafe_is_allowed(source: Source) -> Iterator[str]:
    words = ("unsafe_allow_html", "unsafe_allow_javascript")
    for node in ast.walk(source.tree):
        named = (
            node.arg
            if isinstance(node, ast.keyword)
            else node.value
            if isinstance(node, ast.Constant)
            else None
        )
        if named in words:
            yield source.at(node.lineno, f"{named} is never used")  # type: ignore[attr-defined]


def imports_stand_at_the_top(source: Source) -> Iterator[str]:
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield source.at(node.lineno, f"{function.name} imports inside its body")


def names_say_what_is_inside(source: Source) -> Iterator[str]:
    for part in (*source.path.parent.parts, source.path.stem):
        if FORBIDDEN_NAMES & set(part.lower().split("_")):
            yield source.at(1, f"“{part}” says nothing about its content; name it after its noun")


CHECKS: tuple[Check, ...] = (
    rings_import_only_rings_above,
    every_module_is_in_a_ring,
    packages_stay_in_their_rings,
    plotly_is_only_in_charts,
    edges_never_see_tables,
    actions_import_only_leftwards,
    queries_record_nothing,
    only_edges_commit,
    rules_read_no_clock_and_no_chance,
    pages_are_short_and_plain,
    pages_live_beside_app_alone,
    app_is_short,
    session_state_is_only_in_state,
    rerun_is_only_in_perform,
    nothing_unsafe_is_allowed,
    imports_stand_at_the_top,
    names_say_what_is_inside,
)
