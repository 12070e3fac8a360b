"""What holds for every request: problems instead of tracebacks, rates, sizes, pages, and ids to ask about."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.actions import projects
from lifecycle.settings import Settings
from lifecycle.vocabulary import Scope
from lifecycle.web.api.buckets import Buckets
from lifecycle.web.api.routes import projects as routes
from tests.api.conftest import KEY, Client, Programs, serve
from tests.clock import START


def test_unknown_address_and_method_say_what_there_is(pat: Client) -> None:
    nowhere = pat.get("/nothing")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/api/docs#not-there")
    broken_line = pat.get("/projects/%0A/sources")
    assert (broken_line.status_code, broken_line.json()["type"]) == (404, "/api/docs#not-there")
    other = pat("POST", f"/projects/{KEY}/answers/D12")
    assert (other.status_code, other.headers["allow"]) == (405, "DELETE, GET, PUT")
    assert "it takes DELETE, GET, PUT" in other.json()["detail"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{nope", 422),
        (b"", 422),
        (b"[" * 100_000, 400),
        (b'"\xff"', 400),
        (b'{"value": "x", "base": 0, "extra": 1}', 422),
        (b'{"value": "x", "base": 1e400}', 422),
        (b'{"value": NaN, "base": 0}', 422),
        (b'{"value": "\\ud800", "base": 0}', 422),
    ],
)
def test_body_that_cannot_be_read_is_a_problem(pat: Client, content: bytes, status: int) -> None:
    answer = pat(
        "PUT",
        f"/projects/{KEY}/answers/D12",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"]


def test_bug_is_a_problem_with_an_id_and_no_inside(
    pat: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(routes.portfolio, "after_key", broken)
    answer = pat.get("/projects", headers={"X-Request-Id": "my-own-id-1"})
    assert (answer.status_code, answer.json()["type"]) == (500, "/api/docs#broken")
    assert "secret of the inside" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "my-own-id-1"
    assert "my-own-id-1" in caplog.text


def test_id_of_a_request_is_kept_only_where_it_is_one(pat: Client) -> None:
    assert pat.get("/token", headers={"X-Request-Id": "x" * 65}).headers["x-request-id"] != "x" * 65


def test_rate_is_one_token_and_says_when_to_go_on(programs: Programs, tmp_path: Path) -> None:
    settings = Settings(str(programs.database._url), api_requests_per_minute=1)
    app, site = serve(programs.database, settings, tmp_path)
    hasty = Client(app, programs.token(programs.cast.pat))
    answers = [hasty.get("/token") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit-remaining"] == "9"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["type"] == "/api/docs#too-often"
    assert Client(app, programs.token(programs.cast.olu)).get("/token").status_code == 200
    site.door.close()
    site.database.dispose()


def test_bucket_fills_steadily_up_to_its_rim() -> None:
    now = [100.0]
    buckets = Buckets(per_minute=120, seconds=lambda: now[0])
    assert [buckets.take(1) for _ in range(20)] == [0.0] * 20
    assert buckets.take(1) == pytest.approx(0.5)
    assert buckets.take(2) == 0.0
    now[0] += 0.5
    assert buckets.take(1) == 0.0
    now[0] += 3_600
    assert [buckets.take(1) for _ in range(20)] == [0.0] * 20
    assert buckets.take(1) > 0


def test_body_past_the_limit_is_refused_before_it_is_read(programs: Programs, tmp_path: Path) -> None:
    settings = Settings(str(programs.database._url), largest_api_megabytes=1)
    app, site = serve(programs.database, settings, tmp_path)
    client = Client(app, programs.token(programs.cast.pat))
    path, large = f"/projects/{KEY}/answers/D01", b" " * 1_000_001

    async def in_pieces() -> object:
        for start in range(0, len(large), 100_000):
            yield large[start : start + 100_000]

    for content in (large, in_pieces()):
        answer = client("PUT", path, content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "/api/docs#too-large")
    site.door.close()
    site.database.dispose()


def test_pages_follow_each_other_without_gap_or_double(programs: Programs) -> None:
    with programs.database.write() as session:
        for number in range(7):
            projects.register(
                session, by=programs.cast.olu, at=START, guide=programs.cast.guide, name=f"Page {number}"
            )
    client = programs.acting_for(programs.cast.olu, [Scope.READ])
    for path, member in (("/projects?limit=3&text=page", "key"), ("/events?limit=3", "sentence")):
        found, following = [], path
        for _ in range(4):
            answer = client.get(following)
            assert answer.status_code == 200
            found += [item[member] for item in answer.json()["items"]]
            if answer.json()["next"] is None:
                assert "link" not in answer.headers
                break
            following = answer.links["next"]["url"]
            assert "limit=3" in following
        assert len(found) == len(set(found)) == 7, path
    for wrong in ("%%%", "bm8", "x" * 401, "4pyT"):
        assert client.get("/events", params={"cursor": wrong}).status_code == 422


def test_description_names_every_operation_and_loads_nothing(pat: Client) -> None:
    described = pat.get("/api/openapi.json").json()
    shown = pat.get("/api/docs")
    for verbs in described["paths"].values():
        for told in verbs.values():
            assert f'id="{told["operationId"]}"' in shown.text
            refusals = {code for code in told["responses"] if not code.startswith("2")}
            assert refusals >= {"401", "403", "404", "422", "429", "500"}
            for code in refusals:
                assert "application/problem+json" in told["responses"][code]["content"]
    assert "<script" not in shown.text
    assert "http://" not in shown.text.replace("http://www.w3.org", "")
    assert "https://" not in shown.text
