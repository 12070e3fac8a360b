"""Every route of ours, asked anonymously, under-privileged, from another site and without a form's token."""

from __future__ import annotations

import pytest

from lifecycle.settings import IdentityProvider
from lifecycle.web.guard import OPEN_PATHS, is_open
from tests.security.conftest import HERE, Place
from tests.web.test_evidence import PDF

ELSEWHERE = ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
# Written out: what a project's outsider is told at each address that names one. 404 says as much as “no such project”.
OF_A_PROJECT = {
    ("GET", "/evidence/add?project=orders&gate=discovery"): 404,
    ("POST", "/evidence/add?project=orders&gate=discovery"): 404,
    ("GET", "/evidence/file/1"): 404,
    ("GET", "/evidence/file/1/view"): 404,
    ("POST", "/worksheet-file?project=orders"): 404,
}
FOR_ADMINISTRATORS = {("POST", "/register-file")}


def test_no_route_answers_anybody_signed_out_unless_listed(place: Place) -> None:
    client = place.browser()
    for path, methods in place.routes():
        for method in methods:
            answer = client.request(method, path)
            if is_open(path):
                assert answer.status_code in (200, 303, 404, 405, 410, 413, 422), (method, path)
            else:
                assert answer.status_code in (303, 401), (method, path)
                assert answer.headers.get("location", "/sign-in").startswith("/sign-in")
                assert "orders" not in answer.text.lower()


def test_outsider_reaches_no_file_and_no_form_of_a_project(place: Place) -> None:
    pat, olu = place.browser(place.cast.pat), place.browser(place.cast.olu)
    assert _add_report(pat, "orders") == 303
    assert pat.get("/evidence/file/1").status_code == 200
    before = place.events()
    for (method, path), status in OF_A_PROJECT.items():
        files = {"file": ("report.pdf", PDF)} if method == "POST" else None
        token = _form_token(olu, "/sign-out")
        answer = olu.request(method, path, files=files, data={"form_token": token} if files else None)
        assert answer.status_code == status, (method, path, answer.text[-300:])
        assert "Report" not in answer.text
    for method, path in FOR_ADMINISTRATORS:
        assert olu.request(method, path, files={"file": ("a.csv", b"Name\nA\n")}).status_code == 403
    assert place.events() == before


def test_listed_addresses_of_projects_are_all_there_are(place: Place) -> None:
    """A route added later has to be listed above, or be known to need no project."""
    needs_none = {
        *OPEN_PATHS, "/invitation", "/reset", "/password", "/sign-in/provider/anew", "/project-document",
        "/readings-file", "/register-file", "/screen.js", "/upload.js", "/api", "/home", "/language",
    }  # fmt: skip
    listed = {path.split("?")[0] for _, path in OF_A_PROJECT}
    unknown = {
        path
        for path, _ in place.routes()
        if path not in listed and not any(path == one or path.startswith(f"{one}/") for one in needs_none)
    }
    assert unknown == set(), "say whether it is about a project"


def test_no_form_is_carried_out_for_another_site(place: Place) -> None:
    ada = place.browser(place.cast.ada)
    before = place.events()
    posts = [path for path, methods in place.routes() if "POST" in methods]
    assert len(posts) >= 10
    for path in posts:
        for headers in ELSEWHERE:
            answer = ada.post(path, headers=headers, files={"file": ("a.csv", b"Name\nA\n")})
            assert answer.status_code == 403, (path, headers)
    assert place.events() == before
    assert ada.get("/sign-out").status_code == 200


def test_no_form_is_carried_out_without_its_token(place: Place) -> None:
    """Where no token is asked for the body is a file, which no foreign form can fill, from our origin alone."""
    ada = place.browser(place.cast.ada)
    before = place.events()
    for path in (
        "/sign-in",
        "/sign-out",
        "/set-up",
        "/password",
        f"/reset/{'a' * 43}",
        f"/invitation/{'a' * 43}",
    ):
        for token in ({}, {"form_token": ""}, {"form_token": "0" * 64}):
            answer = ada.post(path, data={"email": "ada@example.org", "password": "x" * 12, **token})
            assert answer.status_code in (303, 410, 422), path
            assert answer.headers.get("location", "/sign-in") == "/sign-in"
    sent = ada.post("/evidence/add?project=orders", data={"form_token": "0"}, files={"file": ("a.pdf", PDF)})
    assert sent.status_code in (403, 404)
    assert place.events() == before


def test_every_answer_has_every_header(place: Place) -> None:
    for client in (place.browser(), place.browser(place.cast.ada)):
        for path, methods in place.routes():
            for method in methods & {"GET", "POST"}:
                _check_headers(client.request(method, path).headers, (method, path))
        _check_headers(client.get("/no/such/page").headers, "nowhere")
        _check_headers(client.get("/api/v1/projects").headers, "api")


def _check_headers(headers: object, where: object) -> None:
    found = dict(headers)  # type: ignore[call-overload]
    assert found["x-content-type-options"] == "nosniff", where
    assert found["referrer-policy"] == "same-origin", where
    assert found["cross-origin-opener-policy"] == "same-origin", where
    assert found["x-frame-options"] in ("DENY", "SAMEORIGIN"), where
    policy = dict(part.strip().partition(" ")[::2] for part in found["content-security-policy"].split(";"))
    assert policy["frame-ancestors"] in ("'none'", "'self'"), where
    assert "sandbox" in policy or policy["base-uri"] in ("'none'", "'self'"), where
    assert "unsafe" not in policy.get("script-src", policy.get("default-src", "")), where
    for source in " ".join(policy.values()).split():
        assert source.startswith(("'", "data:", "blob:")), (where, source)


def test_cookies_are_out_of_reach_and_only_for_https_where_there_is_https(place: Place) -> None:
    provider = IdentityProvider("http://127.0.0.1:9", "lifecycle")
    for address, is_secure in (("https://lifecycle.example.org", True), (HERE, False)):
        client = place.browser(public_url=address, provider=provider)
        token = _form_token(client, "/sign-in")
        answers = [client.get("/sign-in"), place.browser(public_url=address).get("/sign-in")]
        set_up = [text for answer in answers for text in answer.headers.get_list("set-cookie")]
        assert token
        assert set_up
        for text in set_up:
            assert "HttpOnly" in text
            assert "SameSite=lax" in text
            assert ("Secure" in text) is is_secure
        assert ("strict-transport-security" in answers[0].headers) is is_secure


@pytest.mark.parametrize(
    "path",
    ["/register-file", "/readings-file", "/worksheet-file?project=orders", "/project-document", "/sign-in"],
)
def test_body_that_says_it_is_huge_is_refused_unread(place: Place, path: str) -> None:
    answer = place.browser(place.cast.ada).post(
        path,
        content=b"x",
        headers={"Content-Length": str(10**10), "Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 413


def _form_token(client: object, path: str) -> str:
    text = client.get(path).text  # type: ignore[attr-defined]
    return str(text.partition('name="form_token" value="')[2].partition('"')[0])


def _add_report(client: object, key: str) -> int:
    address = f"/evidence/add?project={key}&gate=discovery"
    told = {"form_token": _form_token(client, address), "place": "gate:discovery", "title": "Report"}
    sent = client.post(address, data=told, files={"file": ("report.pdf", PDF)})  # type: ignore[attr-defined]
    return int(sent.status_code)
