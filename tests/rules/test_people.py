"""Names, addresses, passwords, and how long a failed sign-in waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.rules.people import (
    email_problem,
    name_problem,
    password_problem,
    signing_locked_for,
    tidy_email,
    tidy_name,
    wait_after,
)
from tests.clock import START


def test_tidy_forms_make_the_same_person_equal() -> None:
    assert tidy_email("  Ada@Example.ORG ") == "ada@example.org"
    assert tidy_name("  Ada \n  Love\u0301  ") == "Ada Lov\u00e9"


@pytest.mark.parametrize("name", ["", "A" * 121, "Ada\u200b", "\u202eadA", "Ada\x00"])
def test_names_that_mislead_are_refused(name: str) -> None:
    assert name_problem(name)


@pytest.mark.parametrize("name", ["Ada", "A" * 120, "张伟", "<script>", "O'Brien", "=1+1"])
def test_names_of_people_are_taken(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("email", ["ada@example.org", "a.b+c@sub.example.co", "ö@example.org"])
def test_addresses_are_taken(email: str) -> None:
    assert email_problem(email) is None


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a b@example.org",
        "a@b@example.org",
        "a" * 250 + "@e.org",
    ],
)
def test_things_that_are_not_addresses_are_refused(email: str) -> None:
    assert email_problem(email)


@pytest.mark.parametrize(
    ("password", "fine"),
    [
        ("a" * 11 + "b", False),
        ("abcdefghijk", False),
        ("abcdefghijkl", True),
        ("abcd" * 64, True),
        ("abcd" * 64 + "e", False),
        ("ada@example.org", False),
        ("Ada@Example.org", False),
        ("три тихие реки", True),
    ],
)
def test_password_length_and_obvious_ones(password: str, fine: bool) -> None:
    assert (password_problem(password, near=("Ada", "ada@example.org")) is None) is fine


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (3, 0), (4, 1), (5, 2), (6, 4), (10, 64), (13, 512), (14, 900), (500, 900)],
)
def test_wait_doubles_after_the_free_attempts_and_stops_at_a_quarter_of_an_hour(
    failures: int, seconds: int
) -> None:
    assert wait_after([START] * failures, free=4, at=START) == timedelta(seconds=seconds)


def test_wait_runs_from_the_newest_failure_and_old_ones_are_forgotten() -> None:
    five = [START - timedelta(hours=1)] * 4 + [START]

    assert wait_after(five, free=4, at=START + timedelta(seconds=1.5)) == timedelta(seconds=0.5)
    assert wait_after(five, free=4, at=START + timedelta(seconds=2)) == timedelta(0)
    assert wait_after([START] * 20, free=4, at=START + timedelta(hours=24)) == timedelta(0)


@pytest.mark.parametrize(
    ("minutes_ago", "locked"),
    [
        ([], 0),
        ([4, 3, 2, 1], 0),
        ([5, 4, 3, 2, 1], 14),
        ([600, 500, 400, 300, 2], 13),
        ([20, 19, 18, 17, 16], 0),
        ([20, 19, 18, 17, 16, 1], 14),
        ([1500, 1499, 1498, 2, 1], 0),
    ],
)
def test_signing_is_locked_for_a_quarter_of_an_hour_from_the_fifth_wrong_password(
    minutes_ago: list[int], locked: int
) -> None:
    failed = [START - timedelta(minutes=ago) for ago in minutes_ago]
    assert signing_locked_for(failed, at=START) == timedelta(minutes=locked)
