"""What an engineer does around a product: note a change, read its review and what was decided, bring a project in."""

from __future__ import annotations

import pytest

from lifecycle.vocabulary import Scope
from tests.api.conftest import KEY, Client, Programs

CHANGE = {"change": "The vendor moves to a new model", "kind": "vendor", "changed_on": "2026-01-05"}
CHANGES = f"/projects/{KEY}/changes"


def test_a_change_is_noted_assessed_once_and_is_the_answer_to_its_question(pat: Client) -> None:
    made = pat("POST", CHANGES, json=CHANGE)
    assert made.status_code == 201, made.text
    noted = made.json()
    assert (noted["change"], noted["is_assessed"], noted["is_late"]) == (CHANGE["change"], False, True)
    answer = pat.get(f"/projects/{KEY}/answers/P10").json()["value"]
    assert [row["change"] for row in answer] == [CHANGE["change"]]

    assessment = f"{CHANGES}/{noted['id']}/assessment"
    assert pat("POST", assessment, json={}).json()["is_assessed"]
    again = pat("POST", assessment, json={})
    assert (again.status_code, again.json()["blockers"][0]["code"]) == (409, "assessed")
    assert pat("POST", f"{CHANGES}/r99/assessment", json={}).status_code == 404
    listed = pat.get(CHANGES).json()
    assert [each["id"] for each in listed["items"]] == [noted["id"]]
    assert CHANGE["kind"] in listed["kinds"]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"kind": "weather"}, "kind"), ({"changed_on": "2999-01-01"}, "date"), ({"change": " "}, "change")],
)
def test_what_is_wrong_with_a_change_is_named(pat: Client, wrong: dict[str, str], place: str) -> None:
    refused = pat("POST", CHANGES, json={**CHANGE, **wrong})
    assert refused.status_code == 422
    assert place in refused.text


def test_the_review_and_what_was_decided_are_there_to_read_and_no_token_decides(pat: Client) -> None:
    found = pat.get(f"/projects/{KEY}/operation").json()
    assert found["review"] is None, "it is not live"
    assert {each["verdict"] for each in found["verdicts"]} == {"re_approve", "restrict", "recycle", "retire"}
    assert all(each["blockers"] for each in found["verdicts"])
    assert pat.get(f"/projects/{KEY}/gates/discovery/decisions").json()["items"] == []
    assert pat("POST", f"/projects/{KEY}/gates/discovery/decisions", json={}).status_code == 405


def test_a_whole_project_goes_out_and_comes_in_as_another(pat: Client, programs: Programs) -> None:
    document = pat.get(f"/projects/{KEY}/exports/document").json()
    checked = pat("POST", "/project-documents/check", json=document)
    assert checked.status_code == 200, checked.text
    assert checked.json()["name"] == document["project"]["name"]
    made = pat("POST", "/project-documents", json=document)
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    assert made.headers["location"] == f"/api/v1/projects/{key}" != f"/api/v1/projects/{KEY}"
    exported = programs.acting_for(programs.cast.pat).get(f"/projects/{key}/exports/document")
    assert exported.status_code == 200, exported.text
    again = exported.json()
    assert len(again["answers"]) == len(document["answers"])

    refused = pat("POST", "/project-documents", json={"format": "something else"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    reader = programs.acting_for(programs.cast.pat, [Scope.READ])
    assert reader("POST", "/project-documents", json=document).status_code == 403
    of_one = programs.acting_for(programs.cast.pat, only_project_id=programs.project_id)
    assert "one project only" in of_one("POST", "/project-documents", json=document).json()["detail"]
    assert reader("POST", CHANGES, json=CHANGE).status_code == 403
