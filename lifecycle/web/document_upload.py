"""The upload of a whole-project document: read, checked and stored in one go, or refused with every place named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.actions.documents import import_document
from lifecycle.errors import Invalid, LifecycleError, Unavailable
from lifecycle.guide import Guide
from lifecycle.interchange.project_documents import read_document
from lifecycle.rules.permissions import refusal
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.pages import message

PATH = "/project-document"
PAGE = "/new-project"
_AROUND = 100_000  # bytes that a form adds to its file
_SHOWN = 8  # problems


@dataclass(frozen=True, slots=True)
class DocumentUpload:
    """Leads to the new project. The guard has asked for a session and for our own page as origin."""

    database: Database
    accounts: Accounts
    settings: Settings
    guide: Callable[[], Guide]

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        if request.method != "POST":
            return RedirectResponse(PAGE, 303)
        try:
            person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
            forbidden = refusal("projects.import_document", person.actor) if person else "You are signed out."
            if person is None or forbidden:
                return _again(forbidden or "", 403)
            return await self._read(request, person.actor)
        except Unavailable as error:
            return _again(str(error), 503)
        except Invalid as error:
            return _again(_sentences(error), 422)
        except LifecycleError as error:
            return _again(str(error), 409)
        except (HTTPException, MultiPartException, ClientDisconnect):
            return _again("The file did not arrive whole. Send it again.", 400)

    async def _read(self, request: Request, by: Actor) -> Response:
        most = self.settings.largest_import_megabytes
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > most * 1_000_000 + _AROUND:
            return _again(f"This file is larger than {most} MB.", 413)
        async with request.form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                return _again("Choose a file first.", 422)
            data = await file.read()
            key = await run_in_threadpool(self._store, data, file.filename, by)
        return RedirectResponse(f"/project?{urlencode({'project': key})}", 303, {"Cache-Control": "no-store"})

    def _store(self, data: bytes, file_name: str, by: Actor) -> str:
        guide = self.guide()
        document = read_document(data, guide, largest_megabytes=self.settings.largest_import_megabytes)
        with self.database.write() as session:
            done = import_document(
                session,
                by=by,
                at=datetime.now(UTC),
                guide=guide,
                document=document,
                digest=hashlib.sha256(data).hexdigest(),
                file_name=file_name.replace("\\", "/").rpartition("/")[2][:200],
            )
        return done.key


def _sentences(error: Invalid) -> str:
    said = [f"{place}: {text}" if place else text for place, text in error.problems.items()]
    more = f" (and {len(said) - _SHOWN} more)" if len(said) > _SHOWN else ""
    return " · ".join(said[:_SHOWN]) + more


def _again(sentence: str, status: int) -> Response:
    return message("Nothing was stored", sentence, status=status, link=PAGE, link_text="Back to New project")
