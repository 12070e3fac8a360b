"""A form sends back a token that only our own page could have given to this browser and this session."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lifecycle.store.tokens import form_token, is_same, new_token
from lifecycle.web.guard import SESSION_COOKIE

FORM_COOKIE = "lifecycle_form"


def form_seed(request: Request) -> str:
    """This browser's own, a new one for a browser without."""
    return request.cookies.get(FORM_COOKIE) or new_token()


def token_for(request: Request, seed: str) -> str:
    """What the form must send back, in a hidden field that comes before everything else."""
    return form_token(seed, request.cookies.get(SESSION_COOKIE, ""))


def keep_seed(response: Response, request: Request, seed: str, *, secure: bool) -> None:
    if FORM_COOKIE not in request.cookies:
        response.set_cookie(FORM_COOKIE, seed, path="/", httponly=True, samesite="lax", secure=secure)


def is_own_form(request: Request, sent: str) -> bool:
    seed = request.cookies.get(FORM_COOKIE, "")
    return bool(seed) and is_same(sent, token_for(request, seed))
