"""Contents of files under their SHA-256: a folder, or anything that fsspec reaches by URL. Each content once.

What arrives goes to a temporary place first and gets its name only when all of it is on the disk, so that an
interrupted upload leaves nothing under a name. What a killed process leaves behind is swept at the next start.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import fsspec

from lifecycle.errors import Invalid, Unavailable
from lifecycle.language import mark, say
from lifecycle.settings import PROJECT_ROOT, Settings

PIECE = 262_144
_DIGEST_LENGTH = 64
_HEXADECIMAL = frozenset("0123456789abcdef")
_ARRIVING = "arriving"
_LONGEST_UPLOAD = timedelta(days=1)
_STAMP = "%Y%m%dT%H%M%S"
_FULL = mark("There is no room left for files. Nothing was stored; tell an administrator.")
_GONE = mark(
    "The place where files are kept cannot be reached just now. Nothing was stored; try again in a moment."
)
_MISSING = mark("The content of this file is not where it should be. Tell an administrator.")


TAIL_BYTES = 262_144  # an archive lists what is in it at its end


class Arriving(ABC):
    """One content on its way in. `head` keeps its beginning, `tail` its end.

    Write, then `settle`, then `keep`; else `discard`.
    """

    def __init__(self, head_bytes: int) -> None:
        self._hash = hashlib.sha256()
        self._head_bytes = head_bytes
        self.size = 0
        self.head = b""
        self._tail = bytearray()

    def write(self, piece: bytes) -> None:
        if len(self.head) < self._head_bytes:
            self.head += piece[: self._head_bytes - len(self.head)]
        self._tail += piece
        if len(self._tail) > 2 * TAIL_BYTES:  # not at every piece: each time, what stays is copied
            del self._tail[:-TAIL_BYTES]
        self._hash.update(piece)
        self.size += len(piece)
        with _failures():
            self._append(piece)

    @property
    def digest(self) -> str:
        """SHA-256 of all that was written so far."""
        return self._hash.hexdigest()

    @property
    def tail(self) -> bytes:
        return bytes(self._tail[-TAIL_BYTES:])

    @abstractmethod
    def _append(self, piece: bytes) -> None: ...

    @abstractmethod
    def settle(self) -> None:
        """All of it safely on the disk, or at the other end; may take long."""

    @abstractmethod
    def keep(self) -> None:
        """Put it under its digest; at once where that is a folder. Does nothing when that content is there."""

    @abstractmethod
    def discard(self) -> None:
        """Leave nothing behind, unless it was kept."""


class Files(ABC):
    """Where contents are kept."""

    @abstractmethod
    def receive(self, head_bytes: int = 0) -> Arriving: ...

    @abstractmethod
    def sweep(self) -> int:
        """Remove what interrupted uploads left; returns how many. Uploads in progress are left alone."""

    @abstractmethod
    def _open(self, digest: str) -> IO[bytes]: ...

    def require(self, digest: str) -> None:
        """Raises Unavailable when this content is not there."""
        with _failures(), self._open(_checked(digest)):
            pass

    def read(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Pieces of one content. Raises Unavailable when it is not there."""
        with _failures(), self._open(_checked(digest)) as content:
            content.seek(start)
            left = length
            while left is None or left > 0:
                piece = content.read(PIECE if left is None else min(PIECE, left))
                if not piece:
                    return
                left = None if left is None else left - len(piece)
                yield piece

    def put(self, content: bytes) -> str:
        """Keep a small content at once; returns its digest."""
        arriving = self.receive()
        try:
            arriving.write(content)
            arriving.settle()
            arriving.keep()
        finally:
            arriving.discard()
        return arriving.digest


def open_files(settings: Settings, database_file: Path | None) -> Files:
    """Where the settings say: a path, file:// or any URL that fsspec knows; raises Invalid for another.

    Where they say nothing it is the folder `evidence` beside the database file, or in `data` without one.
    """
    url = settings.evidence_url
    if not url:
        return Folder((database_file.parent if database_file else PROJECT_ROOT / "data") / "evidence")
    scheme = urlsplit(url).scheme
    if scheme in ("", "file"):
        return Folder(Path(url2pathname(urlsplit(url).path) if scheme else url))
    try:
        system, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise Invalid(
            {"LIFECYCLE_EVIDENCE_URL": say("cannot be used: {reason}.", reason=str(error).rstrip("."))}
        ) from error
    return Remote(system, root)


# ---------------------------------------------------------------- a folder


class Folder(Files):
    """`ab/abcdef…` for each content; uploads under `arriving`, locked while their process lives."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def receive(self, head_bytes: int = 0) -> Arriving:
        with _failures():
            return _IntoFolder(self, head_bytes)

    def sweep(self) -> int:
        swept = 0
        for left in sorted(self.root.glob(f"{_ARRIVING}/*")):
            with suppress(OSError), left.open("rb") as held:
                # Whoever is still writing holds the lock; it ends with the process, however that ended.
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
                swept += 1
        return swept

    def place(self, digest: str) -> Path:
        return self.root / digest[:2] / digest

    def _open(self, digest: str) -> IO[bytes]:
        return self.place(digest).open("rb")


class _IntoFolder(Arriving):
    def __init__(self, folder: Folder, head_bytes: int) -> None:
        super().__init__(head_bytes)
        self._folder = folder
        arriving = folder.root / _ARRIVING
        arriving.mkdir(parents=True, exist_ok=True)
        self._path = arriving / secrets.token_hex(16)
        self._file = self._path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def _append(self, piece: bytes) -> None:
        self._file.write(piece)

    def settle(self) -> None:
        with _failures():
            self._file.flush()
            os.fsync(self._file.fileno())

    def keep(self) -> None:
        place = self._folder.place(self.digest)
        with _failures():
            if place.exists():
                return
            place.parent.mkdir(exist_ok=True)
            self._path.replace(place)
            for folder in (place.parent, self._folder.root):
                _sync_folder(folder)

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # what a full disk did not take is tried again here
            self._file.close()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------- anything else


class Remote(Files):
    """Object storage and whatever else fsspec speaks to. Uploads wait in a nameless local file until they are whole."""

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    def receive(self, head_bytes: int = 0) -> Arriving:
        with _failures():
            return _IntoRemote(self, head_bytes)

    def sweep(self) -> int:
        """By the time in their names: other servers may be uploading just now."""
        before = (datetime.now(UTC) - _LONGEST_UPLOAD).strftime(_STAMP)
        try:
            found = self._system.ls(f"{self._root}/{_ARRIVING}", detail=False)
        except OSError:
            return 0
        old = [str(name) for name in found if str(name).rsplit("/", 1)[-1].partition("-")[0] < before]
        for name in old:
            self._system.rm_file(name)
        return len(old)

    def send(self, source: IO[bytes], digest: str) -> None:
        place = self._place(digest)
        if self._system.exists(place):
            return
        name = f"{datetime.now(UTC).strftime(_STAMP)}-{secrets.token_hex(8)}"
        waiting = f"{self._root}/{_ARRIVING}/{name}"
        for folder in (f"{self._root}/{_ARRIVING}", place.rsplit("/", 1)[0]):
            self._system.makedirs(folder, exist_ok=True)
        with self._system.open(waiting, "wb") as target:
            shutil.copyfileobj(source, target, PIECE)
        self._system.mv(waiting, place)

    def _place(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"

    def _open(self, digest: str) -> IO[bytes]:
        opened: IO[bytes] = self._system.open(self._place(digest), "rb")
        return opened


class _IntoRemote(Arriving):
    def __init__(self, remote: Remote, head_bytes: int) -> None:
        super().__init__(head_bytes)
        self._remote = remote
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by discard, or with the process

    def _append(self, piece: bytes) -> None:
        self._file.write(piece)

    def settle(self) -> None:
        with _failures():
            self._file.seek(0)
            self._remote.send(self._file, self.digest)

    def keep(self) -> None:
        """`settle` has done it: a move at the other end may take seconds."""

    def discard(self) -> None:
        self._file.close()


# ---------------------------------------------------------------- what can go wrong


def _checked(digest: str) -> str:
    """A digest is part of a path: anything else stays out of it."""
    if len(digest) != _DIGEST_LENGTH or not _HEXADECIMAL.issuperset(digest):
        raise ValueError("not a digest")
    return digest


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Unavailable(say(_MISSING)) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise Unavailable(say(_FULL if full else _GONE)) from error
