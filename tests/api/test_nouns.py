"""What each noun does for a program that may: the same as the screens, and refusals that show both versions."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from sqlmodel import select

from lifecycle.queries.pipeline import pipeline_gate
from lifecycle.store.tables import Answer, Event
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import Gate, Role
from tests import factories as make
from tests.api.conftest import KEY, Client, Programs
from tests.clock import START


@pytest.fixture
def fresh(pat: Client) -> str:
    """The path of a project that nothing was done to."""
    made = pat("POST", "/projects", json={"name": "Fresh", "organisation": "Sales"})
    assert made.status_code == 201, made.text
    return str(made.headers["location"]).removeprefix("/api/v1")


def put(client: Client, path: str, **body: Any) -> Any:
    return client("PUT", path, json=body)


# ---------------------------------------------------------------- projects


def test_project_is_registered_found_and_edited_from_what_was_seen(pat: Client, fresh: str) -> None:
    found = pat.get(fresh).json()
    assert (found["name"], found["stage"], found["roles"]) == ("Fresh", "discovery", ["product_manager"])

    edited = put(pat, fresh, name="Fresh fish", purpose="Sell", organisation="Sales", base=found["revision"])
    stale = put(pat, fresh, name="Fresh meat", purpose="", organisation="", base=found["revision"])

    assert (edited.status_code, edited.json()["revision"]) == (200, 2)
    assert (stale.status_code, stale.json()["type"]) == (409, "/api/docs#conflict")
    assert stale.json()["theirs"]["name"] == "Fresh fish"
    assert stale.json()["yours"]["name"] == "Fresh meat"
    assert [each["name"] for each in pat.get("/projects?text=fish").json()["items"]] == ["Fresh fish"]
    nameless = pat("POST", "/projects", json={"name": " "})
    assert nameless.json()["errors"] == [{"where": "name", "text": "Give the project a name."}]


# ---------------------------------------------------------------- worksheets


def test_answer_is_saved_from_what_was_seen_and_refused_from_anything_older(pat: Client, fresh: str) -> None:
    """P7, by `base` and by If-Match; what was refused is nowhere in the database."""
    path = f"{fresh}/answers/D12"
    read = pat.get(path)
    assert (read.json()["revision"], read.headers["etag"]) == (0, '"0"')
    first = put(pat, path, value="informs", base=0)
    assert (first.status_code, first.json(), first.headers["etag"]) == (
        200,
        {"field": "D12", "source": None, "revision": 1, "changed": True},
        '"1"',
    )
    assert put(pat, path, value="informs", base=0).json()["changed"] is False

    blind = put(pat, path, value="recommends")
    late = put(pat, path, value="recommends", base=0)
    tagged = pat("PUT", path, json={"value": "recommends"}, headers={"If-Match": '"0"'})
    only_new = pat("PUT", path, json={"value": "recommends"}, headers={"If-None-Match": "*"})
    assert [answer.status_code for answer in (blind, late, tagged, only_new)] == [428, 409, 412, 412]
    for answer in (late, tagged, only_new):
        told = answer.json()
        assert (told["found"], told["theirs"]["value"], told["yours"]["value"]) == (
            1,
            "informs",
            "recommends",
        )

    good = pat("PUT", path, json={"value": "recommends"}, headers={"If-Match": '"1"'})
    assert good.json()["revision"] == 2
    cleared = pat("DELETE", path, params={"base": 2})
    assert (cleared.json()["revision"], pat.get(path).json()["state"]) == (3, None)
    versions = pat.get(f"{path}/versions").json()["versions"]
    assert [each["value"] for each in versions] == [None, "recommends", "informs"]


def test_answer_says_what_is_wrong_with_it_and_where(pat: Client, fresh: str) -> None:
    wrong = put(pat, f"{fresh}/answers/D14", value={"horizon": "soon"}, base=0)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["where"]
    unowned = put(pat, f"{fresh}/answers/D12", state="dont_know", base=0)
    assert {each["where"] for each in unowned.json()["errors"]} == {"owner", "due date"}
    assert put(pat, f"{fresh}/answers/D999", value="x", base=0).status_code == 404
    assert pat.get(f"{fresh}/answers/X03").status_code == 404, "that one belongs to data sources"


def test_many_answers_are_saved_all_or_none(pat: Client, fresh: str, programs: Programs) -> None:
    def many(*answers: dict[str, Any]) -> Any:
        return pat("PATCH", f"{fresh}/answers", json={"answers": list(answers)})

    good = {"field": "D12", "value": "informs", "base": 0}
    other = {"field": "D01", "value": "Planners phone round", "base": 0}
    wrong = many(good, {"field": "D14", "value": {"horizon": "soon"}, "base": 0}, other)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["where"].startswith("D14")
    assert many(good, {"field": "D01", "value": "x"}).status_code == 428
    assert many(good, {**other, "base": 7}).status_code == 409
    assert pat.get(f"{fresh}/answers/D12").json()["revision"] == 0

    assert [each["revision"] for each in many(good, other).json()["answers"]] == [1, 1]
    sheet = pat.get(f"{fresh}/worksheets/discovery").json()
    answered = {each["id"] for each in sheet["questions"] if each["answer"]["state"]}
    assert answered == {"D12", "D01"}
    with programs.database.read() as session:
        assert set(session.exec(select(Answer.method).where(Answer.field_id == "D01"))) == {"api"}
        assert not verify_session(session).row_faults


def test_every_stored_answer_can_be_sent_back_as_it_was_read(pat: Client, fresh: str) -> None:
    """Numbers come as text, amounts with their unit: what is read is what is taken."""
    put(pat, f"{fresh}/answers/D14", value={"horizon": "3 months", "kind": "at"}, base=0)
    read = pat.get(f"{fresh}/answers/D14").json()
    again = put(pat, f"{fresh}/answers/D14", value=read["value"], base=read["revision"])
    assert again.json() == {"field": "D14", "source": None, "revision": 1, "changed": False}


# ---------------------------------------------------------------- data sources


def test_data_source_has_a_record_of_its_own(pat: Client, fresh: str) -> None:
    made = pat("POST", f"{fresh}/sources", json={"name": "Vendor feed"})
    path = made.headers["location"].removeprefix("/api/v1")
    assert (made.status_code, path) == (201, f"{fresh}/sources/{made.json()['id']}")
    assert put(pat, f"{path}/answers/X03", value="vendor", base=0).json()["source"] == made.json()["id"]
    assert put(pat, f"{path}/answers/D12", value="informs", base=0).status_code == 422
    answered = [each["id"] for each in pat.get(path).json()["questions"] if each["answer"]["state"]]
    assert answered == ["X03"]

    renamed = put(pat, path, name="The feed", base=1)
    stale = put(pat, path, name="A feed", base=1)
    assert (renamed.json()["name"], stale.status_code, stale.json()["theirs"]) == (
        "The feed",
        409,
        "The feed",
    )
    assert pat("DELETE", path).status_code == 204
    assert pat.get(path).status_code == 404
    assert pat.get(f"{fresh}/sources").json()["items"] == []
    elsewhere = pat.get(f"/projects/{KEY}/sources/{made.json()['id']}")
    assert elsewhere.status_code == 404, "a source of another project"


# ---------------------------------------------------------------- gates and checks


@pytest.mark.parametrize("gate", Gate)
def test_gate_says_what_the_command_line_says(programs: Programs, pat: Client, gate: Gate) -> None:
    asked = {"model_version": "1.2"}
    shown = pat.get(f"/projects/{KEY}/gates/{gate}", params=asked).json()
    with programs.database.read() as session:
        expected = pipeline_gate(
            session,
            by=programs.cast.pat,
            at=START,
            guide=programs.cast.guide,
            project_key=KEY,
            gate=gate,
            model_version="1.2",
            base_url=programs.site.settings.base_url,
        )
    assert shown == {**expected.as_json(), "policy": "warn"}
    assert shown["blockers"][0]["code"] == "model_version"
    lines = {each["gate"]: each for each in pat.get(f"/projects/{KEY}/gates").json()["items"]}
    assert lines[gate]["blockers"] == len(shown["blockers"]) - 1


def test_closed_gate_fails_a_pipeline_only_when_the_policy_is_block(pat: Client) -> None:
    path = f"/projects/{KEY}/gates/launch"
    told = pat.get(path, params={"policy": "block"})
    assert (told.status_code, told.headers["content-type"]) == (409, "application/problem+json")
    assert told.json()["type"] == "/api/docs#gate-closed"
    for policy in ("warn", "ignore"):
        shown = pat.get(path, params={"policy": policy})
        assert (shown.status_code, shown.json()["ready"]) == (200, False)
        members = shown.json().keys()
        assert {name: told.json()[name] for name in members} == {**shown.json(), "policy": "block"}


def test_open_gate_lets_the_signed_version_pass_and_no_other(programs: Programs) -> None:
    """With the guide as it is, a project that fills all of a gate is ready there; the version is that of P01."""
    with programs.database.write() as session:
        number = make.project(session, programs.cast, "Ready")
        make.answer(session, programs.cast, number, "P01", {"version": "2.1"})
    client = programs.acting_for(programs.cast.pat)
    for version, is_signed in (("2.1", True), ("2.2", False)):
        shown = client.get("/projects/ready/gates/launch", params={"model_version": version}).json()
        assert shown["model_version"] == {"asked": version, "signed": "2.1"}
        assert ("model_version" not in {each["code"] for each in shown["blockers"]}) is is_signed


def test_checks_are_told_as_on_the_screen(pat: Client, fresh: str) -> None:
    put(pat, f"{fresh}/answers/D14", value={"horizon": "3 months", "kind": "at"}, base=0)
    put(pat, f"{fresh}/answers/D15", value="6 months", base=0)
    failing = [each for each in pat.get(f"{fresh}/checks").json()["items"] if each["result"] == "fails"]
    sentences = " ".join(sentence for each in failing for sentence in each["sentences"])
    assert "3 months ahead" in sentences
    assert pat.get(f"{fresh}/checks?gate=launch").json()["gate"] == "launch"


# ---------------------------------------------------------------- what happened


def test_reviews_are_read_and_never_decided(programs: Programs, pat: Client) -> None:
    with programs.database.write() as session:
        number = make.project(session, programs.cast, "Reviewed")
        review = make.ask(session, programs.cast, number, Gate.DISCOVERY, Role.PRIVACY)
        make.sign(session, programs.cast, number, Gate.DISCOVERY, Role.TECHNOLOGY)
    listed = pat.get("/projects/reviewed/reviews").json()["items"]
    assert {(each["role"], each["state"]) for each in listed} == {
        ("privacy", "open"),
        ("technology", "decided"),
    }
    shown = pat.get(f"/reviews/{review}").json()
    assert (shown["project"], shown["person"], shown["signatures"]) == ("reviewed", "Priya", [])
    assert "D25" in shown["relied_on"]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert pat(method, f"/reviews/{review}").status_code == 405


def test_log_names_the_token_and_the_audit_heads_are_for_administrators(
    programs: Programs, pat: Client, fresh: str
) -> None:
    put(pat, f"{fresh}/answers/D12", value="informs", base=0)
    newest = pat.get(f"{fresh}/events?limit=1").json()["items"][0]
    assert (newest["who"], newest["field"], newest["action"]) == (
        "Pat (token “Test”)",
        "D12",
        "answer.saved",
    )
    heads = programs.acting_for(programs.cast.ada).get("/audit/heads").json()["heads"]
    assert heads[0]["chain"] == "organisation"
    with programs.database.read() as session:
        newest_row = session.exec(select(Event).order_by(Event.id.desc())).first()  # type: ignore[union-attr]
    assert newest_row is not None
    assert newest_row.hash in {each["hash"] for each in heads}


def test_portfolio_is_for_leadership_today_and_on_a_past_day(programs: Programs) -> None:
    client = programs.acting_for(programs.cast.ada)
    now = client.get("/portfolio").json()
    assert now["total"] == sum(now["by_stage"].values()) + now["unmapped"] > 0
    then = client.get("/portfolio", params={"as_of": "2026-03-01"}).json()
    assert (then["as_of"], then["total"], then["by_status"]) == ("2026-03-01", 0, None)
    assert client.get("/portfolio", params={"as_of": "2199-01-01"}).status_code == 422
    assert client.get("/portfolio", params={"as_of": "0001-01-01"}).status_code == 422


def test_bundle_is_the_one_that_proves_itself(pat: Client) -> None:
    made = pat.get(f"/projects/{KEY}/exports/bundle")
    assert made.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(made.content)) as opened:
        assert {"verify.py", "dossier.html", "manifest.json"} <= set(opened.namelist())
        assert made.headers["x-log-head"].encode() in opened.read("manifest.json")
        assert not [name for name in opened.namelist() if "token" in name]
