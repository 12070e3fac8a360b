"""A plain form with one file of moderate size: who sends it, how large it is and whether it arrived are asked here.

Streamlit's own widget cannot be used with every screen reader; a plain form can. What becomes of the file, and who may
send it, is its owner's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from lifecycle.errors import Forbidden, Invalid, LifecycleError, NotFound, Unavailable
from lifecycle.language import mark, say
from lifecycle.vocabulary import Actor
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.pages import message

_AROUND = 100_000  # bytes that a form adds to its file
_MOST_FIELDS = 6
_SHOWN = 8  # problems
_STATUSES: tuple[tuple[type[LifecycleError], int], ...] = (
    (Unavailable, 503),
    (Forbidden, 403),
    (NotFound, 404),
    (Invalid, 422),
    (LifecycleError, 409),
)


@dataclass(frozen=True, slots=True)
class SentFile:
    """What arrived, and from whom; `fields` are the other fields of the form that hold something."""

    by: Actor
    name: str
    content: IO[bytes]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OneFile:
    """The route of such a form. `page` is where it stands, and where whoever was refused goes back to."""

    accounts: Accounts
    page: str
    link_text: str
    largest_megabytes: int
    when_too_large: str = mark("Split it.")

    async def take(
        self,
        request: Request,
        *,
        may: Callable[[Actor], object],
        keep: Callable[[SentFile], str],
        page: str = "",
    ) -> Response:
        """Hand the file to `keep`, which says where to go on; `may` is asked before any of it is read.

        Both run in a thread and refuse by raising: then, and for what does not arrive, a page says why. The guard
        has asked for a session and for our own page as origin.
        """
        back = page or self.page
        if request.method != "POST":
            return RedirectResponse(back, 303)
        try:
            person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
            if person is None:
                return self._refused(back, say("You are signed out."), 403)
            await run_in_threadpool(may, person.actor)
            if self._is_too_large(request):
                sentence = say(
                    "This file is larger than {megabytes} MB. {advice}",
                    megabytes=self.largest_megabytes,
                    advice=self.when_too_large,
                )
                return self._refused(back, sentence, 413)
            return await self._received(request, person.actor, keep, back)
        except LifecycleError as error:
            status = next(status for kind, status in _STATUSES if isinstance(error, kind))
            return self._refused("/" if status == 404 else back, _sentences(error), status)
        except (HTTPException, MultiPartException, ClientDisconnect):
            return self._refused(back, say("The file did not arrive whole. Send it again."), 400)
        except OSError:
            return self._refused(back, say("There is no room for the file. Tell an administrator."), 507)

    async def _received(
        self, request: Request, by: Actor, keep: Callable[[SentFile], str], back: str
    ) -> Response:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                return self._refused(back, say("Choose a file first."), 422)
            fields = {name: value for name, value in form.items() if isinstance(value, str) and value}
            leads_to = await run_in_threadpool(keep, SentFile(by, file.filename, file.file, fields))
        return RedirectResponse(leads_to, 303, {"Cache-Control": "no-store"})

    def _is_too_large(self, request: Request) -> bool:
        length = request.headers.get("content-length", "")
        return not length.isdecimal() or int(length) > self.largest_megabytes * 1_000_000 + _AROUND

    def _refused(self, back: str, sentence: str, status: int) -> Response:
        return message(
            say("Nothing was stored"), sentence, status=status, link=back, link_text=self.link_text
        )


def _sentences(error: LifecycleError) -> str:
    if not isinstance(error, Invalid):
        return str(error)
    said = [f"{place}: {text}" if place else text for place, text in error.problems.items()]
    shown = " · ".join(said[:_SHOWN])
    if len(said) <= _SHOWN:
        return shown
    return say("{problems} (and {number} more)", problems=shown, number=len(said) - _SHOWN)
