"""A filled-in worksheet comes in: kept for whoever brought it, then shown on the page that says what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.interchange.worksheet_reading import LARGEST_MEGABYTES
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.rules.permissions import require
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor
from lifecycle.web.accounts import Accounts
from lifecycle.web.one_file import OneFile, SentFile

PATH = "/worksheet-file"
PAGE = "/spreadsheets"


@dataclass(frozen=True, slots=True)
class WorksheetUpload:
    """Asks for a role on the project; who may save is said where the file is shown."""

    accounts: Accounts
    database: Database
    files: RegisterFiles

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        key = request.query_params.get("project", "")
        page = f"{PAGE}?{urlencode({'project': key})}"
        form = OneFile(
            self.accounts, page, say("Back to the spreadsheets"), LARGEST_MEGABYTES, say("No worksheet is.")
        )
        return await form.take(
            request, may=partial(self._refuse_outsider, key), keep=partial(self._keep, page)
        )

    def _refuse_outsider(self, key: str, by: Actor) -> None:
        """Nobody leaves files at a project they may not read."""
        with self.database.read() as session:
            head = projects.head(session, key=key, by=by, at=datetime.now(UTC))
            require("projects.read", by, head.roles)

    def _keep(self, page: str, sent: SentFile) -> str:
        token = self.files.keep(sent.by.key, sent.name, sent.content)
        return f"{page}&{urlencode({'file': token})}"
