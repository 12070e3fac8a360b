"""The upload of a file of readings, to be tried or stored on the page of monitors; nothing is stored by it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.errors import Unavailable
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.settings import Settings
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.pages import message

PATH = "/readings-file"
PAGE = "/monitors"
PLACES = ("project", "monitor", "do")  # of the page, which the form sends back to it
_AROUND = 100_000  # bytes that a form adds to its file


@dataclass(frozen=True, slots=True)
class ReadingsUpload:
    """Keeps the file for its sender and leads back to the page. The guard has asked for a session and our origin."""

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
        if person is None:
            return _again("Not stored", "You are signed out.", 403)
        most = self.settings.largest_import_megabytes
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > most * 1_000_000 + _AROUND:
            return _again("Not stored", f"This file is larger than {most} MB. Split it.", 413)
        try:
            async with request.form(max_files=1, max_fields=6) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile) or not file.filename:
                    return _again("Not stored", "Choose a file first.", 422)
                places = {name: str(form[name]) for name in PLACES if form.get(name)}
                token = await run_in_threadpool(self.files.keep, person.actor.key, file.filename, file.file)
        except (HTTPException, MultiPartException, ClientDisconnect):
            return _again("Not stored", "The file did not arrive whole. Send it again.", 400)
        except OSError:
            return _again("Not stored", "There is no room for the file. Tell an administrator.", 507)
        query = urlencode({**places, "file": token})
        return RedirectResponse(f"{PAGE}?{query}", 303, {"Cache-Control": "no-store"})


def _again(title: str, sentence: str, status: int) -> Response:
    return message(title, sentence, status=status, link=PAGE, link_text="Back to the monitors")
