"""The upload of a file of readings, to be tried or stored on the page of monitors; nothing is stored by it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.language import say
from lifecycle.settings import Settings
from lifecycle.vocabulary import Actor
from lifecycle.web.accounts import Accounts
from lifecycle.web.one_file import OneFile, SentFile

PATH = "/readings-file"
PAGE = "/monitors"
PLACES = ("project", "monitor", "do")  # of the page, which the form sends back to it


@dataclass(frozen=True, slots=True)
class ReadingsUpload:
    """Keeps the file for its sender and leads back to the page; who may store readings is said there."""

    accounts: Accounts
    files: RegisterFiles
    settings: Settings

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._take, methods=["GET", "POST"])]

    async def _take(self, request: Request) -> Response:
        form = OneFile(
            self.accounts, PAGE, say("Back to the monitors"), self.settings.largest_import_megabytes
        )
        return await form.take(request, may=_anybody, keep=self._keep)

    def _keep(self, sent: SentFile) -> str:
        places = {name: sent.fields[name] for name in PLACES if name in sent.fields}
        token = self.files.keep(sent.by.key, sent.name, sent.content)
        return f"{PAGE}?{urlencode({**places, 'file': token})}"


def _anybody(_by: Actor) -> None:
    """A file that only its sender can open says nothing to anybody."""
