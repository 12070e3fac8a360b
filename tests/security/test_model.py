"""The threat model names tests: each of them exists."""

from __future__ import annotations

import ast
import re

from scripts.serving import ROOT

ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| `(tests/[\w/]+\.py)(?:::(\w+))?` \|$", re.MULTILINE)


def test_every_threat_has_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = list(ROW.finditer(text))
    lines = [
        line for line in text.splitlines() if line.startswith("| ") and "what stands against" not in line
    ]
    assert len(rows) == len(lines) > 40, "a line of the table does not name its test"
    for threat, name, test in (row.groups() for row in rows):
        file = ROOT / name
        assert file.is_file(), name
        functions = {
            node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
        }
        assert test is None or test in functions, threat
