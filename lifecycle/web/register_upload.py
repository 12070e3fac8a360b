"""The upload of a register, or of a mapping for one, which the page then shows: nothing is imported by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.settings import Settings
from lifecycle.web.accounts import Accounts
from lifecycle.web.one_file import OneFile, SentFile

PATH = "/register-file"
PAGE = "/import"


@dataclass(frozen=True, slots=True)
class RegisterUpload:
    """Keeps the file for its sender and leads to the page that shows what importing it would do."""

    accounts: Accounts
    files: RegisterFiles
    settings: Settings

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        most = self.settings.largest_import_megabytes
        form = OneFile(
            self.accounts, PAGE, say("Back to the import"), most, say("Split it and import the parts.")
        )
        return await form.take(request, may=partial(require, "imports.run"), keep=self._keep)

    def _keep(self, sent: SentFile) -> str:
        waits_as = "mapping" if sent.fields.get("kind") == "mapping" else "file"
        return f"{PAGE}?{waits_as}={self.files.keep(sent.by.key, sent.name, sent.content)}"
