"""Which links may stand for a document, who relies on which document, and what its change does to a sign-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.evidence import EVIDENCE, link_problem
from lifecycle.rules.project_facts import EvidenceFact, ProjectFacts
from lifecycle.rules.signoffs import cover, digest_of, sign_off_status, stale_keys, staleness
from lifecycle.vocabulary import Gate, Role, SignOffStatus
from tests.rules.building import TODAY, guide, moment
from tests.rules.worksheets import full_worksheet, signed

PLACES = [(gate, spec.role) for gate in Gate for spec in guide().policy.gates[gate]]
FIELDS = list(guide().fields)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a?b=1#c",
        "http://intranet/documents/17",
        "https://wiki.example.org:8443/x",
        "https://8.8.8.8/report",
        "DOC-17, revision 4",
        "café.pdf",
    ],
)
def test_web_address_and_name_of_a_document_are_taken(text: str) -> None:
    assert link_problem(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("javascript:alert(1)", "not a “javascript:” link"),
        (" JavaScript:alert(1)", "not a “JavaScript:” link"),
        ("data:text/html,x", "not a “data:” link"),
        ("file:///etc/passwd", "not a “file:” link"),
        ("vbscript:x", "not a “vbscript:” link"),
        ("mailto:a@example.org", "not a “mailto:” link"),
        ("https://", "is not whole"),
        ("https://exa mple.org", "is not whole"),
        ("http://[broken", "is not whole"),
        ("http://example.org:99999/", "is not whole"),
        ("http://example.org\\@10.0.0.1/", "is not whole"),
        ("https://ann:secret@example.org/", "Take the name and password out"),
        *(
            (f"http://{host}/latest", "is an internal address")
            for host in (
                "localhost",
                "LOCALHOST.",
                "app.localhost",
                "127.0.0.1",
                "127.1",
                "2130706433",
                "0x7f000001",
                "0177.0.0.1",
                "10.1.2.3",
                "172.16.0.9",
                "192.168.1.1:8080",
                "169.254.169.254",
                "100.64.0.1",
                "0.0.0.0",
                "[::1]",
                "[fe80::1]",
                "[fd00::1]",
                "[::ffff:10.0.0.1]",
                "metadata.google.internal",
                "１２７.0.0.1",
            )
        ),
    ],
)
def test_any_other_link_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in (link_problem(text) or "taken")


# ---------------------------------------------------------------- who relies on it


def document(number: int = 1, **details: object) -> EvidenceFact:
    given = {"field_id": None, "gate": None, "expires_on": None, "id": number, "title": f"File {number}"}
    told = {"content": f"content {number}", "at": moment(TODAY), "revision_id": number}
    return EvidenceFact(**{**given, **told, **details})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "role", "item", "covers"),
    [
        (Gate.DISCOVERY, Role.PRIVACY, document(field_id="D25"), True),
        (Gate.DISCOVERY, Role.BUSINESS, document(field_id="D25"), False),
        (Gate.DISCOVERY, Role.BUSINESS, document(field_id="D25", gate=Gate.DISCOVERY), False),
        (Gate.DISCOVERY, Role.BUSINESS, document(gate=Gate.DISCOVERY), True),
        (Gate.FEASIBILITY, Role.BUSINESS, document(gate=Gate.DISCOVERY), False),
        (Gate.LAUNCH, Role.PRIVACY, document(field_id="P03"), True),  # the gate asks everybody for it
        (Gate.FEASIBILITY, Role.PRIVACY, document(source_id=1), True),
        (Gate.DISCOVERY, Role.BUSINESS, document(source_id=1), False),
    ],
)
def test_role_covers_what_belongs_to_its_questions_its_gate_or_the_sources(
    gate: Gate, role: Role, item: EvidenceFact, covers: bool
) -> None:
    facts = replace(full_worksheet(), evidence=(item,))
    assert ("evidence@1" in cover(facts, guide(), gate, role)) is covers


# ---------------------------------------------------------------- what a change does

ITEMS = st.lists(
    st.one_of(
        st.builds(lambda field: {"field_id": field}, st.sampled_from(FIELDS)),
        st.builds(lambda gate: {"gate": gate}, st.sampled_from(list(Gate))),
        st.just({"source_id": 1}),
    ),
    min_size=1,
    max_size=8,
)
FATES = {
    "replaced": lambda item: replace(item, content="other", revision=2),
    "removed": lambda item: None,
    "expired": lambda item: replace(item, expires_on=TODAY - timedelta(days=1)),
}


@given(place=st.sampled_from(PLACES), told=ITEMS, which=st.data(), fate=st.sampled_from(sorted(FATES)))
def test_changed_document_makes_stale_exactly_what_covered_it_until_it_is_as_it_was(
    place: tuple[Gate, Role], told: list[dict[str, object]], which: st.DataObject, fate: str
) -> None:
    items = tuple(document(number, **details) for number, details in enumerate(told, 1))
    before = replace(full_worksheet(), evidence=items)
    chosen = which.draw(st.sampled_from(items))
    made = signed(before, *place)

    after = FATES[fate](chosen)  # type: ignore[no-untyped-call]
    now = replace(before, evidence=tuple(item for item in _put(items, chosen, after) if item is not None))

    key = f"{EVIDENCE}@{chosen.id}"
    covered = key in made.covered
    assert stale_keys(now, guide(), made) == ((key,) if covered else ())
    same = digest_of(cover(now, guide(), *place)) == digest_of(cover(before, guide(), *place))
    assert same is not covered
    assert stale_keys(before, guide(), made) == ()


def _put(
    items: tuple[EvidenceFact, ...], old: EvidenceFact, new: EvidenceFact | None
) -> list[EvidenceFact | None]:
    return [new if item is old else item for item in items]


@pytest.mark.parametrize(
    ("now", "gone", "reason"),
    [
        ((document(content="x", revision=2),), (), "“File 1” was replaced (revision 2)."),
        ((), (document(removed_at=moment(TODAY)),), "“File 1” was removed."),
        ((document(), document(2, gate=Gate.DISCOVERY)), (), "“File 2” was added."),
        ((document(expires_on=TODAY - timedelta(days=3)),), (), "“File 1” expired on 2030-06-12."),
    ],
)
def test_reason_names_the_document_and_since_when(
    now: tuple[EvidenceFact, ...], gone: tuple[EvidenceFact, ...], reason: str
) -> None:
    at_gate = tuple(replace(item, gate=Gate.DISCOVERY) for item in now)
    before = replace(full_worksheet(), evidence=(document(gate=Gate.DISCOVERY),))
    made = signed(before, Gate.DISCOVERY, Role.BUSINESS)
    facts = replace(before, evidence=at_gate, removed_evidence=gone, sign_offs=(made,))

    assert staleness(facts, guide(), made) == (reason,)
    state = sign_off_status(facts, guide(), Gate.DISCOVERY, Role.BUSINESS)
    since = datetime(2030, 6, 13, tzinfo=UTC) if "expired" in reason else moment(TODAY)
    assert (state.status, state.since) == (SignOffStatus.STALE, since)


def test_sign_off_from_before_there_were_files_covers_none() -> None:
    facts = full_worksheet()
    made = signed(facts, Gate.DISCOVERY, Role.BUSINESS)
    older = replace(made, covered={key: held for key, held in made.covered.items() if key != EVIDENCE})
    now: ProjectFacts = replace(facts, evidence=(document(gate=Gate.DISCOVERY),))

    assert stale_keys(now, guide(), older) == ()
    assert stale_keys(now, guide(), made) == ("evidence@1",)
