"""Sign-in with an identity provider, which is a real process: what is let in, and everything that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import file_util

from lifecycle.actions import people, sessions
from lifecycle.queries import people as people_now
from lifecycle.settings import IdentityProvider, Settings, read_settings
from lifecycle.store.tables import Event, FreshSignIn, Membership, PersonRow, SignInIdentity
from lifecycle.store.tokens import form_token, hash_token
from lifecycle.ui.wire import WIRE
from lifecycle.vocabulary import Actor, OrganisationRole, Role
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.server import Site
from tests.people import add_project, join, set_up
from tests.provider import CLIENT, SECRET, RunningProvider, running_mock, running_provider

HERE = "http://lifecycle.example.org"
DAY = 86_400


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as running:
        yield running


@dataclass
class Door:
    """One installation in this process; `ada` administers it. Every browser has cookies of its own."""

    site: Site
    ada: Actor
    provider: RunningProvider

    def browser(self) -> TestClient:
        app = Starlette(
            routes=self.site.routes(),
            middleware=self.site.middleware(
                index_page=Path(file_util.get_static_dir()) / "index.html", wire=WIRE
            ),
        )
        return TestClient(app, base_url=HERE, follow_redirects=False)

    def sign_in(self, browser: TestClient, address: str = "/sign-in/provider") -> Any:
        """There and back, as a browser goes."""
        return browser.get(self.there(browser, address))

    def there(self, browser: TestClient, address: str = "/sign-in/provider") -> str:
        """To the provider; returns where it sends the browser back to."""
        sent = browser.get(address)
        assert sent.status_code == 303, sent.text
        back = httpx.get(sent.headers["location"], trust_env=False).headers["location"]
        return str(back.removeprefix(HERE))

    def person(self, email: str = "nia@example.org") -> PersonRow | None:
        with self.site.database.read() as session:
            return session.exec(select(PersonRow).where(col(PersonRow.email) == email)).first()


@pytest.fixture
def door(provider: RunningProvider, database_url: str) -> Iterator[Callable[..., Door]]:
    opened: list[Site] = []

    def make(*, local_accounts: bool = True, **told: object) -> Door:
        named = IdentityProvider(provider.url, CLIENT, SECRET, name="Riverbank ID")
        settings = Settings(
            database_url=database_url,
            provider=replace(named, **told),  # type: ignore[arg-type]
            local_accounts=local_accounts,
        )
        site = Site(settings)
        opened.append(site)
        provider.will()
        with site.database.write() as session:
            ada = set_up(session)
        return Door(site, ada, provider)

    yield make
    for site in opened:
        site.sessions.close()
        site.door.close()
        site.database.dispose()


def invite(door: Door, email: str = "nia@example.org", **more: object) -> None:
    with door.site.database.write() as session:
        people.invite(session, by=door.ada, at=datetime.now(UTC), email=email, **more)  # type: ignore[arg-type]


def signed_in_as(door: Door, browser: TestClient) -> str | None:
    person = door.site.accounts.person(browser.cookies.get(SESSION_COOKIE) or "")
    return person.name if person else None


# ---------------------------------------------------------------- in


def test_invited_person_joins_with_the_invited_role_and_comes_back_as_the_same(
    door: Callable[..., Door],
) -> None:
    here = door()
    with here.site.database.write() as session:
        project_id = add_project(session, here.ada)
    invite(here, project_id=project_id, project_role=Role.PRIVACY)
    browser = here.browser()
    assert "Sign in with Riverbank ID" in browser.get("/sign-in?next=%2Fworksheet").text

    entered = here.sign_in(browser, "/sign-in/provider?next=%2Fworksheet%3Fproject%3D7")

    assert (entered.status_code, entered.headers["location"]) == (303, "/worksheet?project=7")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert signed_in_as(here, browser) == "Nia Novak"
    with here.site.database.read() as session:
        held = session.exec(select(Membership.role).where(col(Membership.person_key) == here.person().key))  # type: ignore[union-attr]
        assert held.all() == [Role.PRIVACY.value]
    here.provider.will(email="nia.novak@example.org", name="N. Novak")
    again = here.browser()
    assert here.sign_in(again).headers["location"] == "/"
    assert signed_in_as(here, again) == "Nia Novak"  # known by the subject, whatever the address is now


def test_code_is_asked_for_with_pkce_state_and_nonce_of_their_own_each_time(
    door: Callable[..., Door],
) -> None:
    here = door()
    browser = here.browser()
    asked = [parse_qs(urlsplit(browser.get("/sign-in/provider").headers["location"]).query) for _ in range(2)]

    assert {one["code_challenge_method"][0] for one in asked} == {"S256"}
    assert asked[0]["redirect_uri"] == [f"{HERE}/sign-in/provider/callback"]
    assert asked[0]["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) >= 43


def test_stranger_is_told_to_ask_for_an_invitation(door: Callable[..., Door]) -> None:
    here = door()
    answer = here.sign_in(here.browser())

    assert answer.status_code == 403
    assert "Ask an administrator of Lifecycle to invite nia@example.org" in answer.text
    assert here.person() is None


def test_verified_address_opens_its_account_and_no_second_subject_does(door: Callable[..., Door]) -> None:
    here = door()
    with here.site.database.write() as session:
        nia = join(session, here.ada, "Nia")
    browser = here.browser()
    assert here.sign_in(browser).status_code == 303
    assert signed_in_as(here, browser) == "Nia"

    here.provider.will(sub="4712")  # the address now belongs to a new colleague
    refused = here.sign_in(here.browser())

    assert refused.status_code == 403
    assert "another sign-in is connected" in refused.text
    with here.site.database.read() as session:
        known = session.exec(select(SignInIdentity.subject, SignInIdentity.person_key)).all()
    assert known == [("4711", nia.key)]


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_address_that_nobody_verified_opens_no_account(door: Callable[..., Door], said: object) -> None:
    here = door()
    with here.site.database.write() as session:
        join(session, here.ada, "Nia")
    here.provider.will(email_verified=said)

    assert here.sign_in(here.browser()).status_code == 403


def test_provider_of_verified_addresses_may_be_trusted(door: Callable[..., Door]) -> None:
    here = door(vouches_for_addresses=True)
    invite(here)
    here.provider.will(email_verified=None)

    assert here.sign_in(here.browser()).status_code == 303


def test_inactive_account_stays_closed(door: Callable[..., Door]) -> None:
    here = door()
    with here.site.database.write() as session:
        nia = join(session, here.ada, "Nia")
    here.sign_in(here.browser())
    with here.site.database.write() as session:
        people.deactivate(session, by=here.ada, at=datetime.now(UTC), person_key=nia.key)
    browser = here.browser()

    assert here.sign_in(browser).status_code == 403
    assert signed_in_as(here, browser) is None


def test_somebody_elses_provider_lets_in_too(door: Callable[..., Door]) -> None:
    """A provider that was not written for these tests."""
    with running_mock() as issuer:
        here = door(issuer=issuer, client_secret="any", vouches_for_addresses=True)
        invite(here)
        browser = here.browser()
        there = browser.get("/sign-in/provider").headers["location"]
        back = httpx.post(there, data={"sub": "nia@example.org"}, trust_env=False).headers["location"]

        assert browser.get(back.removeprefix(HERE)).headers["location"] == "/"
        assert signed_in_as(here, browser) == "nia"


# ---------------------------------------------------------------- groups


def test_groups_give_and_take_the_organisation_role(door: Callable[..., Door]) -> None:
    here = door(
        administrators=frozenset({"ml-admins"}), leadership=frozenset({"board"}), members=frozenset({"ml"})
    )
    roles = []
    for groups in (["ml"], ["ml", "board"], ["ml-admins", "board"], ["ml"]):
        here.provider.will(groups=groups)
        assert here.sign_in(here.browser()).status_code == 303
        person = here.person()
        assert person is not None
        roles.append(person.organisation_role)

    assert roles == ["member", "leadership", "administrator", "member"]
    here.provider.will(groups=["sales"])
    refused = here.sign_in(here.browser())
    assert refused.status_code == 403
    assert "in none of the groups" in refused.text


def test_last_administrator_stays_one(door: Callable[..., Door]) -> None:
    here = door(administrators=frozenset({"ml-admins"}))
    here.provider.will(email="ada@example.org", groups=[])

    assert here.sign_in(here.browser()).status_code == 303
    ada = here.person("ada@example.org")
    assert ada is not None
    assert ada.organisation_role == OrganisationRole.ADMINISTRATOR.value


# ---------------------------------------------------------------- not in


@pytest.mark.parametrize(
    "fault",
    [
        "nonce", "expired", "audience", "second audience", "issuer", "key", "forged", "no signature", "shared secret",
        "subject", "denied",
    ],
)  # fmt: skip
def test_what_is_no_sign_in_lets_nobody_in(door: Callable[..., Door], fault: str) -> None:
    here = door()
    invite(here)
    here.provider.will(fault)
    browser = here.browser()
    answer = here.sign_in(browser)

    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert SESSION_COOKIE not in browser.cookies
    assert here.person() is None
    here.provider.will()
    assert here.sign_in(here.browser()).status_code == 303, "nothing is broken afterwards"


def test_answer_to_another_browser_or_another_beginning_lets_nobody_in(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)
    mine, theirs = here.browser(), here.browser()
    back = here.there(theirs)  # somebody makes me open the end of their sign-in
    other = parse_qs(urlsplit(here.there(mine)).query)["state"][0]
    swapped = back.replace(parse_qs(urlsplit(back).query)["state"][0], other)

    stolen, mixed = mine.get(back), mine.get(swapped)

    assert stolen.status_code == 400
    assert "not begun in this browser" in stolen.text
    assert mixed.status_code == 403  # my state with their code: the verifier does not fit
    assert mine.get("/sign-in/provider/callback?code=x").status_code == 400
    assert SESSION_COOKIE not in mine.cookies


def test_code_works_once(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)
    browser = here.browser()
    back = here.there(browser)
    kept = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}

    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400  # the browser has forgotten what it began
    thief = here.browser()
    for name, value in kept.items():
        thief.cookies.set(name, value, path="/sign-in/provider")
    assert thief.get(back).status_code == 403  # and the provider takes no code twice
    assert SESSION_COOKIE not in thief.cookies


def test_answer_of_another_issuer_is_not_taken(door: Callable[..., Door]) -> None:
    here = door()
    browser = here.browser()

    assert browser.get(f"{here.there(browser)}&iss=https%3A%2F%2Felsewhere.example.org").status_code == 400


def test_next_never_leaves_this_site(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)

    entered = here.sign_in(here.browser(), "/sign-in/provider?next=https%3A%2F%2Felsewhere.example.org")

    assert entered.headers["location"] == "/"


def test_provider_that_is_gone_is_a_sentence(door: Callable[..., Door]) -> None:
    here = door(issuer="http://127.0.0.1:9")
    answer = here.browser().get("/sign-in/provider")

    assert answer.status_code == 503
    assert "Riverbank ID cannot be reached just now" in answer.text
    assert "Riverbank ID" in here.browser().get("/sign-in").text


def test_provider_that_goes_in_the_middle_is_a_sentence(door: Callable[..., Door]) -> None:
    with running_provider() as leaving:
        here = door(issuer=leaving.url)
        browser = here.browser()
        back = here.there(browser)
        leaving.stop()

        answer = browser.get(back)

    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


# ---------------------------------------------------------------- without passwords, and out


def test_without_local_accounts_no_password_counts(door: Callable[..., Door]) -> None:
    here = door(local_accounts=False)
    with here.site.database.write() as session:
        link = people.invite(session, by=here.ada, at=datetime.now(UTC), email="nia@example.org")
    browser = here.browser()
    page = browser.get("/sign-in").text

    assert 'type="password"' not in page
    assert "Sign in with Riverbank ID" in page
    invited = browser.get(f"/invitation/{link}").text
    assert "Sign in with Riverbank ID as nia@example.org." in invited
    assert 'type="password"' not in invited
    token = form_token(browser.cookies["lifecycle_form"], "")
    sent = browser.post(
        "/sign-in", data={"form_token": token, "email": "ada@example.org", "password": "x" * 20}
    )
    assert sent.status_code == 403
    assert here.sign_in(browser).status_code == 303
    assert browser.get("/password").status_code == 403


def test_signing_out_offers_to_leave_the_provider_too(door: Callable[..., Door]) -> None:
    here = door()
    page = here.browser().get("/sign-in?because=signed-out").text
    leaving = here.browser().get("/sign-in/provider/sign-out").headers["location"]

    assert "Sign out of Riverbank ID too" in page
    assert leaving.startswith(f"{here.provider.url}/leave?client_id={CLIENT}&post_logout_redirect_uri=")


# ---------------------------------------------------------------- anew, to sign


def ready_to_sign(here: Door, browser: TestClient, review_id: int = 3) -> bool:
    """Whether this browser may sign the review now; asking uses it up."""
    token = browser.cookies.get(SESSION_COOKIE) or ""
    person = here.site.accounts.person(token)
    assert person is not None
    with here.site.database.write() as session:
        return _use(session, person.key, token, review_id)


def _use(session: Session, key: str, token: str, review_id: int) -> bool:
    return sessions.use_fresh_sign_in(
        session, person_key=key, session_hash=hash_token(token), review_id=review_id, at=datetime.now(UTC)
    )


def test_fresh_sign_in_counts_for_one_signature_of_that_review_in_that_browser(
    door: Callable[..., Door],
) -> None:
    here = door()
    invite(here)
    browser, elsewhere = here.browser(), here.browser()
    here.sign_in(browser)
    here.sign_in(elsewhere)
    asked = parse_qs(urlsplit(browser.get("/sign-in/provider/anew?review=3").headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    assert not ready_to_sign(here, browser), "going there is not enough"

    done = here.sign_in(browser, "/sign-in/provider/anew?review=3")

    assert "It is you" in done.text
    assert not ready_to_sign(here, browser, review_id=4)
    assert not ready_to_sign(here, elsewhere)
    assert ready_to_sign(here, browser)
    assert not ready_to_sign(here, browser), "one signature"


@pytest.mark.parametrize(("authenticated", "sub"), [(-DAY, "4711"), (-120, "4711"), (0, "4712")])
def test_old_sign_in_or_somebody_elses_signs_nothing(
    door: Callable[..., Door], authenticated: int, sub: str
) -> None:
    here = door()
    invite(here)
    browser = here.browser()
    here.sign_in(browser)
    here.provider.will(authenticated=authenticated, sub=sub, email="" if sub == "4712" else "nia@example.org")

    refused = here.sign_in(browser, "/sign-in/provider/anew?review=3")

    assert refused.status_code == 403
    assert "did not ask you to sign in anew" in refused.text
    assert not ready_to_sign(here, browser)


def test_fresh_sign_in_needs_a_session_and_gives_none(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)
    signed_in, stranger = here.browser(), here.browser()
    here.sign_in(signed_in)
    assert stranger.get("/sign-in/provider/anew?review=3").headers["location"].startswith("/sign-in?next=")

    back = here.there(signed_in, "/sign-in/provider/anew?review=3")
    for name, value in signed_in.cookies.items():
        if name != SESSION_COOKIE:
            stranger.cookies.set(name, value, path="/sign-in/provider")
    assert stranger.get(back).status_code == 403
    assert SESSION_COOKIE not in stranger.cookies
    with here.site.database.read() as session:
        assert session.exec(select(FreshSignIn.confirmed_at)).all() == [None]


def test_nothing_of_the_provider_enters_the_log_but_its_address(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)
    here.sign_in(here.browser())

    with here.site.database.read() as session:
        log = " ".join(session.exec(select(Event.detail)).all())
    assert here.provider.url in log
    for told in ("4711", "Nia", "nia@example.org", SECRET):
        assert told not in log


def test_erased_person_is_unknown_to_the_provider(door: Callable[..., Door]) -> None:
    here = door()
    invite(here)
    here.sign_in(here.browser())
    person = here.person()
    assert person is not None
    with here.site.database.write() as session:
        people.erase(session, by=here.ada, at=datetime.now(UTC), person_key=person.key)

    with here.site.database.read() as session:
        assert people_now.key_of_identity(session, issuer=here.provider.url, subject="4711") is None
    assert here.sign_in(here.browser()).status_code == 403


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"LIFECYCLE_OIDC_ISSUER": "http://login.example.org"},
            "LIFECYCLE_OIDC_ISSUER must be the https address",
        ),
        ({"LIFECYCLE_OIDC_ISSUER": "https://login.example.org"}, "LIFECYCLE_OIDC_CLIENT_ID"),
        ({"LIFECYCLE_LOCAL_ACCOUNTS": "off"}, "would lock everybody out"),
        ({"LIFECYCLE_SESSION_IDLE_HOURS": "soon"}, "LIFECYCLE_SESSION_IDLE_HOURS must be a number of hours"),
    ],
)
def test_wrong_settings_are_sentences(told: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_settings(told)


def test_settings_never_print_the_secret() -> None:
    told = {
        "LIFECYCLE_OIDC_ISSUER": "https://login.example.org/realm",
        "LIFECYCLE_OIDC_CLIENT_ID": "lifecycle",
        "LIFECYCLE_OIDC_CLIENT_SECRET": SECRET,
        "LIFECYCLE_OIDC_MEMBERS": "ml, data science",
    }
    settings = read_settings(told)

    assert settings.provider is not None
    assert settings.provider.members == {"ml", "data science"}
    assert settings.provider.title == "login.example.org"
    assert SECRET not in repr(settings)
