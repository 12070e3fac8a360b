"""The tests' PostgreSQL: without its programs nothing runs and it is said, and CI never leaves anything out."""

from __future__ import annotations

import sys

import pytest

from scripts import with_postgresql
from scripts.with_postgresql import NONE_HERE, VARIABLE, main


@pytest.mark.parametrize(
    ("options", "ci", "code"),
    [([], "", 3), (["--install"], "", 3), (["--install", "--optional"], "", 0), (["--optional"], "true", 3)],
)
def test_without_a_server_program_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    ci: str,
    code: int,
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(with_postgresql, "programs", lambda: None)
    monkeypatch.setattr(with_postgresql, "install", lambda: None)
    assert main([*options, "false"]) == code
    assert NONE_HERE in capsys.readouterr().err


@pytest.mark.servers
def test_command_gets_the_address_of_a_server_and_gives_its_exit_code() -> None:
    script = (
        f"import os, sys, psycopg\nwith psycopg.connect(os.environ[{VARIABLE!r}]) as c:\n"
        "    sys.exit(c.execute('SELECT 7').fetchone()[0])"
    )
    assert main([sys.executable, "-c", script]) == 7
