"""Contents of files: each once, whole or not at all, in a folder and behind a URL."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from lifecycle.errors import Invalid, Unavailable
from lifecycle.settings import Settings
from lifecycle.store.files import Files, Folder, Remote, open_files

pytestmark = pytest.mark.once
CONTENT = b"0123456789" * 60_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    where = str(tmp_path / "shelf") if request.param == "folder" else f"memory://{uuid4().hex}/shelf"
    return open_files(Settings(database_url="", evidence_url=where), None)


def names(files: Files) -> list[str]:
    """Everything that is kept or half kept, by its last name."""
    if isinstance(files, Folder):
        return sorted(path.name for path in files.root.rglob("*") if path.is_file())
    assert isinstance(files, Remote)
    found = fsspec.filesystem("memory").find(files._root)
    return sorted(str(name).rsplit("/", 1)[-1] for name in found)


def test_content_is_kept_once_under_its_digest_and_read_in_parts(files: Files) -> None:
    assert [files.put(CONTENT), files.put(CONTENT)] == [DIGEST, DIGEST]

    assert names(files) == [DIGEST]
    assert b"".join(files.read(DIGEST)) == CONTENT
    assert b"".join(files.read(DIGEST, 5, 7)) == CONTENT[5:12]
    assert b"".join(files.read(DIGEST, len(CONTENT) - 3)) == CONTENT[-3:]
    files.require(DIGEST)


def test_what_is_not_kept_leaves_nothing(files: Files) -> None:
    arriving = files.receive(head_bytes=15)
    arriving.write(CONTENT[:10])
    arriving.write(CONTENT[10:])
    assert (arriving.size, arriving.head, arriving.digest) == (len(CONTENT), CONTENT[:15], DIGEST)
    arriving.discard()

    assert names(files) == []
    for missing in (lambda: files.require(DIGEST), lambda: next(files.read(DIGEST))):
        with pytest.raises(Unavailable, match="not where it should be"):
            missing()


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 63 + "/"])
def test_only_a_digest_is_ever_part_of_a_path(files: Files, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        files.require(digest)


def test_killed_process_leaves_a_piece_that_the_next_start_sweeps_up(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    files.put(b"kept")

    process = os.fork()
    if process == 0:
        arriving = files.receive()
        arriving.write(CONTENT)
        arriving.settle()
        time.sleep(60)
    arrived = _wait_for(lambda: [path for path in tmp_path.glob("arriving/*") if path.stat().st_size])

    assert Folder(tmp_path).sweep() == 0, "an upload in progress is left alone"
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert arrived[0].exists()
    assert Folder(tmp_path).sweep() == 1
    assert names(files) == [hashlib.sha256(b"kept").hexdigest()]


def _wait_for(found: Callable[[], list[Path]]) -> list[Path]:
    for _ in range(2_000):
        if there := found():
            return there
        time.sleep(0.01)
    raise AssertionError("nothing arrived")


def test_remote_sweep_takes_only_what_is_old() -> None:
    root = f"/{uuid4().hex}"
    memory = fsspec.filesystem("memory")
    for age in (timedelta(days=2), timedelta(minutes=5)):
        stamp = (datetime.now(UTC) - age).strftime("%Y%m%dT%H%M%S")
        memory.pipe_file(f"{root}/arriving/{stamp}-x", b"half")
    files = Remote(memory, root)

    assert files.sweep() == 1
    assert len(names(files)) == 1
    assert Remote(memory, f"{root}/nowhere").sweep() == 0


def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    arriving = files.receive()
    arriving._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - closed by discard
    with pytest.raises(Unavailable, match="no room left"):
        arriving.write(b"x")
    arriving.discard()
    assert names(files) == []


def test_default_is_the_folder_beside_the_database(tmp_path: Path) -> None:
    files = open_files(Settings(database_url=""), tmp_path / "lifecycle.db")
    assert isinstance(files, Folder)
    assert files.root == tmp_path / "evidence"
    by_url = open_files(Settings(database_url="", evidence_url=f"file://{tmp_path}/a%20b"), None)
    assert isinstance(by_url, Folder)
    assert by_url.root == tmp_path / "a b"


@pytest.mark.parametrize("url", ["nosuch://bucket", "s3://bucket/prefix"])
def test_place_that_cannot_be_used_stops_the_start_with_a_sentence(url: str) -> None:
    with pytest.raises(Invalid, match="LIFECYCLE_EVIDENCE_URL: cannot be used"):
        open_files(Settings(database_url="", evidence_url=url), None)
