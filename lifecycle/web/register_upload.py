"""The upload of a register file: Streamlit's own widget cannot be used with every screen reader, a plain form can."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.errors import Unavailable
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.rules.permissions import refusal
from lifecycle.settings import Settings
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.pages import message

PATH = "/register-file"
PAGE = "/import"
_AROUND = 100_000  # bytes that a form adds to its file


@dataclass(frozen=True, slots=True)
class RegisterUpload:
    """Takes a register, or a mapping for one, and leads to the page that shows what becomes of it. The guard has asked
    for a session and for our own page as origin."""

    accounts: Accounts
    files: RegisterFiles
    settings: Settings

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        if request.method != "POST":
            return RedirectResponse(PAGE, 303)
        try:
            person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
        except Unavailable as error:
            return _again("Just a moment", str(error), 503)
        forbidden = refusal("imports.run", person.actor, frozenset()) if person else "You are signed out."
        if person is None or forbidden:
            return _again("Not stored", forbidden or "", 403)
        most = self.settings.largest_import_megabytes
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > most * 1_000_000 + _AROUND:
            return _again(
                "Not stored", f"This file is larger than {most} MB. Split it and import the parts.", 413
            )
        try:
            async with request.form(max_files=1, max_fields=4) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile) or not file.filename:
                    return _again("Not stored", "Choose a file first.", 422)
                token = await run_in_threadpool(self.files.keep, person.actor.key, file.filename, file.file)
                waits_as = "mapping" if form.get("kind") == "mapping" else "file"
        except (HTTPException, MultiPartException, ClientDisconnect):
            return _again("Not stored", "The file did not arrive whole. Send it again.", 400)
        except OSError:
            return _again("Not stored", "There is no room for the file. Tell an administrator.", 507)
        return RedirectResponse(f"{PAGE}?{waits_as}={token}", 303, {"Cache-Control": "no-store"})


def _again(title: str, sentence: str, status: int) -> Response:
    return message(title, sentence, status=status, link=PAGE, link_text="Back to the import")
