"""A filled-in worksheet comes in: kept for whoever brought it, then shown on the page that says what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.errors import NotFound, Unavailable
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.interchange.worksheet_reading import LARGEST_MEGABYTES
from lifecycle.queries import projects
from lifecycle.rules.permissions import require
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.pages import message

PATH = "/worksheet-file"
PAGE = "/spreadsheets"
_AROUND = 100_000  # bytes that a form adds to its file


@dataclass(frozen=True, slots=True)
class WorksheetUpload:
    """The guard has asked for a session and for our own page as origin; this asks for a role on the project."""

    accounts: Accounts
    database: Database
    files: RegisterFiles

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        key = request.query_params.get("project", "")
        page = f"{PAGE}?{urlencode({'project': key})}"
        if request.method != "POST":
            return RedirectResponse(page, 303)
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST_MEGABYTES * 1_000_000 + _AROUND:
            return _again(page, f"This file is larger than {LARGEST_MEGABYTES} MB; no worksheet is.", 413)
        try:
            person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
            if person is None:
                return _again(page, "You are signed out.", 403)
            await run_in_threadpool(self._refuse_outsider, key, person.actor)
            async with request.form(max_files=1, max_fields=4) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile) or not file.filename:
                    return _again(page, "Choose a file first.", 422)
                token = await run_in_threadpool(self._keep, person.actor, file.filename, file.file)
        except NotFound as error:
            return _again("/", str(error), 404)
        except Unavailable as error:
            return _again(page, str(error), 503)
        except (HTTPException, MultiPartException, ClientDisconnect):
            return _again(page, "The file did not arrive whole. Send it again.", 400)
        except OSError:
            return _again(page, "There is no room for the file. Tell an administrator.", 507)
        return RedirectResponse(f"{page}&{urlencode({'file': token})}", 303, {"Cache-Control": "no-store"})

    def _refuse_outsider(self, key: str, by: Actor) -> None:
        """Nobody leaves files at a project they may not read; who may save is said where the file is shown."""
        with self.database.read() as session:
            head = projects.head(session, key=key, by=by, at=datetime.now(UTC))
            require("projects.read", by, head.roles)

    def _keep(self, by: Actor, name: str, content: IO[bytes]) -> str:
        return self.files.keep(by.key, name, content)


def _again(page: str, sentence: str, status: int) -> Response:
    return message("Not stored", sentence, status=status, link=page, link_text="Back to the spreadsheets")
