"""In which language a request is answered, and how a browser keeps the one that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from lifecycle.store.database import open_database
from lifecycle.store.tables import PersonRow
from lifecycle.web.speech import wanted_language
from tests.web.conftest import Installation

Browser = Callable[[], httpx.Client]
FRENCH = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(
    ("path", "accepted", "cookie", "spoken"),
    [
        ("/sign-in", "", "", "en"),
        ("/sign-in", "fr-CA,en;q=0.5", "", "fr"),
        ("/sign-in", "de,nl;q=0.8", "", "en"),
        ("/sign-in", "fr", "lifecycle_language=en", "en"),
        ("/sign-in", "", "lifecycle_language=fr", "fr"),
        ("/sign-in", "fr", "lifecycle_language=xx", "fr"),
        ("/_stcore/stream", "en", "lifecycle_language=fr", "fr"),
        ("/api/v1/projects", "en", "lifecycle_language=fr", "en"),
        ("/api/v1/projects", "fr", "lifecycle_language=en", "fr"),
        ("/api", "", "lifecycle_language=fr", "en"),
        ("/apiary", "", "lifecycle_language=fr", "fr"),
    ],
)
def test_choice_goes_before_what_the_browser_asks_for(
    path: str, accepted: str, cookie: str, spoken: str
) -> None:
    headers = [(b"accept-language", accepted.encode()), (b"cookie", cookie.encode())]
    assert wanted_language({"type": "http", "path": path, "headers": headers}) == spoken


def test_page_is_in_the_language_of_its_reader(installation: Installation) -> None:
    client = installation.browser()
    assert '<html lang="en">' in client.get("/sign-in").text
    assert '<html lang="fr">' in client.get("/sign-in", headers=FRENCH).text
    assert '<html lang="en">' in client.get("/sign-in").text


def test_screens_say_in_which_language_they_are(signed_in: Browser) -> None:
    client = signed_in()
    assert '<html lang="en">' in client.get("/", headers={"Accept": "text/html"}).text
    french = client.get("/", headers={"Accept": "text/html", **FRENCH})
    assert '<html lang="fr">' in french.text
    assert int(french.headers["content-length"]) == len(french.content)


def test_link_chooses_a_language_and_comes_back(installation: Installation) -> None:
    client = installation.browser()
    page = client.get("/sign-in?next=%2Fworksheet%3Ffield%3DD14&because=ended")
    here = (
        '<a href="/language/fr?next=%2Fsign-in%3Fnext%3D%252Fworksheet%253Ffield%253DD14%26because%3Dended"'
    )
    assert here in page.text

    chosen = client.get(here.split('"')[1])

    assert chosen.status_code == 303
    back = urlsplit(chosen.headers["location"])
    assert (back.path, parse_qs(back.query)["next"]) == ("/sign-in", ["/worksheet?field=D14"])
    [cookie] = chosen.headers.get_list("set-cookie")
    assert cookie.startswith("lifecycle_language=fr;")
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=31536000"):
        assert part in cookie
    assert '<html lang="fr">' in client.get(chosen.headers["location"]).text


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "%5C%5Cevil.example", "/language/en", "", "sign-in", "/%0Ax"],
)
def test_choosing_a_language_leads_nowhere_else(installation: Installation, wanted: str) -> None:
    answer = installation.browser().get(f"/language/fr?next={wanted}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_language_that_there_is_none_of_is_not_kept(installation: Installation) -> None:
    answer = installation.browser().get("/language/xx?next=/sign-in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-out", "/password", "/invitation/" + "a" * 43, "/evidence/file/9"])
def test_other_pages_follow_too(signed_in: Browser, path: str) -> None:
    assert '<html lang="fr">' in signed_in().get(path, headers=FRENCH).text


def test_documentation_of_the_interface_stays_english(signed_in: Browser) -> None:
    client = signed_in()
    french = client.get("/api/docs", headers=FRENCH)
    assert '<html lang="en">' in french.text
    assert french.text == client.get("/api/docs").text


def test_what_broke_is_told_in_the_same_language(signed_in: Browser) -> None:
    page = signed_in().get("/broken", headers=FRENCH)
    assert page.status_code == 500
    assert '<html lang="fr">' in page.text


@pytest.fixture
def chosen_french(installation: Installation) -> Iterator[None]:
    """The administrator has chosen French on the screens."""
    database = open_database(installation.server.database_url)

    def choose(code: str | None) -> None:
        with database.write() as session:
            session.execute(update(PersonRow).values(language=code))

    choose("fr")
    yield
    choose(None)
    database.dispose()


@pytest.mark.parametrize("path", ["/", "/sign-out", "/password"])
def test_what_a_person_chose_goes_before_everything(
    signed_in: Browser, chosen_french: None, path: str
) -> None:
    """Also where nobody asks who it is: and those are not asked again for the language."""
    client = signed_in()
    page = client.get(path, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert '<html lang="fr">' in page.text
    assert 'class="languages"' not in page.text
