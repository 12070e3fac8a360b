"""One file that holds a whole installation: a snapshot of the SQLite database, and every document it names.

A backup is a zip with `manifest.json` (digests, rows per table, heads of the log), `lifecycle.db` and the contents
under `evidence/`. It is made while people write, and put back only after every byte of it was compared.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import delete

from lifecycle.errors import Invalid, Outdated, Unavailable
from lifecycle.language import mark, say
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import PIECE, Files
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import WebSession

FORMAT = "lifecycle-backup"
VERSION = 1
_DATABASE, _MANIFEST, _EVIDENCE = "lifecycle.db", "manifest.json", "evidence"
_LARGEST_MANIFEST = 64_000_000

POSTGRESQL = mark(
    "This installation keeps its data in PostgreSQL: back it up and restore it with pg_dump and pg_restore, "
    "and copy the folder or bucket of its documents beside it."
)
IN_USE = mark(
    "Something is still working on {file}: stop the server (and what cron starts), then restore. "
    "Nothing was changed."
)
# What zipfile and zlib raise for bytes that are not as they were written.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `missing` are documents whose content was not where it should be."""

    made_at: str
    schema: str
    tables: dict[str, int]
    heads: dict[str, str]
    documents: int
    bytes: int
    missing: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where the database of before is kept; None when there was none."""

    backup: Backup
    kept: Path | None


# ---------------------------------------------------------------- making one


def back_up(database: Database, files: Files, target: Path, *, at: datetime) -> Backup:
    """Write a backup of this moment to `target`, which appears only when it is whole.

    Writers go on meanwhile. Raises Invalid on PostgreSQL and Unavailable when something cannot be read.
    """
    source = _file_of(database)
    beside = target.with_name(f".{target.name}.part")
    try:
        with TemporaryDirectory(prefix="lifecycle-backup-", dir=target.parent) as folder:
            snapshot = Path(folder) / _DATABASE
            _copy(source, snapshot)
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                made = _write(archive, snapshot, files, at)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.chmod(0o600)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return made


def _write(archive: zipfile.ZipFile, snapshot: Path, files: Files, at: datetime) -> Backup:
    archive.write(snapshot, _DATABASE)
    with _read_only(snapshot) as connection:
        wanted = _documents(connection)
        described = _described(connection)
    sizes, missing = _write_documents(archive, files, wanted)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": at.isoformat(timespec="seconds"),
        "database": {"sha256": _digest(snapshot), "bytes": snapshot.stat().st_size},
        **described,
        "documents": sizes,
        "missing": missing,
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    return _backup(manifest)


def _write_documents(
    archive: zipfile.ZipFile, files: Files, wanted: list[str]
) -> tuple[dict[str, int], list[str]]:
    sizes: dict[str, int] = {}
    missing: list[str] = []
    for digest in wanted:
        try:
            files.require(digest)
        except Unavailable:
            missing.append(digest)
            continue
        # Pictures, PDF and zip files do not get smaller by being packed again.
        entry = zipfile.ZipInfo(f"{_EVIDENCE}/{digest}")
        with archive.open(entry, "w", force_zip64=True) as target:
            sizes[digest] = sum(target.write(piece) for piece in files.read(digest))
    return sizes, missing


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise Invalid(
            say("There is no database at {source} yet: there is nothing to back up.", source=source)
        )
    with _sqlite_sentences(), _read_only(source) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def _described(connection: sqlite3.Connection) -> dict[str, Any]:
    """What a restored database must be equal to: its schema, the rows of each table, the heads of the log."""
    named = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    names = sorted(name for (name,) in named.fetchall())
    schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return {
        "schema": schema[0] if schema else "",
        "tables": {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names
        },
        "heads": dict(connection.execute("SELECT chain, hash FROM chain_head ORDER BY chain").fetchall()),
    }


def _documents(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT DISTINCT digest FROM evidence_revision WHERE digest <> '' ORDER BY 1")
    return [digest for (digest,) in found.fetchall()]


# ---------------------------------------------------------------- reading one


def check_backup(source: Path) -> Backup:
    """Compare every byte of a backup with its manifest. Raises Invalid, naming the first thing that differs."""
    with _opened(source) as (archive, manifest), TemporaryDirectory(prefix="lifecycle-restore-") as folder:
        _unpacked(archive, manifest, Path(folder) / _DATABASE)
        for digest in manifest["documents"]:
            _compare(archive, digest)
        return _backup(manifest)


def restore(database: Database, files: Files, source: Path, *, at: datetime) -> Restored:
    """Put a backup in the place of this database, all of it or nothing; the one of before is kept beside it.

    Documents are added to those that are there. Raises Invalid when the file is no whole
    backup, Outdated when a newer version made it, Unavailable while anything has the database open.
    """
    target = _file_of(database)
    with _opened(source) as (archive, manifest):
        fresh = target.with_name(f"{target.name}.restoring")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _unpacked(archive, manifest, fresh)
            _brought_up_to_date(fresh)
            database.dispose()
            with _alone(target):
                for digest in manifest["documents"]:
                    _bring_back(archive, digest, files)
            kept = _swap(fresh, target, at)
        finally:
            for left in (fresh, *_beside(fresh)):
                left.unlink(missing_ok=True)
        return Restored(_backup(manifest), kept)


@contextmanager
def _opened(source: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive, _manifest(archive)
    except FileNotFoundError as error:
        raise Invalid(say("There is no file {source}.", source=source)) from error
    except zipfile.BadZipFile as error:
        raise Invalid(
            say("{source} is no backup, or not all of it is there: {error}.", source=source, error=error)
        ) from error


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        entry = archive.getinfo(_MANIFEST)
        if entry.file_size > _LARGEST_MANIFEST:
            raise ValueError("its manifest is too large")
        found = json.loads(archive.read(entry))
        if found["format"] != FORMAT:
            raise ValueError("another program made it")
        version = found["version"]
        _backup(found)
        found["database"]["sha256"]
    except (KeyError, TypeError, ValueError, AttributeError, *_BROKEN) as error:
        raise Invalid(say("{file} is no backup of Lifecycle.", file=archive.filename)) from error
    if version != VERSION:
        raise Outdated(
            say(
                "{file} was made by a newer version of Lifecycle. Nothing was changed.",
                file=archive.filename,
            )
        )
    return dict(found)


def _backup(manifest: dict[str, Any]) -> Backup:
    sizes = manifest["documents"]
    return Backup(
        made_at=str(manifest["made_at"]),
        schema=str(manifest["schema"]),
        tables={str(name): int(count) for name, count in manifest["tables"].items()},
        heads={str(chain): str(hash_) for chain, hash_ in manifest["heads"].items()},
        documents=len(sizes),
        bytes=int(manifest["database"]["bytes"]) + sum(int(size) for size in sizes.values()),
        missing=tuple(manifest["missing"]),
    )


def _unpacked(archive: zipfile.ZipFile, manifest: dict[str, Any], target: Path) -> None:
    """The database of the backup as a file of its own, proven equal to what was backed up."""
    with _entry(archive, _DATABASE) as packed, target.open("wb") as unpacked:
        target.chmod(0o600)
        shutil.copyfileobj(packed, unpacked, PIECE)
        unpacked.flush()
        os.fsync(unpacked.fileno())
    if _digest(target) != manifest["database"]["sha256"]:
        raise Invalid(
            say(
                "{file}: {name} is not what was backed up.",
                file=archive.filename,
                name=_DATABASE,
            )
        )
    with _read_only(target) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        described = _described(connection)
    differing = [name for name, value in described.items() if manifest[name] != value]
    if not sound or differing:
        raise Invalid(
            say(
                "{file}: the database in it differs in {differing}.",
                file=archive.filename,
                differing=", ".join(differing) or say("its pages"),
            )
        )


def _compare(archive: zipfile.ZipFile, digest: str) -> None:
    hashed = sha256()
    with _entry(archive, f"{_EVIDENCE}/{digest}") as content:
        while piece := content.read(PIECE):
            hashed.update(piece)
    if hashed.hexdigest() != digest:
        raise Invalid(
            say(
                "{file}: document {digest} is not what was backed up.",
                file=archive.filename,
                digest=digest,
            )
        )


def _bring_back(archive: zipfile.ZipFile, digest: str, files: Files) -> None:
    arriving = files.receive()
    try:
        with _entry(archive, f"{_EVIDENCE}/{digest}") as content:
            while piece := content.read(PIECE):
                arriving.write(piece)
        if arriving.digest != digest:
            raise Invalid(
                say(
                    "{file}: document {digest} is not what was backed up.",
                    file=archive.filename,
                    digest=digest,
                )
            )
        arriving.settle()
        arriving.keep()
    finally:
        arriving.discard()


@contextmanager
def _entry(archive: zipfile.ZipFile, name: str) -> Iterator[Any]:
    try:
        with archive.open(name) as opened:
            yield opened
    except KeyError as error:
        raise Invalid(say("{file}: {name} is missing.", file=archive.filename, name=name)) from error
    except _BROKEN as error:
        raise Invalid(say("{file}: {name} is damaged.", file=archive.filename, name=name)) from error


def _brought_up_to_date(file: Path) -> None:
    """An older schema is brought up to date before anything is replaced; everybody has to sign in again.

    Sessions that ended after the backup was made would otherwise be open again. Raises Outdated for a newer schema.
    """
    database = open_database(f"sqlite:///{file}")
    try:
        upgrade(database)
        with database.write() as session:
            session.execute(delete(WebSession))
    finally:
        database.dispose()


# ---------------------------------------------------------------- the files


def _file_of(database: Database) -> Path:
    if database.file is None:
        raise Invalid(say(POSTGRESQL))
    return database.file


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Holds the database so that nobody else has it open; Unavailable when somebody has."""
    if not target.exists():
        yield
        return
    with closing(sqlite3.connect(target, timeout=0, isolation_level=None)) as connection:
        # In this mode the first access takes the lock that every other open connection holds a share of.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Unavailable(say(IN_USE, file=target)) from error
        except sqlite3.DatabaseError:  # damaged, which is what backups are for
            yield
            return
        connection.execute("COMMIT")
        yield


def _swap(fresh: Path, target: Path, at: datetime) -> Path | None:
    kept = None
    if target.exists():
        name = f"{target.name}.before-restore-{at:%Y%m%dT%H%M%SZ}"
        numbered = (target.with_name(f"{name}-{number}" if number > 1 else name) for number in count(1))
        kept = next(place for place in numbered if not place.exists())
        os.link(target, kept)
    for left in _beside(target):
        left.unlink(missing_ok=True)
    fresh.replace(target)
    with suppress(OSError):
        handle = os.open(target.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    return kept


def _beside(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(f"{file.name}{ending}") for ending in ("-wal", "-shm", "-journal"))


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


@contextmanager
def _read_only(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


@contextmanager
def _sqlite_sentences() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(
            say("The database cannot be copied just now: {error}. Nothing was written.", error=error)
        ) from error
