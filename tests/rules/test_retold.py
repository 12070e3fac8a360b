"""What the product writes down is English, and is read in the language of whoever looks."""

from dataclasses import replace

import pytest

from lifecycle import language
from lifecycle.language import ENGLISH, Catalogue, catalogue, mark, speaking
from lifecycle.rules.monitors import MonitorSpec, breach_sentence, breach_title, silence_sentence
from lifecycle.rules.retold import _SENTENCES, _VALUES, RELEASE, REPLACED, _retold, kept, retold
from lifecycle.rules.triggers import Direction, LimitKind

_FRENCH = Catalogue(
    "fr",
    texts={
        "release {number} (version {version})": "mise en production {number} (version {version})",
        "“{document}” was replaced (revision {number}).": "« {document} » a été remplacé ({number}).",
        "Privacy": "Protection de la vie privée",
    },
)


@pytest.fixture(autouse=True)
def _french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "catalogue", lambda code: _FRENCH if code == "fr" else catalogue(code))


def test_it_is_kept_in_english_whoever_writes() -> None:
    with speaking("fr"):
        assert kept(RELEASE, number=3, version="1.2") == "release 3 (version 1.2)"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("release 3 (version 1.2 (b))", "mise en production 3 (version 1.2 (b))"),
        ("“Plan {a}” was replaced (revision 2).", "« Plan {a} » a été remplacé (2)."),
        ("Privacy", "Privacy"),  # somebody's own words
        ("Two lines\nof somebody", "Two lines\nof somebody"),
        ("", ""),
    ],
)
def test_it_is_read_in_the_language_spoken(stored: str, read: str) -> None:
    with speaking("fr"):
        assert retold(stored) == read
    with speaking(ENGLISH):
        assert retold(stored) == stored


def test_a_marked_text_is_kept_as_it_is_written() -> None:
    with speaking("fr"):
        assert kept(mark("Privacy")) == "Privacy"
        assert kept(REPLACED, document="A", number=1) == "“A” was replaced (revision 1)."


_SPECS = [
    replace(spec, consecutive=consecutive, lasting_seconds=lasting)
    for spec in (
        MonitorSpec(name="AUC", direction=Direction.BELOW, limit_kind=LimitKind.FIXED, threshold=0.8),
        MonitorSpec(name="AUC", direction=Direction.ABOVE, limit_kind=LimitKind.ROW),
        MonitorSpec(
            name="AUC",
            direction=Direction.BELOW,
            limit_kind=LimitKind.CHANGE_SHARE,
            threshold=0.05,
            baseline=0.9,
        ),
        MonitorSpec(name="AUC", direction=Direction.ABOVE, limit_kind=LimitKind.CHANGE, threshold=1200),
    )
    for consecutive, lasting in ((1, None), (3, None), (1, 86_400 * 2))
]


@pytest.mark.parametrize("spec", _SPECS)
def test_what_monitors_write_is_found_again(spec: MonitorSpec) -> None:
    readings = [(f"k{number}", 0.5) for number in range(12)]
    for stored in (
        breach_title(spec),
        breach_sentence(spec, readings[:1]),
        breach_sentence(spec, readings),
        silence_sentence(replace(spec, expected_seconds=3_600), "2026-01-01 00:00 UTC"),
    ):
        with speaking("fr"):
            assert (
                retold(stored) == stored
            )  # the test's French has none of it: the same words, found and said
            assert _retold(stored, _SENTENCES, _VALUES) is not None
