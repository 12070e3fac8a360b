"""The session that begins when somebody has shown who they are, by whichever way."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lifecycle.settings import Settings
from lifecycle.web.accounts import Accounts
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.headers import client_address, is_https


async def enter(
    request: Request,
    person_key: str,
    wanted: str,
    *,
    accounts: Accounts,
    settings: Settings,
    issuer: str | None = None,
) -> Response:
    """Start a session, always under a new token, and go where the person wanted to go."""
    address = client_address(request.scope, trust_proxy=settings.trust_proxy)
    agent = request.headers.get("user-agent", "")[:200]
    token = await run_in_threadpool(
        partial(accounts.sign_in, person_key, address=address, user_agent=agent, issuer=issuer)
    )
    response = RedirectResponse(wanted, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(settings.session_absolute_hours * 3600),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(request.scope, trust_proxy=settings.trust_proxy, public_url=settings.public_url),
    )
    return response
