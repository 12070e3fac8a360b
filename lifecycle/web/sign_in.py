"""The pages of the way in: set-up, sign-in, sign-out, invitation, password and reset."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import available_timezones

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.errors import Invalid, LifecycleError, Unavailable
from lifecycle.language import mark, say, say_count, speak
from lifecycle.queries.people import OpenLink, SignedInPerson
from lifecycle.rules import people as rules
from lifecycle.settings import Settings
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import Actor, OrganisationRole
from lifecycle.web.accounts import Accounts, FirstAdministrator
from lifecycle.web.entry import enter
from lifecycle.web.forms import form_seed, is_own_form, keep_seed, token_for
from lifecycle.web.guard import PROVIDER_SIGN_IN, PROVIDER_SIGN_OUT, SESSION_COOKIE, safe_next
from lifecycle.web.headers import client_address, is_https
from lifecycle.web.live_sessions import LiveSessions
from lifecycle.web.pages import FRESH, Shown, message, page
from lifecycle.web.passwords import hash_password, is_password
from lifecycle.web.speech import language_links

LARGEST_FORM = 65_536
TIME_ZONES = tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))

_HAS_CHOSEN = "lifecycle.has_chosen_language"  # in the scope of a request
_WRONG = mark("The address or the password is not right. Check both and try again.")
_GONE = mark("This link has been used, withdrawn or is out of date. Ask an administrator for a new one.")
_FORM_EXPIRED = mark(
    "This form was open too long or came from elsewhere. Nothing was changed; please send it again."
)

LoadExample = Callable[[Actor], None]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SignInPages:
    """`load_example` fills an empty installation with the example portfolio; None does not offer it."""

    accounts: Accounts
    sessions: LiveSessions
    settings: Settings
    load_example: LoadExample | None = None

    def routes(self) -> list[BaseRoute]:
        return [
            self._route("/sign-in", self.show_sign_in, self.sign_in),
            self._route("/sign-out", self.show_sign_out, self.sign_out),
            self._route("/set-up", self.show_set_up, self.set_up),
            self._route("/invitation/{token}", self.show_invitation, self.accept_invitation),
            self._route("/reset/{token}", self.show_reset, self.reset),
            self._route("/password", self.show_password, self.change_password),
        ]

    def _route(self, path: str, show: _Show, take: _Take) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                if request.method != "POST":
                    return await show(request)
                return await self._take(request, show, take)
            except Unavailable as error:
                return message(
                    say("Just a moment"), str(error), status=503, link=request.url.path, link_text=say(_AGAIN)
                )

        return Route(path, endpoint, methods=["GET", "POST"])

    async def _take(self, request: Request, show: _Show, take: _Take) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST_FORM:
            return message(
                say("Too much at once"),
                say(_TOO_LARGE),
                status=413,
                link=request.url.path,
                link_text=say(_AGAIN),
            )
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        if not self._is_own_form(request, form):
            return await show(request, Shown(form, {"": say(_FORM_EXPIRED)}))
        return await take(request, form)

    # ------------------------------------------------------------ sign in and out

    async def show_sign_in(self, request: Request, shown: Shown = FRESH) -> Response:
        wanted = safe_next((shown.values or request.query_params).get("next"))
        if not await self._db(self.accounts.has_administrator):
            return RedirectResponse("/set-up", 303)
        if shown is FRESH and await self.sessions.is_live(_session_hash(request)):
            return RedirectResponse(wanted, 303)
        notice = say(_SIGN_IN_NOTICES.get(request.query_params.get("because", ""), ""))
        shown = Shown({**shown.values, "next": wanted}, shown.problems, notice)
        provider = self.settings.provider
        query = "" if wanted == "/" else f"?next={quote(wanted, safe='')}"
        return self._form(
            request,
            "sign_in",
            say("Sign in"),
            shown,
            provider=provider.title if provider else "",
            there=f"{PROVIDER_SIGN_IN}{query}",
            sign_out_there=PROVIDER_SIGN_OUT if "because" in request.query_params else "",
            has_passwords=self.settings.local_accounts,
        )

    async def sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        if not self.settings.local_accounts:
            return self._no_passwords()
        email, password = rules.tidy_email(form.get("email", "")), form.get("password", "")
        if not email or not password:
            return await self.show_sign_in(
                request, Shown(form, {"": say("Enter your address and password.")})
            )
        address = client_address(request.scope, trust_proxy=self.settings.trust_proxy)
        wait = await self._db(self.accounts.begin_attempt, email[: rules.LONGEST_EMAIL], address)
        if wait:
            return await self._throttled(request, form, math.ceil(wait.total_seconds()))
        person_key = await self._verified(email, password)
        if person_key is None:
            return await self.show_sign_in(request, Shown(form, {"": say(_WRONG)}))
        return await self._enter(request, person_key, safe_next(form.get("next")))

    async def _verified(self, email: str, password: str) -> str | None:
        person_key, password_hash = await self._db(self.accounts.credentials, email) or (None, None)
        too_long = len(password) > rules.LONGEST_PASSWORD
        right = await is_password("" if too_long else password, password_hash)
        return person_key if right and not too_long else None

    async def _throttled(self, request: Request, form: Mapping[str, str], seconds: int) -> Response:
        sentence = say("Too many attempts. Nothing is lost: try again in {time}.", time=_waiting(seconds))
        response = await self.show_sign_in(request, Shown(form, {"": sentence}))
        response.status_code = 429
        response.headers["Retry-After"] = str(seconds)
        return response

    async def show_sign_out(self, request: Request, shown: Shown = FRESH) -> Response:
        person = await self._db(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
        if person is None:
            return RedirectResponse("/sign-in", 303)
        _speak_as_chosen(request, person)
        elsewhere = _signed_in_elsewhere(await self._db(self.accounts.browsers, person) - 1)
        return self._form(
            request, "sign_out", say("Sign out"), shown, person=person.name, elsewhere=elsewhere
        )

    async def sign_out(self, request: Request, form: Mapping[str, str]) -> Response:
        """Here, or everywhere: then open tabs elsewhere notice within seconds."""
        token = request.cookies.get(SESSION_COOKIE, "")
        person = await self._db(self.accounts.person, token)
        if form.get("where") == "everywhere" and person is not None:
            await self._db(self.accounts.sign_out_everywhere, person)
        else:
            await self._db(self.accounts.sign_out, token)
        await self.sessions.end(hash_token(token))
        response = RedirectResponse("/sign-in?because=signed-out", 303)
        response.delete_cookie(
            SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=self._https(request)
        )
        return response

    # ------------------------------------------------------------ first start

    async def show_set_up(self, request: Request, shown: Shown = FRESH) -> Response:
        if await self._db(self.accounts.has_administrator):
            return RedirectResponse("/sign-in", 303)
        if shown is FRESH:
            shown = Shown({"code": request.query_params.get("code", "")[:40]})
        offers_example = self.load_example is not None
        return self._form(
            request,
            "set_up",
            say("Set up Lifecycle"),
            shown,
            time_zones=TIME_ZONES,
            offers_example=offers_example,
            asks_password=self.settings.local_accounts,
            provider=self.settings.provider.title if self.settings.provider else "",
        )

    async def set_up(self, request: Request, form: Mapping[str, str]) -> Response:
        name, email = rules.tidy_name(form.get("name", "")), rules.tidy_email(form.get("email", ""))
        organisation = rules.tidy_name(form.get("organisation", ""))
        time_zone, password = form.get("time_zone", "UTC"), form.get("password", "")
        asks_password = self.settings.local_accounts
        problems = _found(
            organisation=rules.name_problem(organisation, say("the name of your organisation")),
            name=rules.name_problem(name, say("your name")),
            email=rules.email_problem(email),
            password=rules.password_problem(password, near=(name, email)) if asks_password else None,
            time_zone=None if time_zone in TIME_ZONES else say("Choose a time zone from the list."),
        )
        address = client_address(request.scope, trust_proxy=self.settings.trust_proxy)
        if not problems and (wait := await self._db(self.accounts.begin_attempt, "set-up", address)):
            problems = {
                "": say(
                    "Too many attempts. Try again in {time}.",
                    time=_waiting(math.ceil(wait.total_seconds())),
                )
            }
        if problems:
            return await self.show_set_up(request, Shown(form, problems))
        password_hash = await hash_password(password) if asks_password else None
        filled = FirstAdministrator(form.get("code", ""), organisation, time_zone, name, email, password_hash)
        try:
            person_key = await self._db(self.accounts.set_up, filled)
        except LifecycleError as error:
            return await self.show_set_up(request, Shown(form, _problems(error)))
        with_example = self.load_example is not None and form.get("start") == "example"
        response = await self._enter(request, person_key, "/portfolio" if with_example else "/")
        if self.load_example is not None and with_example:
            try:
                await self._db(self.load_example, Actor(person_key, name, OrganisationRole.ADMINISTRATOR))
            except LifecycleError as error:
                return _signed_in_as(
                    response, message(say("Set up, without the example"), str(error), link_text=say("Go on"))
                )
        return response

    # ------------------------------------------------------------ links

    async def show_invitation(self, request: Request, shown: Shown = FRESH) -> Response:
        link = await self._db(self.accounts.link, request.path_params["token"], "join")
        if link is None:
            return _gone()
        if not self.settings.local_accounts:
            return self._invited(link)
        if shown is FRESH:
            shown = Shown({"name": link.name})
        return self._password_form(
            request,
            say("Join Lifecycle"),
            shown,
            explanation=say(
                "{invited_by} invited you to {organisation}. You sign in as {email}.",
                invited_by=link.invited_by,
                organisation=link.organisation,
                email=link.email,
            ),
            account=link.email,
            asks_name=True,
            button=say("Join"),
        )

    async def accept_invitation(self, request: Request, form: Mapping[str, str]) -> Response:
        token, password = request.path_params["token"], form.get("password", "")
        name = rules.tidy_name(form.get("name", ""))
        link = await self._db(self.accounts.link, token, "join")
        if link is None:
            return _gone()
        if not self.settings.local_accounts:
            return self._invited(link)
        problems = _found(
            name=rules.name_problem(name, say("your name")),
            password=rules.password_problem(password, near=(name, link.email)),
        )
        if problems:
            return await self.show_invitation(request, Shown(form, problems))
        try:
            person_key = await self._db(
                partial(
                    self.accounts.accept_invitation,
                    token,
                    name=name,
                    password_hash=await hash_password(password),
                )
            )
        except LifecycleError as error:
            return await self.show_invitation(request, Shown(form, _problems(error)))
        return await self._enter(request, person_key, "/")

    async def show_reset(self, request: Request, shown: Shown = FRESH) -> Response:
        if not self.settings.local_accounts:
            return self._no_passwords()
        link = await self._db(self.accounts.link, request.path_params["token"], "reset")
        if link is None:
            return _gone()
        return self._password_form(
            request,
            say("Choose a new password"),
            shown,
            explanation=say("For {email}. You will be signed out everywhere else.", email=link.email),
            account=link.email,
            button=say("Set the password"),
        )

    async def reset(self, request: Request, form: Mapping[str, str]) -> Response:
        if not self.settings.local_accounts:
            return self._no_passwords()
        token, password = request.path_params["token"], form.get("password", "")
        link = await self._db(self.accounts.link, token, "reset")
        if link is None:
            return _gone()
        problems = _found(password=rules.password_problem(password, near=(link.email, link.name)))
        if problems:
            return await self.show_reset(request, Shown(form, problems))
        password_hash = await hash_password(password)
        try:
            person_key = await self._db(
                partial(self.accounts.use_reset_link, token, password_hash=password_hash)
            )
        except LifecycleError as error:
            return await self.show_reset(request, Shown(form, _problems(error)))
        return await self._enter(request, person_key, "/")

    # ------------------------------------------------------------ own password

    async def show_password(self, request: Request, shown: Shown = FRESH) -> Response:
        if not self.settings.local_accounts:
            return self._no_passwords()
        person = await self._db(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
        if person is None:
            return RedirectResponse("/sign-in?next=/password", 303)
        _speak_as_chosen(request, person)
        return self._password_form(
            request,
            say("Change your password"),
            shown,
            explanation=say("Other browsers in which you are signed in will be signed out."),
            account=person.email or "",
            asks_current=True,
            button=say("Change the password"),
        )

    async def change_password(self, request: Request, form: Mapping[str, str]) -> Response:
        if not self.settings.local_accounts:
            return self._no_passwords()
        token = request.cookies.get(SESSION_COOKIE, "")
        person = await self._db(self.accounts.person, token)
        if person is None or person.email is None:
            return RedirectResponse("/sign-in?next=/password", 303)
        address = client_address(request.scope, trust_proxy=self.settings.trust_proxy)
        if wait := await self._db(self.accounts.begin_attempt, person.email, address):
            sentence = say(
                "Too many attempts. Try again in {time}.",
                time=_waiting(math.ceil(wait.total_seconds())),
            )
            return await self.show_password(request, Shown(problems={"": sentence}))
        password = form.get("password", "")
        right = await self._verified(person.email, form.get("current", "")) == person.key
        problems = _found(
            current=None if right else say("This is not your password."),
            password=rules.password_problem(password, near=(person.name, person.email)),
        )
        if problems:
            return await self.show_password(request, Shown(problems=problems))
        password_hash = await hash_password(password)
        await self._db(
            partial(self.accounts.change_password, person, token=token, password_hash=password_hash)
        )
        return message(
            say("Password changed"),
            say("Use it the next time you sign in."),
            link_text=say("Back to Lifecycle"),
        )

    # ------------------------------------------------------------ what all of them share

    async def _enter(self, request: Request, person_key: str, wanted: str) -> Response:
        return await enter(request, person_key, wanted, accounts=self.accounts, settings=self.settings)

    def _password_form(
        self,
        request: Request,
        title: str,
        shown: Shown,
        *,
        explanation: str,
        account: str,
        button: str,
        asks_name: bool = False,
        asks_current: bool = False,
    ) -> Response:
        return self._form(
            request,
            "choose_password",
            title,
            shown,
            action=request.url.path,
            explanation=explanation,
            account=account,
            button=button,
            asks_name=asks_name,
            asks_current=asks_current,
        )

    def _form(self, request: Request, template: str, title: str, shown: Shown, **content: object) -> Response:
        """The page with its form token; a browser without the form cookie gets one."""
        seed = form_seed(request)
        status = 422 if shown.problems else 200
        token = token_for(request, seed)
        response = page(
            template,
            title,
            status=status,
            shown=shown,
            form_token=token,
            languages=() if _HAS_CHOSEN in request.scope else language_links(request),
            **content,
        )
        keep_seed(response, request, seed, secure=self._https(request))
        return response

    def _no_passwords(self) -> Response:
        return message(
            say("No passwords here"),
            say(
                "People sign in with {provider} here; passwords are switched off.",
                provider=self._provider_title,
            ),
            status=403,
            link="/sign-in",
            link_text=say("Sign in"),
        )

    def _invited(self, link: OpenLink) -> Response:
        return message(
            say("Join Lifecycle"),
            say(
                "{invited_by} invited you to {organisation}. Sign in with {provider} as {email}.",
                invited_by=link.invited_by,
                organisation=link.organisation,
                provider=self._provider_title,
                email=link.email,
            ),
            link=PROVIDER_SIGN_IN,
            link_text=say("Sign in with {provider}", provider=self._provider_title),
        )

    @property
    def _provider_title(self) -> str:
        return self.settings.provider.title if self.settings.provider else say("your provider")

    def _is_own_form(self, request: Request, form: Mapping[str, str]) -> bool:
        return is_own_form(request, form.get("form_token", ""))

    def _https(self, request: Request) -> bool:
        return is_https(
            request.scope, trust_proxy=self.settings.trust_proxy, public_url=self.settings.public_url
        )

    async def _db(self, ask: Callable[..., Answer], *arguments: object) -> Answer:
        return await run_in_threadpool(ask, *arguments)


_Show = Callable[..., Awaitable[Response]]
_Take = Callable[[Request, Mapping[str, str]], Awaitable[Response]]

_AGAIN = mark("Try again")
_TOO_LARGE = mark("This form is too large. Nothing was changed.")
_SIGN_IN_NOTICES = {
    "signed-out": mark("You are signed out."),
    "ended": mark("You are signed out: your session has ended. Everything that showed as saved is saved."),
}


def _speak_as_chosen(request: Request, person: SignedInPerson) -> None:
    """Whoever chose a language on their screens is spoken to in it here too, and not asked again."""
    if person.language:
        speak(person.language)
        request.scope[_HAS_CHOSEN] = True


def _session_hash(request: Request) -> str | None:
    token = request.cookies.get(SESSION_COOKIE)
    return hash_token(token) if token else None


def _signed_in_elsewhere(browsers: int) -> str:
    if browsers <= 0:
        return ""
    return say_count(
        "Another browser is signed in as you. If one of them is not yours, also change your password.",
        "{number} other browsers are signed in as you. If one of them is not yours, also change your password.",
        browsers,
    )


def _signed_in_as(entered: Response, shown: Response) -> Response:
    """Another page for somebody who has just got a session: its cookies go along."""
    shown.raw_headers.extend(header for header in entered.raw_headers if header[0] == b"set-cookie")
    return shown


def _gone() -> Response:
    return message(
        say("This link no longer works"), say(_GONE), status=410, link="/sign-in", link_text=say("Sign in")
    )


def _found(**problems: str | None) -> dict[str, str]:
    return {place: sentence for place, sentence in problems.items() if sentence}


def _problems(error: LifecycleError) -> Mapping[str, str]:
    return error.problems if isinstance(error, Invalid) else {"": str(error)}


def _waiting(seconds: int) -> str:
    if seconds < 90:
        return say_count("{number} second", "{number} seconds", seconds)
    return say("{number} minutes", number=math.ceil(seconds / 60))
