"""Who comes in to the HTTP interface: programs with a token that holds. Asked before any route is looked for."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Scope, Send

from lifecycle.actions import tokens as actions
from lifecycle.errors import Unavailable
from lifecycle.language import mark, say
from lifecycle.queries import tokens
from lifecycle.queries.tokens import Bearer
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.web.api.buckets import Buckets
from lifecycle.web.api.problems import problem
from lifecycle.web.logs import note_person

LOG = logging.getLogger(__name__)
NOTED_EVERY = timedelta(minutes=1)
LONGEST_SECRET = 200


class Door:
    """Finds whom a token lets act, within its rate. Blocking work happens in threads of its own."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._buckets = Buckets(settings.api_requests_per_minute, time.monotonic)
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="token-read")
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="token-use")
        self._noted: dict[int, float] = {}

    async def refusal(self, scope: Scope) -> Response | None:
        """None when the request may go on; then `scope["bearer"]` says who asks. `Watching` has named the request."""
        headers = Headers(scope=scope)
        request_id: str = scope["request_id"]
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.casefold() != "bearer" or not secret.strip():
            return _unknown("no-token", say("Send Authorization: Bearer and a token."), request_id)
        try:
            found = await self._find(secret.strip())
        except Unavailable as error:
            return problem(
                "unavailable", 503, str(error), request_id=request_id, headers={"Retry-After": "2"}
            )
        if found is None or found.refusal:
            return _unknown(
                "bad-token", found.refusal if found and found.refusal else say(_NEVER), request_id
            )
        wait = self._buckets.take(found.token_id)
        if wait:
            detail = say("This token asks too often. Go on in {seconds} seconds.", seconds=math.ceil(wait))
            again = {"Retry-After": str(math.ceil(wait))}
            return problem("too-often", 429, detail, request_id=request_id, headers=again)
        self._note(found.token_id)
        scope["bearer"] = found
        note_person(found.actor.key)
        if not scope[
            "path"
        ].isprintable():  # no pattern of a route matches a line break, not even the last one
            return problem("not-there", 404, say("There is no such operation."), request_id=request_id)
        return None

    def answering(self, scope: Scope, send: Send) -> Send:
        """`send` for an answer to this request: with its id, and how many more may come at once."""

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start" and "request_id" in scope:
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Request-Id"] = scope["request_id"]
                headers.setdefault("Cache-Control", "no-store")
                if "bearer" in scope:
                    headers["RateLimit-Remaining"] = str(self._buckets.left(scope["bearer"].token_id))
            await send(message)

        return send_named

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._writer.shutdown(wait=True)

    async def _find(self, secret: str) -> Bearer | None:
        if len(secret) > LONGEST_SECRET:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look_up, secret)

    def _look_up(self, secret: str) -> Bearer | None:
        with self._database.read() as session:
            return tokens.bearer(session, secret, at=datetime.now(UTC))

    def _note(self, token_id: int) -> None:
        """When it was used, at most once a minute, and nobody waits for it."""
        now, apart = time.monotonic(), NOTED_EVERY.total_seconds()
        if now - self._noted.get(token_id, -apart) >= apart:
            self._noted[token_id] = now
            self._writer.submit(self._note_quietly, token_id)

    def _note_quietly(self, token_id: int) -> None:
        with suppress(Unavailable), self._database.write() as session:
            actions.note_use(session, token_id=token_id, at=datetime.now(UTC), apart=NOTED_EVERY)


_NEVER = mark("There is no such token. Make one under Access tokens.")


def _unknown(kind: str, detail: str, request_id: str) -> Response:
    challenge = 'Bearer realm="Lifecycle"' + (', error="invalid_token"' if kind == "bad-token" else "")
    return problem(kind, 401, detail, request_id=request_id, headers={"WWW-Authenticate": challenge})
