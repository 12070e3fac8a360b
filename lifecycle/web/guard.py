"""Nobody comes in without a session: pages redirect, all else is refused, before any script runs.

Everything is refused unless it is on `OPEN_PATHS` or matches `OPEN_LINK` or `OPEN_LANGUAGE`; a route added later is
closed.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lifecycle.errors import Unavailable
from lifecycle.language import say, speak
from lifecycle.settings import Settings
from lifecycle.store.tokens import hash_token
from lifecycle.web.api.documentation import DOCUMENTATION
from lifecycle.web.api.door import Door
from lifecycle.web.api.problems import problem
from lifecycle.web.headers import is_https, is_same_origin, secure
from lifecycle.web.live_sessions import LiveSessions

SESSION_COOKIE = "lifecycle_session"
SIGNED_OUT = 4401
TRY_AGAIN = 1013
FINISH_SECONDS = 10.0
POLL_SECONDS = 0.02

# The way in by an identity provider: there, back, and out of there too.
PROVIDER_SIGN_IN = "/sign-in/provider"
PROVIDER_CALLBACK = "/sign-in/provider/callback"
PROVIDER_SIGN_OUT = "/sign-in/provider/sign-out"
OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/sign-in",
        "/sign-out",
        "/set-up",
        PROVIDER_SIGN_IN,
        PROVIDER_CALLBACK,
        PROVIDER_SIGN_OUT,
    }
)
OPEN_LANGUAGE = re.compile(r"/language/[a-z]{2}")
OPEN_LINK = re.compile(r"/(?:invitation|reset)/[A-Za-z0-9_-]{20,100}")

# Frontend code, asked for eighty times per page load and nothing private: a yes may be two seconds old.
_FRONTEND = "/static/"
_API = "/api"
_NOT_PAGES = (_API, "/_stcore", "/media", "/component", "/static", "/app/static")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Wire:
    """What the guard must know of Streamlit's websocket messages.

    `farewell` is the message that sends an open tab to the sign-in page; `is_by_hand` tells a person's
    message from a timer's, so that a forgotten tab still reaches its idle end. `is_busy` says whether what the
    connection of this scope has sent is still being worked on.
    """

    farewell: bytes
    is_by_hand: Callable[[bytes], bool]
    is_busy: Callable[[Scope], bool]


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: LiveSessions,
        door: Door,
        settings: Settings,
        policy: str,
        wire: Wire,
    ) -> None:
        self._app = app
        self._door = door
        self._sessions = sessions
        self._settings = settings
        self._policy = policy
        self._wire = wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    # ------------------------------------------------------------ HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope)
        if _is_below(scope["path"], (_API,)):
            send = self._door.answering(scope, send)
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        unsafe = scope["method"] not in _SAFE_METHODS
        if unsafe and not is_same_origin(scope, public_url=self._settings.public_url):
            return _refused(
                path, 403, say("This request came from another site's page and was not carried out.")
            )
        if is_open(path):
            return None
        if _is_below(path, (_API,)) and not _reads_documentation(scope):
            return await self._door.refusal(scope)
        token_hash = session_token_hash(scope)
        try:
            live = await self._sessions.is_live(
                token_hash, max_age=2.0 if path.startswith(_FRONTEND) else 0.0
            )
        except Unavailable as error:
            return _refused(path, 503, str(error))
        if live and token_hash:
            self._sessions.note_activity(token_hash)
            if chosen := self._sessions.language(token_hash):
                speak(chosen)
            return None
        if unsafe or _is_below(path, _NOT_PAGES):
            return _refused(path, 401, say("You are signed out. Open /sign-in to sign in."))
        return RedirectResponse(sign_in_address(scope), 303, {"Cache-Control": "no-store"})

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        https = is_https(scope, trust_proxy=self._settings.trust_proxy, public_url=self._settings.public_url)

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(raw=message["headers"]), policy=self._policy, https=https)
            await send(message)

        return send_secured

    # ------------------------------------------------------------ websocket

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        token_hash = session_token_hash(scope)
        try:
            allowed = is_same_origin(scope, public_url=self._settings.public_url)
            live = allowed and await self._sessions.is_live(token_hash)
        except Unavailable:
            live = False
        if not live or token_hash is None:
            # Before accept the server turns this into HTTP 403; the code is for servers that can say more.
            await send({"type": "websocket.close", "code": SIGNED_OUT, "reason": "You are signed out."})
            return
        connection = _Connection(token_hash, self._sessions, self._wire, scope, receive, send)
        self._sessions.watch(token_hash, connection.end)
        try:
            await self._app(scope, connection.receive, connection.send)
        finally:
            self._sessions.unwatch(token_hash, connection.end)


class _Connection:
    """One accepted websocket. Nothing passes in either direction once its session has ended."""

    def __init__(
        self,
        token_hash: str,
        sessions: LiveSessions,
        wire: Wire,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._token_hash, self._sessions, self._wire, self._scope = token_hash, sessions, wire, scope
        self._receive, self._send = receive, send
        self._accepted = False
        self._ended: int | None = None
        self._gone = False  # the browser has left; nothing can reach it any more

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._gone = True
            await self._let_finish()
        if message["type"] != "websocket.receive":
            return message
        try:
            if not await self._sessions.is_live(self._token_hash):
                await self.end()
        except Unavailable:
            await self._close(TRY_AGAIN, "The database cannot be reached just now.")
        if self._ended is not None:
            return {"type": "websocket.disconnect", "code": self._ended, "reason": ""}
        if self._wire.is_by_hand(message.get("bytes") or b""):
            self._sessions.note_activity(self._token_hash)
        return message

    async def _let_finish(self) -> None:
        """Before Streamlit hears that the browser left: it would drop what the browser had sent just before.

        Whoever types and reloads the page at once has typed all the same.
        """
        deadline = time.monotonic() + FINISH_SECONDS
        while self._ended is None and self._wire.is_busy(self._scope) and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)

    async def send(self, message: Message) -> None:
        if self._ended is not None or self._gone:
            return
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        if message["type"] == "websocket.close":
            self._ended = message.get("code", 1000)
        try:
            await self._send(message)
        except OSError:
            # It left while we spoke; the next `receive` says so, in its own time.
            self._gone = True

    async def end(self) -> None:
        """Send the tab to the sign-in page and close with 4401."""
        if self._ended is None and self._accepted:
            await self._send({"type": "websocket.send", "bytes": self._wire.farewell})
        await self._close(SIGNED_OUT, "You are signed out.")

    async def _close(self, code: int, reason: str) -> None:
        if self._ended is None:
            self._ended = code
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


# ---------------------------------------------------------------- words shared with the sign-in pages


def is_open(path: str) -> bool:
    """Whether anybody may ask for this path: the literal list, single-use links and the choice of a language."""
    return path in OPEN_PATHS or any(each.fullmatch(path) for each in (OPEN_LINK, OPEN_LANGUAGE))


def session_token_hash(scope: Scope) -> str | None:
    """The hash under which the session of this request would be stored, or None without a cookie."""
    token = HTTPConnection(scope).cookies.get(SESSION_COOKIE)
    return hash_token(token) if token else None


def sign_in_address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    wanted = safe_next(quote(scope["path"], safe="/-._~") + (f"?{query}" if query else ""))
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"


def safe_next(wanted: str | None) -> str:
    """Where to go after sign-in: a path on this site, never another one, else the first page."""
    here = on_this_site(wanted)
    return "/" if is_open(urlsplit(here).path) else here


def on_this_site(wanted: str | None) -> str:
    """A path on this site as it is; the first page for everything else."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return "/"
    if len(wanted) > 2_000 or not wanted.isascii() or not wanted.isprintable():
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted


def _refused(path: str, status: int, sentence: str) -> Response:
    if _is_below(path, (_API,)):
        return problem({401: "no-token", 403: "forbidden"}.get(status, "unavailable"), status, sentence)
    return PlainTextResponse(sentence, status, {"Cache-Control": "no-store"})


def _reads_documentation(scope: Scope) -> bool:
    """A person in a browser may read what programs can ask for; the operations themselves are for tokens alone."""
    is_reading = scope["path"] in DOCUMENTATION and scope["method"] in _SAFE_METHODS
    return is_reading and "authorization" not in HTTPConnection(scope).headers


def _is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
