"""Triggers that keep append-only tables as they were written, whoever speaks to the database."""

from __future__ import annotations

from collections.abc import Sequence

_FUNCTION = "refuse_to_change_history"


def guard_statements(dialect: str, table: str, keys: Sequence[Sequence[str]]) -> list[str]:
    """The statements that guard `table`, whose `keys` are its primary key and unique constraints.

    A migration that makes a guarded table anew on SQLite must run them again: triggers go with the old table.
    """
    return _sqlite_statements(table, keys) if dialect == "sqlite" else _postgresql_statements(table)


def _sqlite_statements(table: str, keys: Sequence[Sequence[str]]) -> list[str]:
    # REPLACE deletes the old row without firing DELETE triggers, so an existing key is refused before it.
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {_same(key)})" for key in keys)
    return [
        f"CREATE TRIGGER {table}_refuses_{name} BEFORE {statement} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {why}'); END"
        for name, statement, condition, why in (
            ("update", "UPDATE", "", "a row is never changed"),
            ("delete", "DELETE", "", "a row is never deleted"),
            ("replace", "INSERT", f"WHEN {taken} ", "a row is never replaced"),
        )
    ]


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"{column} = NEW.{column}" for column in key)


def _postgresql_statements(table: str) -> list[str]:
    # ENABLE ALWAYS: a session that plays replica would otherwise skip them.
    function = (
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only: a row is never changed or deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    refuse = f"EXECUTE FUNCTION {_FUNCTION}()"
    rows, whole = f"{table}_refuses_change", f"{table}_refuses_truncate"
    return [
        function,
        f"CREATE TRIGGER {rows} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {whole} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {rows}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {whole}",
    ]
