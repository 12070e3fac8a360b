"""The upload of a whole-project document: read, checked and stored in one go, or refused with every place named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lifecycle.actions.documents import import_document
from lifecycle.guide import Guide
from lifecycle.interchange.project_documents import read_document
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.web.accounts import Accounts
from lifecycle.web.one_file import OneFile, SentFile

PATH = "/project-document"
PAGE = "/new-project"


@dataclass(frozen=True, slots=True)
class DocumentUpload:
    """Leads to the new project."""

    database: Database
    accounts: Accounts
    settings: Settings
    guide: Callable[[], Guide]

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        most = self.settings.largest_import_megabytes
        form = OneFile(self.accounts, PAGE, say("Back to New project"), most, say("No project document is."))
        may = partial(require, "projects.import_document")
        return await form.take(request, may=may, keep=self._store)

    def _store(self, sent: SentFile) -> str:
        guide = self.guide()
        data = sent.content.read()
        document = read_document(data, guide, largest_megabytes=self.settings.largest_import_megabytes)
        with self.database.write() as session:
            done = import_document(
                session,
                by=sent.by,
                at=datetime.now(UTC),
                guide=guide,
                document=document,
                digest=hashlib.sha256(data).hexdigest(),
                file_name=sent.name.replace("\\", "/").rpartition("/")[2][:200],
            )
        return f"/project?{urlencode({'project': done.key})}"
