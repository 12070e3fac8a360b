"""The guide as it is in force: every question, check, sign-off and threshold, for reading."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from lifecycle.guide import CheckSpec, FieldSpec, Guide, PartSpec, SectionSpec, TierPoint, WorksheetSpec
from lifecycle.language import ENGLISH, counted, language, mark, say
from lifecycle.queries.guide_versions import projects_by_version
from lifecycle.ui import cache
from lifecycle.ui.components import empty_state, page_header, plain, semicolons
from lifecycle.ui.standing import SEVERITIES
from lifecycle.vocabulary import Gate, Role, Stage, plain_number

SOURCES = "data sources"  # among the stages; in the address too
_TYPES = {
    "text": mark("text"),
    "long_text": mark("text"),
    "number": mark("number"),
    "quantity": mark("number with unit"),
    "duration": mark("duration"),
    "money": mark("money"),
    "choice": mark("one choice"),
    "choices": mark("several choices"),
    "tags": mark("words"),
    "date": mark("date"),
    "yes_no": mark("yes or no"),
    "person": mark("person"),
    "link": mark("link or document"),
    "reference": mark("pointer to a row"),
    "references": mark("pointers to rows"),
}


def show() -> None:
    """The whole page."""
    guide = cache.guide()
    page_header(
        say("Guide"),
        about=say(
            "Version {version}: {questions} questions and {checks} checks, for every "
            "project that begins now. Administrators add to it under Settings.",
            version=guide.version,
            questions=len(guide.fields),
            checks=len(guide.checks),
        ),
    )
    _versions(guide)
    chapters = {
        say("Questions"): _questions,
        say("Checks"): _checks,
        say("Sign-offs"): _sign_offs,
        say("Risk tiers"): _tiers,
        say("Thresholds"): _thresholds,
    }
    tabs = st.tabs(list(chapters), key="chapter", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, chapters.values(), strict=True):
        if tab.open:
            with tab:
                draw(guide)


def _versions(guide: Guide) -> None:
    """Only where some project goes by another version."""
    found = cache.read(projects_by_version)
    others = {version: count for version, count in sorted(found.items()) if version != guide.version}
    if others:
        said = ", ".join(
            say("{projects} by version {version}", projects=counted(count, "project"), version=version)
            for version, count in others.items()
        )
        st.info(
            plain(
                say(
                    "Projects go by the version they began with: {said}. Each is moved on from its overview.",
                    said=said,
                )
            ),
            icon=":material/history_edu:",
        )


# ------------------------------------------------------------------ questions


def _questions(guide: Guide) -> None:
    sheets = {sheet.stage.value if sheet.stage else SOURCES: sheet for sheet in guide.worksheets}
    sheets[SOURCES] = guide.source_worksheet
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            say("Find"), key="guide:find", placeholder=say("latency, D14, vendor …"), width=280
        )
        chosen = st.selectbox(
            say("Stage"),
            tuple(sheets),
            format_func=_sheet_title,
            key="sheet",
            bind="query-params",
            width=280,
            disabled=bool(words),
        )
    shown = sheets.values() if words else [sheets[chosen or Stage.DISCOVERY.value]]
    found = [(sheet, _matching(sheet, words)) for sheet in shown]
    if words and not any(fields for _, fields in found):
        empty_state(
            say("Nothing found"), say("No question speaks of “{words}”.", words=words), icon="search_off"
        )
    for sheet, fields in found:
        if fields:
            _sheet(sheet, fields)


def _sheet_title(name: str) -> str:
    return say("Data sources") if name == SOURCES else Stage(name).title


def _matching(sheet: WorksheetSpec, words: str) -> tuple[FieldSpec, ...]:
    sought = words.casefold().split()
    return tuple(field for field in sheet.fields if _speaks_of(field, sought))


def _speaks_of(field: FieldSpec, sought: list[str]) -> bool:
    text = " ".join((field.id, field.title, field.question, field.help, field.example)).casefold()
    return all(word in text for word in sought)


def _sheet(sheet: WorksheetSpec, fields: tuple[FieldSpec, ...]) -> None:
    title = sheet.stage.title if sheet.stage else say("Data sources")
    st.header(title, anchor=False)
    st.markdown(plain(sheet.purpose), anchors=False)
    st.caption(plain(sheet.exit_question))
    for section in sheet.sections:
        own = [field for field in fields if field.section == section.id]
        if own:
            _section(section, own)


def _section(section: SectionSpec, fields: list[FieldSpec]) -> None:
    st.subheader(plain(section.title), anchor=False)
    if section.intro:
        st.caption(plain(section.intro))
    with st.container(border=True, gap="small"):
        for field in fields:
            st.markdown(_question(field), anchors=False)


def _question(field: FieldSpec) -> str:
    """One question as a paragraph: what is asked, how it is answered, help and example beneath."""
    marks = []
    if field.production:
        marks.append(say(":violet-badge[:material/rocket_launch: Production question]"))
    if field.light:
        marks.append(say(":gray-badge[Light track]"))
    lines = [
        f"**{field.id} · {plain(field.title)}** {' '.join(marks)}",
        plain(field.question),
        say(
            ":small[:gray[{shape} · due at {gate}]]", shape=plain(_shape(field)), gate=plain(field.gate.title)
        ),
    ]
    if field.help:
        lines.append(f":small[{plain(field.help)}]")
    if field.example:
        lines.append(say(":small[:gray[Example: {example}]]", example=plain(field.example)))
    return "  \n".join(lines)


def _shape(field: FieldSpec) -> str:
    if field.kind == "single":
        return _part(field.columns[0]).capitalize()
    named = ", ".join(f"{part.label or part.id} ({_part(part)})" for part in field.columns)
    return say("Rows of {named}", named=named) if field.kind == "rows" else say("Parts: {named}", named=named)


def _part(part: PartSpec) -> str:
    words = say(_TYPES[part.type])
    if part.choices:
        return say("{words} of {choices}", words=words, choices=", ".join(part.choices.values()))
    return say("{words} in {unit}", words=words, unit=part.unit) if part.unit else words


# ------------------------------------------------------------------ checks


def _checks(guide: Guide) -> None:
    words = st.text_input(
        say("Find"), key="guide:find_check", placeholder=say("C12, vendor, latency …"), width=280
    )
    sought = (words or "").casefold().split()
    found = [check for check in guide.checks if _check_speaks_of(check, sought)]
    if not found:
        empty_state(
            say("Nothing found"), say("No check speaks of “{words}”.", words=words), icon="search_off"
        )
        return
    st.caption(
        say(
            "{checks}. A check is advice before the gate named and holds from it on; a failed "
            "block can be waived by the role named, for a time.",
            checks=counted(len(found), "check"),
        )
    )
    st.table(
        [_check_row(check) for check in found],
        border="horizontal",
        hide_index=True,
        alt=say("Checks with what they say, the gate from which they hold, and who may waive them"),
    )


def _check_speaks_of(check: CheckSpec, sought: list[str]) -> bool:
    said = " ".join(branch.message for branch in check.branches)
    text = " ".join((check.id, check.title, check.why, said, *check.reads)).casefold()
    return all(word in text for word in sought)


def _check_row(check: CheckSpec) -> dict[str, str]:
    return {
        say("Check"): f"**{check.id}**",
        say("What it looks for"): plain(check.title)
        + (f"  \n:small[:gray[{plain(check.why)}]]" if check.why else ""),
        say("Reads"): ", ".join(check.reads) or "—",
        say("Holds from"): "  \n".join(dict.fromkeys(_enforcement(check))),
        say("Waived by"): check.waived_by.title,
    }


def _enforcement(check: CheckSpec) -> Iterable[str]:
    pairs = (pair for branch in check.branches for pair in branch.enforced.items())
    for gate, severity in sorted(pairs, key=lambda pair: (pair[0].order, -pair[1].weight)):
        yield f"{SEVERITIES[severity].text} {gate.title}"


# ------------------------------------------------------------------ sign-offs


def _sign_offs(guide: Guide) -> None:
    gate_name = st.selectbox(
        say("Gate"),
        [gate.value for gate in Gate],
        format_func=lambda name: Gate(name).title,
        key="guide:gate",
        width=280,
    )
    gate = Gate(gate_name or Gate.DISCOVERY.value)
    light = ", ".join(role.title for role in guide.policy.light_roles)
    st.caption(say("On tier 1, the light track, only these are asked: {roles}.", roles=light))
    st.table(
        [
            {
                say("Role"): f"**{spec.role.title}**",
                say("Is asked to"): spec.act.word
                + (say(", when stale") if spec.only_when_stale else "")
                + (say(", from tier {tier} on", tier=spec.from_tier) if spec.from_tier else ""),
                say("What the signature means"): plain(spec.meaning),
                say("Relies on"): ", ".join(guide.relied_on(gate, spec.role)) or "—",
            }
            for spec in guide.reviews(gate)
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Sign-offs of the {gate} gate", gate=gate.title),
    )
    evidence = guide.policy.required_evidence.get(gate, ())
    if evidence:
        named = semicolons(f"{guide.field(field_id).title} ({field_id})" for field_id in evidence)
        st.markdown(say("**Documents due at this gate:** {named}", named=plain(named)), anchors=False)
    cosmetic = guide.policy.cosmetic
    if cosmetic:
        st.caption(
            say("Changing these never makes a sign-off stale: {questions}.", questions=", ".join(cosmetic))
        )


# ------------------------------------------------------------------ tiers and thresholds


def _tiers(guide: Guide) -> None:
    policy = guide.tiers
    st.markdown(
        say(
            "The points of the answers propose a tier from 1 to 4: quarters of the most that can "
            "be scored. Mitigation of {share:.0%} or more takes {relief:.0%} off.",
            share=policy.relief_from,
            relief=policy.relief,
        ),
        anchors=False,
    )
    for title, points, alt in (
        (say("Impact"), policy.impact, say("Impact points")),
        (say("Mitigation"), policy.mitigation, say("Mitigation points")),
    ):
        st.header(title, anchor=False)
        st.table(
            [
                {
                    say("Because"): plain(point.because),
                    say("Question"): point.field,
                    say("Answer"): plain(_answers(point, guide)),
                    say("Points"): str(point.points),
                }
                for point in points
            ],
            border="horizontal",
            hide_index=True,
            alt=alt,
        )
    months = ", ".join(
        say("tier {tier}: {months}", tier=tier, months=count)
        for tier, count in sorted(guide.policy.review_months.items())
    )
    st.caption(say("Months between Operate reviews: {months}.", months=months))


def _answers(point: TierPoint, guide: Guide) -> str:
    """The answers that score: English has always shown their codes, read as words."""
    if language() == ENGLISH:
        return ", ".join(point.when).replace("_", " ")
    titles = {"true": say("yes"), "false": say("no")}
    for part in guide.field(point.field).columns:
        titles.update(part.choices)
    return ", ".join(titles.get(code, code) for code in point.when)


def _thresholds(guide: Guide) -> None:
    st.caption(say("What the checks compare with. Names are those of data/guide/thresholds.yaml."))
    st.table(
        [
            {
                say("Threshold"): plain(name.replace("_", " ")),
                say("Is"): plain(", ".join(value)) if isinstance(value, tuple) else plain_number(value),
            }
            for name, value in guide.thresholds.items()
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Thresholds of the checks"),
    )
    st.header(say("Lead times"), anchor=False)
    st.caption(say("Days to allow for each review until this installation has observed its own."))
    st.table(
        [
            {say("Role"): Role(role).title, say("Days"): str(days)}
            for role, days in guide.policy.lead_days.items()
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Default lead times"),
    )
