"""Sign-in with an identity provider: there, back, and anew before a signature.

What was begun is kept in a cookie of the browser that began it, one for each beginning, for ten minutes. A sign-in
anew is kept in the database besides: when it began is not for the browser to say.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.errors import LifecycleError, Unavailable
from lifecycle.language import mark, say
from lifecycle.rules import identities
from lifecycle.rules.identities import GroupRoles, Vouched
from lifecycle.settings import IdentityProvider, Settings
from lifecycle.store.tokens import hash_token, is_same, new_token
from lifecycle.web.accounts import Accounts
from lifecycle.web.entry import enter
from lifecycle.web.guard import (
    PROVIDER_CALLBACK,
    PROVIDER_SIGN_IN,
    PROVIDER_SIGN_OUT,
    SESSION_COOKIE,
    safe_next,
)
from lifecycle.web.headers import is_https
from lifecycle.web.pages import message
from lifecycle.web.provider import Provider, ProviderGone, ProviderRefused

PROVIDER_ANEW = f"{PROVIDER_SIGN_IN}/anew"
COOKIE = "lifecycle_provider"
_NOT_BEGUN = mark(
    "This sign-in was not begun in this browser, took longer than ten minutes or was used already. "
    "Begin it again."
)
_NOT_ANEW = mark(
    "Your provider did not ask you to sign in anew, or somebody else signed in. Nothing was signed: go back to the "
    "review and try again. Tell an administrator if it stays."
)
_NOT_YOURS = mark("Your provider signed you in, but you are in none of the groups that may use Lifecycle.")
_NOT_SIGNED_IN = mark("Your provider did not sign you in. Begin again.")
_REFUSALS = {
    "access_denied": mark("You or your provider broke off the sign-in. Nothing was changed."),
    "login_required": mark("Your provider wants you to sign in there first."),
    "temporarily_unavailable": mark("Your provider is busy just now. Try again in a moment."),
}


@dataclass(frozen=True, slots=True)
class Begun:
    """What only the browser that began a sign-in knows."""

    state: str
    nonce: str
    verifier: str
    wanted: str


class ProviderPages:
    """The routes exist without a provider too, and say so: an address that is not there tells nobody what to do."""

    def __init__(self, accounts: Accounts, settings: Settings) -> None:
        self._accounts, self._settings = accounts, settings
        self._provider = Provider(settings.provider) if settings.provider else None

    def routes(self) -> list[BaseRoute]:
        return [
            self._route(PROVIDER_SIGN_IN, self._begin),
            self._route(PROVIDER_ANEW, self._begin_anew),
            self._route(PROVIDER_CALLBACK, self._return),
            self._route(PROVIDER_SIGN_OUT, self._sign_out),
        ]

    def _route(self, path: str, answer: _Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            if self._provider is None:
                return _said(say("No provider"), say("Sign in with your address and password here."), 404)
            try:
                return await answer(request, self._provider)
            except ProviderRefused as error:
                return _said(say("You are not signed in"), str(error), 403)
            except (ProviderGone, Unavailable) as error:
                return _said(say("Just a moment"), str(error), 503)
            except LifecycleError as error:
                return _said(say("You are not signed in"), str(error), 403)

        return Route(path, endpoint, methods=["GET"])

    # ------------------------------------------------------------ there

    async def _begin(self, request: Request, provider: Provider) -> Response:
        if not await run_in_threadpool(self._accounts.has_administrator):
            return RedirectResponse("/set-up", 303)
        return await self._send(request, provider, safe_next(request.query_params.get("next")))

    async def _begin_anew(self, request: Request, provider: Provider) -> Response:
        """The guard has let in signed-in people only."""
        token = request.cookies.get(SESSION_COOKIE, "")
        person = await run_in_threadpool(self._accounts.person, token)
        review = request.query_params.get("review", "")
        if person is None or not review.isdecimal() or len(review) > 12:
            return RedirectResponse("/", 303)
        state = new_token()
        await run_in_threadpool(
            partial(
                self._accounts.begin_fresh_sign_in,
                person.key,
                state=state,
                token=token,
                review_id=int(review),
            )
        )
        return await self._send(request, provider, "/", state=state, anew=True)

    async def _send(
        self, request: Request, provider: Provider, wanted: str, *, state: str = "", anew: bool = False
    ) -> Response:
        begun = Begun(state or new_token(), new_token(), new_token(), wanted)
        address = await run_in_threadpool(
            partial(
                provider.authorisation_address,
                redirect_uri=self._callback(request),
                state=begun.state,
                nonce=begun.nonce,
                verifier=begun.verifier,
                anew=anew,
            )
        )
        response = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            _cookie_of(begun.state),
            _packed(begun),
            max_age=int(identities.BEGUN_FOR.total_seconds()),
            path=PROVIDER_SIGN_IN,
            httponly=True,
            samesite="lax",
            secure=self._https(request),
        )
        return response

    # ------------------------------------------------------------ and back

    async def _return(self, request: Request, provider: Provider) -> Response:
        said = request.query_params
        begun = _unpacked(request.cookies.get(_cookie_of(said.get("state", "")), ""))
        if begun is None or not is_same(begun.state, said.get("state", "")):
            return _said(say("You are not signed in"), say(_NOT_BEGUN), 400)
        response = await self._returned(request, provider, begun, said)
        response.delete_cookie(
            _cookie_of(begun.state),
            path=PROVIDER_SIGN_IN,
            httponly=True,
            samesite="lax",
            secure=self._https(request),
        )
        return response

    async def _returned(
        self, request: Request, provider: Provider, begun: Begun, said: Mapping[str, str]
    ) -> Response:
        if said.get("iss", provider.settings.issuer).rstrip("/") != provider.settings.issuer.rstrip("/"):
            return _said(say("You are not signed in"), say(_NOT_BEGUN), 400)
        if "error" in said or not said.get("code"):
            sentence = say(_REFUSALS.get(said.get("error", ""), _NOT_SIGNED_IN))
            return _said(say("You are not signed in"), sentence, 403)
        try:
            vouched = await self._vouched(request, provider, begun, said["code"])
            if await run_in_threadpool(self._accounts.is_fresh_sign_in, begun.state):
                return await self._confirm(request, vouched, begun)
            if not self._groups(provider.settings).let_in(vouched.groups):
                return _said(say("You are not signed in"), say(_NOT_YOURS), 403)
            person_key = await run_in_threadpool(
                self._accounts.person_by_provider, vouched, self._groups(provider.settings)
            )
            return await enter(
                request,
                person_key,
                begun.wanted,
                accounts=self._accounts,
                settings=self._settings,
                issuer=vouched.issuer,
            )
        except ProviderGone as error:
            return _said(say("Just a moment"), str(error), 503)
        except ProviderRefused as error:
            return _said(say("You are not signed in"), str(error), 403)

    async def _vouched(self, request: Request, provider: Provider, begun: Begun, code: str) -> Vouched:
        claims = await run_in_threadpool(
            partial(
                provider.redeem,
                redirect_uri=self._callback(request),
                code=code,
                nonce=begun.nonce,
                verifier=begun.verifier,
            )
        )
        vouched = identities.vouched(
            claims,
            issuer=provider.settings.issuer,
            groups_claim=provider.settings.groups_claim,
            trusts_addresses=provider.settings.vouches_for_addresses,
        )
        if vouched is None:
            raise ProviderRefused(
                say("{provider} did not say who you are.", provider=provider.settings.title)
            )
        return vouched

    async def _confirm(self, request: Request, vouched: Vouched, begun: Begun) -> Response:
        """Signed in anew before a signature: the tab with the review signs, this one only says so."""
        token = request.cookies.get(SESSION_COOKIE, "")
        review_id = await run_in_threadpool(
            partial(self._accounts.confirm_fresh_sign_in, vouched, state=begun.state, token=token)
        )
        if review_id is None:
            return message(
                say("Not signed in anew"), say(_NOT_ANEW), status=403, link_text=say("Back to Lifecycle")
            )
        return message(
            say("It is you"),
            say("Go back to the tab with the review and sign within five minutes. You can close this one."),
            link=f"/review?review={review_id}",
            link_text=say("Or open the review here"),
        )

    # ------------------------------------------------------------ leaving

    async def _sign_out(self, request: Request, provider: Provider) -> Response:
        back = f"{self._own_address(request)}/sign-in?because=signed-out"
        address = await run_in_threadpool(provider.sign_out_address, back)
        return RedirectResponse(address or "/sign-in", 303, {"Cache-Control": "no-store"})

    # ------------------------------------------------------------ what all of them share

    def _groups(self, settings: IdentityProvider) -> GroupRoles:
        return GroupRoles(settings.administrators, settings.leadership, settings.members)

    def _callback(self, request: Request) -> str:
        return f"{self._own_address(request)}{PROVIDER_CALLBACK}"

    def _own_address(self, request: Request) -> str:
        """As the browser knows us; a provider sends nobody to an address that it was not told before."""
        if self._settings.public_url:
            return self._settings.base_url
        scheme = "https" if self._https(request) else "http"
        return f"{scheme}://{request.headers.get('host', '')}"

    def _https(self, request: Request) -> bool:
        return is_https(
            request.scope, trust_proxy=self._settings.trust_proxy, public_url=self._settings.public_url
        )


_Answer = Callable[[Request, Provider], Awaitable[Response]]


def _said(title: str, sentence: str, status: int) -> Response:
    return message(title, sentence, status=status, link="/sign-in", link_text=say("To the sign-in page"))


def _cookie_of(state: str) -> str:
    return f"{COOKIE}_{hash_token(state)[:12]}"


def _packed(begun: Begun) -> str:
    said = json.dumps([begun.state, begun.nonce, begun.verifier, begun.wanted]).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _unpacked(text: str) -> Begun | None:
    """None for what we did not pack."""
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    if (
        not isinstance(said, list)
        or len(said) != 4
        or not all(isinstance(part, str) and part for part in said)
    ):
        return None
    state, nonce, verifier, wanted = said
    return Begun(state, nonce, verifier, safe_next(wanted))
