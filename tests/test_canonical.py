from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.canonical import canonical_json, digest, moment_text
from lifecycle.vocabulary import Role

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_json_read_back_and_written_again_is_the_same_text(value: object) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_digest_does_not_depend_on_the_order_of_keys(value: dict[str, int]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_canonical_json_of_every_kind_we_store() -> None:
    value = {
        "when": datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=1))),
        "day": date(2026, 3, 2),
        "amount": Decimal("12.50"),
        "role": Role.PRIVACY,
        "tags": frozenset({"b", "a"}),
        "pair": (1, None),
        "name": "Zoë “x”\n",
    }
    assert canonical_json(value) == (
        '{"amount":"12.50","day":"2026-03-02","name":"Zoë “x”\\n","pair":[1,null],"role":"privacy",'
        '"tags":["a","b"],"when":"2026-03-02T09:00:00.000000Z"}'
    )


def test_digest_is_sha256_of_the_text_in_utf8() -> None:
    assert digest("é") == "f2886017e9c7abacf804b54d64787dce2b611c9544ba21f3affdd126a6e50086"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        [Decimal("Infinity")],
        datetime(2026, 3, 2),  # noqa: DTZ001
        {9: "nine"},
        {"a": object()},
        b"bytes",
    ],
)
def test_canonical_json_refuses_what_could_be_read_two_ways(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical_json(value)


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_moment_texts_sort_as_time_and_read_back(one: datetime, other: datetime) -> None:
    try:
        one, other = one.astimezone(UTC), other.astimezone(UTC)
    except OverflowError:
        return
    assert (moment_text(one) < moment_text(other)) == (one < other)
    assert datetime.fromisoformat(moment_text(one)) == one
