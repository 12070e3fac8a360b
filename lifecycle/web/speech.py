"""In which language a request is answered: the one that was chosen in this browser, else the one it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lifecycle.language import LANGUAGES, best_language, speak
from lifecycle.settings import Settings
from lifecycle.web.guard import OPEN_LANGUAGE, on_this_site
from lifecycle.web.headers import is_https
from lifecycle.web.pages import LanguageLink

LANGUAGE_COOKIE = "lifecycle_language"
LANGUAGE_PATH = "/language/{code}"
_YEAR_SECONDS = 365 * 24 * 3600


class Speech:
    """ASGI middleware: what is inside of it, threads included, speaks the language of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            # To the end of the request's own task: what breaks inside is told outside, in the same language.
            speak(wanted_language(scope))
        await self._app(scope, receive, send)


def wanted_language(scope: Scope) -> str:
    """A program says in each request what it reads; a browser also keeps what its person chose."""
    accepted = Headers(scope=scope).get("accept-language", "")
    if scope["path"] == "/api" or scope["path"].startswith("/api/"):
        return best_language(accepted)
    return of_browser(HTTPConnection(scope).cookies, accepted)


def of_browser(cookies: Mapping[str, str], accepted: str) -> str:
    """What was chosen in a browser, else what it asks for."""
    chosen = cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else best_language(accepted)


def keep_language(response: Response, code: str, *, secure: bool) -> None:
    """For a year, in this browser."""
    response.set_cookie(
        LANGUAGE_COOKIE,
        code,
        max_age=_YEAR_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


class LanguageChoice:
    """`GET /language/fr?next=/sign-in`, for whoever has no account yet, or is signed out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        code = request.path_params["code"]
        back = on_this_site(request.query_params.get("next"))
        if OPEN_LANGUAGE.fullmatch(back.partition("?")[0]):
            back = "/"
        response = RedirectResponse(back, 303, {"Cache-Control": "no-store"})
        if code in LANGUAGES:
            settings = self._settings
            secure = is_https(request.scope, trust_proxy=settings.trust_proxy, public_url=settings.public_url)
            keep_language(response, code, secure=secure)
        return response


def language_links(request: Request) -> tuple[LanguageLink, ...]:
    """Each language, with the address that chooses it and comes back to this page."""
    query = request.url.query
    here = quote(f"{request.url.path}?{query}" if query else request.url.path, safe="")
    return tuple(
        LanguageLink(code, name, f"{LANGUAGE_PATH.format(code=code)}?next={here}")
        for code, name in LANGUAGES.items()
    )
