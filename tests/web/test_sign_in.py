"""The pages of the way in, sent as a browser sends them to a real server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from sqlmodel import Session

from lifecycle.actions import people
from lifecycle.queries import people as people_now
from lifecycle.queries.people import SignedInPerson
from lifecycle.store.database import open_database
from lifecycle.web.headers import client_address, is_https
from lifecycle.web.passwords import hash_password, is_password
from tests.web.conftest import EMAIL, PASSWORD, Installation, form_of, send_form, sign_in

NEW_PASSWORD = "four louder purple lakes"


# ---------------------------------------------------------------- first start


def test_first_start_leads_to_set_up_once(empty_installation: Installation) -> None:
    client = empty_installation.browser()
    code = empty_installation.set_up_code()
    fields = {
        "code": code,
        "organisation": "Riverbank",
        "name": "Ada",
        "email": EMAIL,
        "password": PASSWORD,
        "time_zone": "Europe/Amsterdam",
    }
    assert client.get("/").headers["location"] == "/sign-in"
    assert client.get("/sign-in").headers["location"] == "/set-up"
    assert f'value="{code}"' in client.get(f"/set-up?code={code}").text

    faults = {"email": "ada", "password": "short", "time_zone": "Mars"}
    wrong_code = send_form(client, "/set-up", **{**fields, "code": "AAAA-BBBB-CCCC"})
    many_faults = send_form(client, "/set-up", **{**fields, **faults})

    assert (wrong_code.status_code, many_faults.status_code) == (422, 422)
    assert "This is not the set-up code" in wrong_code.text
    assert 'value="Riverbank"' in wrong_code.text
    assert PASSWORD not in wrong_code.text
    for sentence in ("name@example.org", "This has 5 characters; use at least 12.", "Choose a time zone"):
        assert sentence in many_faults.text

    done = send_form(client, "/set-up", **fields)

    assert done.headers["location"] == "/"
    assert client.get("/").status_code == 200
    assert empty_installation.browser().get("/set-up").headers["location"] == "/sign-in"
    assert empty_installation.browser().post("/set-up", data=fields).status_code in (303, 422)


# ---------------------------------------------------------------- sign-in


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(installation: Installation) -> None:
    answer = sign_in(installation.browser())

    [cookie] = [
        header for header in answer.headers.get_list("set-cookie") if header.startswith("lifecycle_session=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # plain HTTP on loopback; the HTTPS case is below


def test_every_sign_in_has_a_token_of_its_own(installation: Installation) -> None:
    client = installation.browser()
    client.cookies.set("lifecycle_session", "planted")

    sign_in(client)
    first = _session(client)
    other = installation.browser()
    sign_in(other)

    assert len({"planted", first, _session(other)}) == 3


def test_wrong_password_and_unknown_account_read_the_same(installation: Installation) -> None:
    known = sign_in(installation.browser(), EMAIL, "not the password at all")
    unknown = sign_in(installation.browser(), "eve@example.org", "not the password at all")

    assert (known.status_code, unknown.status_code) == (422, 422)
    assert _comparable(known, EMAIL) == _comparable(unknown, "eve@example.org")
    assert "lifecycle_session" not in {**known.cookies, **unknown.cookies}
    sign_in(installation.browser())


def test_guessing_slows_down_for_known_and_unknown_accounts_alike(installation: Installation) -> None:
    for email in ("mallory@example.org", EMAIL):
        client = installation.browser()
        answers = [sign_in(client, email, "not the password at all") for _ in range(6)]

        assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429, 429]
        assert answers[4].headers["retry-after"] == "1"
        assert "try again in 1 second." in answers[4].text
    assert sign_in(installation.browser()).status_code == 429

    time.sleep(1.1)
    assert sign_in(installation.browser()).status_code == 303


def test_form_without_its_token_changes_nothing(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()
    forged = [
        {},
        {"form_token": ""},
        {"form_token": form_of(installation.browser().get("/sign-in"))["form_token"]},
    ]

    for fields in forged:
        assert client.post("/sign-out", data=fields).status_code == 422

    assert client.get("/").status_code == 200


def test_typed_text_is_shown_as_text(installation: Installation) -> None:
    attack = '"><script>alert(1)</script>'

    answer = send_form(installation.browser(), "/sign-in", email=attack, password="x")

    assert "<script>" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


def test_form_of_a_megabyte_is_refused(installation: Installation) -> None:
    answer = installation.browser().post("/sign-in", data={"email": "x" * 1_000_000})

    assert answer.status_code == 413
    assert "too large" in answer.text


def test_cookie_that_is_no_text_is_no_session(installation: Installation) -> None:
    for cookie in (b"lifecycle_session=\xff\xfe", b'lifecycle_session="', b";;;=;lifecycle_session"):
        answer = installation.browser().get("/", headers={b"Cookie": cookie})  # type: ignore[dict-item]

        assert answer.status_code == 303


# ---------------------------------------------------------------- links and passwords


def test_invitation_link_makes_an_account_once(installation: Installation) -> None:
    with _as_administrator(installation) as (session, ada):
        token = people.invite(session, by=ada.actor, at=datetime.now(UTC), email="bo@example.org", name="Bo")
    client = installation.browser()
    page = client.get(f"/invitation/{token}")
    assert "Ada invited you to Riverbank. You sign in as bo@example.org." in page.text
    assert 'value="Bo"' in page.text

    short = send_form(client, f"/invitation/{token}", name="Bo", password="short")
    joined = send_form(client, f"/invitation/{token}", name="Bo B.", password=NEW_PASSWORD)

    assert short.status_code == 422
    assert joined.headers["location"] == "/"
    assert client.get("/").status_code == 200
    again = installation.browser().get(f"/invitation/{token}")
    assert again.status_code == 410
    assert "Ask an administrator for a new one" in again.text
    assert sign_in(installation.browser(), "bo@example.org", NEW_PASSWORD).status_code == 303


def test_reset_link_sets_the_password_and_signs_out_everywhere_else(installation: Installation) -> None:
    with _as_administrator(installation) as (session, ada):
        invitation = people.invite(session, by=ada.actor, at=datetime.now(UTC), email="cy@example.org")
    elsewhere = installation.browser()
    send_form(elsewhere, f"/invitation/{invitation}", name="Cy", password=PASSWORD)
    with _as_administrator(installation) as (session, ada):
        credentials = people_now.credentials(session, email="cy@example.org")
        assert credentials is not None
        link = people.make_reset_link(session, by=ada.actor, at=datetime.now(UTC), person_key=credentials[0])
    client = installation.browser()

    done = send_form(client, f"/reset/{link}", password=NEW_PASSWORD)

    assert done.status_code == 303
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 303
    assert installation.browser().get(f"/reset/{link}").status_code == 410
    assert sign_in(installation.browser(), "cy@example.org", PASSWORD).status_code == 422
    assert sign_in(installation.browser(), "cy@example.org", NEW_PASSWORD).status_code == 303


def test_changing_ones_password_needs_the_old_one_and_keeps_this_browser(installation: Installation) -> None:
    with _as_administrator(installation) as (session, ada):
        invitation = people.invite(session, by=ada.actor, at=datetime.now(UTC), email="di@example.org")
    here, there = installation.browser(), installation.browser()
    send_form(here, f"/invitation/{invitation}", name="Di", password=PASSWORD)
    sign_in(there, "di@example.org", PASSWORD)

    refused = send_form(here, "/password", current="not my password", password=NEW_PASSWORD)
    changed = send_form(here, "/password", current=PASSWORD, password=NEW_PASSWORD)

    assert "This is not your password." in refused.text
    assert "Password changed" in changed.text
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303
    assert sign_in(installation.browser(), "di@example.org", NEW_PASSWORD).status_code == 303


def test_sign_out_asks_first_and_then_ends_the_session(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    client = signed_in()
    token = _session(client)
    assert "You are signed in as Ada." in client.get("/sign-out").text
    assert client.get("/").status_code == 200

    done = send_form(client, "/sign-out")

    assert done.headers["location"] == "/sign-in?because=signed-out"
    assert "You are signed out." in client.get(done.headers["location"]).text
    stolen = installation.browser()
    stolen.cookies.set("lifecycle_session", token)
    assert stolen.get("/").status_code == 303


def test_signing_out_everywhere_ends_every_browser_of_that_person_alone(
    installation: Installation, signed_in: Callable[[], httpx.Client]
) -> None:
    with _as_administrator(installation) as (session, ada):
        invitation = people.invite(session, by=ada.actor, at=datetime.now(UTC), email="fay@example.org")
    here, there, bystander = installation.browser(), installation.browser(), signed_in()
    send_form(here, f"/invitation/{invitation}", name="Fay", password=PASSWORD)
    assert "Sign out everywhere" not in here.get("/sign-out").text
    sign_in(there, "fay@example.org", PASSWORD)
    assert "Another browser is signed in as you." in here.get("/sign-out").text

    assert send_form(here, "/sign-out", where="everywhere").status_code == 303

    assert [client.get("/").status_code for client in (here, there, bystander)] == [303, 303, 200]


# ---------------------------------------------------------------- behind a proxy, and passwords


@pytest.mark.parametrize(
    ("scheme", "forwarded", "trusted", "public_url", "https"),
    [
        ("http", None, False, None, False),
        ("https", None, False, None, True),
        ("http", "https", False, None, False),
        ("http", "https", True, None, True),
        ("http", "https, http", True, None, False),
        ("wss", None, False, None, True),
        ("http", None, False, "https://lifecycle.example.org", True),
    ],
)
def test_https_is_believed_only_from_a_trusted_proxy(
    scheme: str, forwarded: str | None, trusted: bool, public_url: str | None, https: bool
) -> None:
    headers = [(b"x-forwarded-proto", forwarded.encode())] if forwarded else []

    assert (
        is_https({"scheme": scheme, "headers": headers}, trust_proxy=trusted, public_url=public_url) is https
    )


def test_address_is_the_hop_the_trusted_proxy_saw() -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"1.2.3.4, 203.0.113.9")]}

    assert client_address(scope, trust_proxy=False) == "10.0.0.1"
    assert client_address(scope, trust_proxy=True) == "203.0.113.9"


async def _hashes() -> tuple[str, bool, bool, bool, bool]:
    made = await hash_password("Pässword of some length")
    return (
        made,
        await is_password("Pa\u0308ssword of some length", made),
        await is_password("another password", made),
        await is_password("nobody has this password", None),
        await is_password("anything", "not a hash"),
    )


def test_password_is_kept_as_argon2id_and_an_account_without_one_is_closed() -> None:
    made, same, other, nobody, broken = asyncio.run(_hashes())

    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert (same, other, nobody, broken) == (True, False, False, False)


# ---------------------------------------------------------------- what the tests share


@contextmanager
def _as_administrator(installation: Installation) -> Iterator[tuple[Session, SignedInPerson]]:
    """A transaction of another process's kind, and Ada."""
    database = open_database(installation.server.database_url)
    try:
        with database.write() as session:
            [ada] = [person for person in people_now.people(session) if person.email == EMAIL]
            yield (
                session,
                SignedInPerson(ada.key, ada.name, ada.email, ada.organisation_role, ada.approval_level),
            )
    finally:
        database.dispose()


def _session(client: httpx.Client) -> str:
    values = [cookie.value for cookie in client.cookies.jar if cookie.name == "lifecycle_session"]
    return str(next(value for value in values if value != "planted"))


def _comparable(answer: httpx.Response, email: str) -> str:
    return re.sub(r'value="[^"]{40,}"', "", answer.text.replace(email, "ADDRESS"))
