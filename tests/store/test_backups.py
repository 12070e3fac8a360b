"""Backups: whole while people write, refused when one byte differs, put back all or nothing."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lifecycle.actions import evidence
from lifecycle.errors import Invalid, Outdated, Unavailable
from lifecycle.rules.evidence import FileContent
from lifecycle.store.backups import Backup, back_up, check_backup, restore
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import Folder
from lifecycle.store.verification import verify
from lifecycle.vocabulary import Gate
from tests.clock import START
from tests.factories import Cast, answer, cast, project

CONTENT = b"what the validation found\n" * 4_000


@pytest.fixture
def files(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "evidence")


@pytest.fixture
def people(database: Database) -> Cast:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL has its own programs for this")
    with database.write() as session:
        return cast(session)


@pytest.fixture
def backed_up(database: Database, people: Cast, files: Folder, tmp_path: Path) -> Path:
    """A backup of an installation with a project and a document."""
    with database.write() as session:
        document = FileContent(files.put(CONTENT), len(CONTENT), "text/plain", "Findings.txt")
        evidence.add(
            session,
            by=people.pat,
            at=START,
            project_id=project(session, people),
            content=document,
            gate=Gate.MODEL,
            guide=people.guide,
        )
    back_up(database, files, tmp_path / "kept.zip", at=START)
    return tmp_path / "kept.zip"


def elsewhere(tmp_path: Path) -> tuple[Database, Folder]:
    return open_database(f"sqlite:///{tmp_path / 'other' / 'new.db'}"), Folder(
        tmp_path / "other" / "evidence"
    )


def test_backup_comes_back_on_another_machine_with_every_row_chain_and_document(
    backed_up: Path, database: Database, files: Folder, tmp_path: Path
) -> None:
    other, place = elsewhere(tmp_path)
    done = restore(other, place, backed_up, at=START)

    assert (done.kept, done.backup.documents, done.backup.missing) == (None, 1, ())
    assert verify(other).intact
    digest = files.put(CONTENT)
    assert b"".join(place.read(digest)) == CONTENT
    again = back_up(other, place, tmp_path / "again.zip", at=START)
    assert (again.tables, again.heads) == (done.backup.tables, done.backup.heads)
    other.dispose()


def test_restore_keeps_what_was_there_and_signs_everybody_out(
    backed_up: Path, database: Database, people: Cast, files: Folder, tmp_path: Path
) -> None:
    with database.write() as session:
        project(session, people, "Written after the backup")
    assert database.file is not None
    done = restore(database, files, backed_up, at=START)

    assert done.kept is not None
    assert names(database.file) == {"Orders"}
    assert names(done.kept) == {"Orders", "Written after the backup"}
    assert count(database.file, "web_session") == 0


def test_nothing_is_restored_under_a_server_that_runs(
    backed_up: Path, database: Database, files: Folder, tmp_path: Path
) -> None:
    assert database.file is not None
    second = open_database(f"sqlite:///{database.file}")
    with database.read() as session:
        session.connection()
        with pytest.raises(Unavailable, match="stop the server"):
            restore(second, files, backed_up, at=START)
    assert not list(database.file.parent.glob(f"{database.file.name}.*restor*"))


def test_one_flipped_byte_anywhere_is_found_or_changes_nothing(backed_up: Path, tmp_path: Path) -> None:
    """Bytes that say when the zip was made may differ; what would be restored may not."""
    whole, sound = backed_up.read_bytes(), check_backup(backed_up)
    chance, refused = random.Random(20_261_130), 0
    for _ in range(60):
        at = chance.randrange(len(whole))
        broken = tmp_path / "broken.zip"
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            assert check_backup(broken) == sound
        except (Invalid, Outdated):
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda data: data[: len(data) // 2], "not all of it"),
        (lambda data: b"Name,Stage\nReader,Live\n", "no backup"),
        (lambda data: b"", "no backup"),
    ],
)
def test_what_is_no_backup_is_refused_and_changes_nothing(
    backed_up: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    backed_up.write_bytes(spoil(backed_up.read_bytes()))
    other, place = elsewhere(tmp_path)
    with pytest.raises(Invalid, match=sentence):
        restore(other, place, backed_up, at=START)
    assert [found.name for found in (tmp_path / "other").iterdir()] == []


def test_backup_made_while_people_write_is_one_moment(
    backed_up: Path, database: Database, people: Cast, files: Folder, tmp_path: Path
) -> None:
    """Whatever was committed when it began is in it, with its event; what is half done is not."""
    with database.write() as session:
        project_id = project(session, people, "Busy")
    stop, written = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            with database.write() as session:
                answer(session, people, project_id, "D01", f"version {number}", at=START)
            written.release()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made: list[Backup] = []
        for number in range(5):
            assert all(written.acquire(timeout=60) for _ in range(3))
            made.append(back_up(database, files, tmp_path / f"busy-{number}.zip", at=START))
    finally:
        stop.set()
        writer.join()
    counts = [each.tables["answer"] for each in made]
    assert counts == sorted(set(counts))
    other, place = elsewhere(tmp_path)
    for number in range(5):
        restore(other, place, tmp_path / f"busy-{number}.zip", at=START)
        assert verify(other).intact
        other.dispose()


def test_document_that_is_gone_is_named(
    backed_up: Path, database: Database, files: Folder, tmp_path: Path
) -> None:
    shutil.rmtree(files.root)
    made = back_up(database, files, tmp_path / "second.zip", at=START)
    assert (len(made.missing), made.documents) == (1, 0)


def test_backup_of_a_newer_version_is_refused(
    backed_up: Path, database: Database, files: Folder, tmp_path: Path
) -> None:
    assert database.file is not None
    with closing(sqlite3.connect(database.file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    back_up(database, files, tmp_path / "newer.zip", at=START)
    other, place = elsewhere(tmp_path)
    with pytest.raises(Outdated, match="newer version"):
        restore(other, place, tmp_path / "newer.zip", at=START)
    assert other.file is not None
    assert not other.file.exists()


def names(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM project")}


def count(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return found
