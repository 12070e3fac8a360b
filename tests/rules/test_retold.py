"""What the product writes down is English, and is read in the language of whoever looks."""

import pytest

from lifecycle import language
from lifecycle.language import ENGLISH, Catalogue, catalogue, mark, speaking
from lifecycle.rules.retold import RELEASE, REPLACED, kept, retold

_FRENCH = Catalogue(
    "fr",
    texts={
        "release {number} (version {version})": "mise en production {number} (version {version})",
        "“{document}” was replaced (revision {number}).": "« {document} » a été remplacé ({number}).",
        "Review by {role}": "Revue par {role}",
        "Privacy": "Protection de la vie privée",
        "Condition: {item}": "Condition : {item}",
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
        ("Review by Privacy", "Revue par Protection de la vie privée"),
        ("Condition: Privacy", "Condition : Privacy"),  # somebody's own words
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
