"""Register files that wait between the upload and the import: each for the person who brought it, for a day at most."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from lifecycle.settings import PROJECT_ROOT
from lifecycle.store.tokens import new_token

KEPT_FOR = timedelta(days=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")
_LONGEST_NAME = 200
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """One upload: the name it had, and its bytes."""

    name: str
    content: bytes


class RegisterFiles:
    """A folder beside the database, or `folder`. A file begins with a line of JSON: whose it is, how it was called."""

    def __init__(self, database_file: Path | None, folder: Path | None = None) -> None:
        beside = database_file.parent if database_file else PROJECT_ROOT / "data"
        self._folder = folder or beside / "registers"

    def keep(self, person_key: str, name: str, content: IO[bytes]) -> str:
        """Store what can be read from `content`; returns the token that finds it again. Sweeps what is too old."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        token = new_token()
        plain_name = Path(name.replace("\\", "/")).name[-_LONGEST_NAME:] or "register"
        head = json.dumps({"person": person_key, "name": plain_name})
        arriving = self._folder / f".{token}"
        with arriving.open("xb") as file:
            file.write(head.encode() + b"\n")
            while piece := content.read(_PIECE):
                file.write(piece)
        arriving.rename(self._folder / token)  # none is ever read half
        return token

    def find(self, token: str, person_key: str) -> RegisterFile | None:
        """The file of this token when this person brought it and it has not been swept."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            head, _, content = (self._folder / token).read_bytes().partition(b"\n")
        except OSError:
            return None
        said = json.loads(head)
        return RegisterFile(said["name"], content) if said["person"] == person_key else None

    def _sweep(self) -> None:
        oldest = (datetime.now(UTC) - KEPT_FOR).timestamp()
        for file in self._folder.iterdir():
            with suppress(OSError):
                if file.stat().st_mtime < oldest:
                    file.unlink()
