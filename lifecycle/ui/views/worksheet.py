"""The worksheet of one stage: its sections and questions, saved as they are typed, and the live checks beside them.

Every button here acts in `on_click`: pressed in the same moment in which a field is left, a button that is read in
the script is forgotten when the field's own callback asks for fragments, its callback never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from lifecycle.guide import FieldSpec, Guide, SectionSpec, WorksheetSpec
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerSheet
from lifecycle.rules.answers import is_complete
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.permissions import refusal
from lifecycle.ui import cache, components, identity, navigation, standing, state
from lifecycle.ui.components import plain
from lifecycle.ui.fields import Slot
from lifecycle.ui.perform import draw_again
from lifecycle.ui.project import chains_of
from lifecycle.ui.standing import Mark
from lifecycle.ui.views.question import draw_question
from lifecycle.ui.views.sheet import (
    Sheet,
    begin_drawing,
    checks_of,
    gate_of_sheet,
    is_begun,
    sheet_of,
    somebody_saved,
    watch,
    watcher,
)
from lifecycle.vocabulary import AnswerState, CheckResult, Gate, Severity, Stage

ALL = "all"
PROGRESS, CHECKS = "worksheet:progress", "worksheet:checks"
HEARTBEAT_SECONDS = 15
MOST_JUMPS = 2
_NOW = {
    Severity.BLOCK: mark("Blocks now"),
    Severity.WARNING: mark("Warns now"),
    Severity.NOTE: mark("Notes now"),
}
_LATER = {
    Severity.BLOCK: mark("Blocks from the {gate} gate"),
    Severity.WARNING: mark("Warns from the {gate} gate"),
    Severity.NOTE: mark("Notes from the {gate} gate"),
}


def show(project: ProjectHead) -> None:
    """The worksheet named in the address: ?stage=…&section=… or ?field=…; else that of the project's stage."""
    guide = cache.guide()
    asked_for = _asked_for(guide)
    stage = guide.field(asked_for).stage if asked_for else None
    sheet_spec = guide.worksheet(stage or _stage(project))
    forbidden = refusal("answers.save", identity.actor(), project.roles)
    may_edit = project.is_open and forbidden is None
    begin_drawing(may_edit=may_edit, watchers=(PROGRESS, CHECKS))
    sheet = sheet_of(project, may_edit=may_edit, asked_for=asked_for)
    section = _section(sheet_spec, guide, asked_for)

    title = say("{stage} worksheet", stage=sheet_spec.stage.title if sheet_spec.stage else "")
    components.page_header(title, about=f"{project.name}. {sheet_spec.purpose}")
    _stages(project, sheet_spec)
    st.fragment(_progress, key=PROGRESS)(project, sheet_spec, section)
    if not sheet.may_edit:
        _why_closed(project, forbidden)
    questions, beside = st.columns([9, 5], gap="medium")
    with questions:
        _questions(project, sheet, sheet_spec, section)
    with beside:
        st.fragment(_checks, key=CHECKS)(project, sheet_spec.stage, section)
    _heartbeat(project)


def _asked_for(guide: Guide) -> str | None:
    field = navigation.here("field")
    return field if field and field in guide.fields and guide.fields[field].stage else None


def _stage(project: ProjectHead) -> Stage:
    named = navigation.here("stage")
    return Stage(named) if named in list(Stage) else project.stage or Stage.DISCOVERY


def _section(sheet: WorksheetSpec, guide: Guide, asked_for: str | None) -> str:
    if asked_for:
        return guide.field(asked_for).section
    named = navigation.here("section")
    known = {section.id for section in sheet.sections}
    return named if named == ALL or named in known else sheet.sections[0].id


def _why_closed(project: ProjectHead, forbidden: str | None) -> None:
    if project.archived_at is not None:
        st.info(
            say("This project is archived. Restore it before changing it."), icon=":material/inventory_2:"
        )
    elif not project.is_adopted:
        st.info(
            say("This project comes from a register. Adopt it before assessing it."), icon=":material/help:"
        )
    elif forbidden:
        st.info(plain(f"{say('You can read this.')} {forbidden}"), icon=":material/lock:")


# ------------------------------------------------------------------ where in the worksheets


def _stages(project: ProjectHead, shown: WorksheetSpec) -> None:
    with st.container(horizontal=True, gap="xsmall", wrap=False):
        for stage in Stage:
            st.button(
                stage.title,
                key=f"stage:{stage.value}",
                type="primary" if stage is shown.stage else "secondary",
                icon=":material/flag:" if stage is project.stage else None,
                help=say("The project is in this stage") if stage is project.stage else None,
                on_click=_open_stage,
                args=(project.key, stage),
            )


def _open_stage(project: str, stage: Stage) -> None:
    navigation.go("worksheet", project=project, stage=stage.value)


def _progress(project: ProjectHead, sheet_spec: WorksheetSpec, section: str) -> None:
    """The sections with what each still needs, as buttons."""
    about = (project.id, (sheet_spec.stage or Stage.DISCOVERY).value)
    watch(PROGRESS, *about)
    counts = _settled(*about)
    # One line that scrolls: a line that wraps once its buttons have loaded would push the questions down.
    with st.container(horizontal=True, gap="xsmall", wrap=False):
        for entry, (done, total) in zip(sheet_spec.sections, counts, strict=True):
            mark = ":material/check_circle: " if done == total else ""
            label = f":small[{mark}{plain(entry.title)} :gray[{done}/{total}]]"
            _section_button(project, sheet_spec, entry.id, label, is_shown=entry.id == section)
        _section_button(project, sheet_spec, ALL, f":small[{say('All')}]", is_shown=section == ALL)


@watcher(PROGRESS)
def _settled(project_id: int, stage: str) -> tuple[tuple[int, int], ...]:
    """By section: how many questions are settled, and how many there are."""
    answers = cache.read(worksheets.sheet, chains_of(project_id)[0], project_id=project_id)
    sheet_spec = cache.guide().worksheet(Stage(stage))
    sections = (_fields_of(sheet_spec, entry.id) for entry in sheet_spec.sections)
    return tuple((sum(_is_settled(answers, field) for field in fields), len(fields)) for fields in sections)


def _section_button(
    project: ProjectHead, sheet_spec: WorksheetSpec, section: str, label: str, *, is_shown: bool
) -> None:
    st.button(
        label,
        key=f"section:{section}",
        type="secondary" if is_shown else "tertiary",
        on_click=_open_section,
        args=(project.key, sheet_spec.stage, section),
    )


def _open_section(project: str, stage: Stage | None, section: str) -> None:
    navigation.go("worksheet", project=project, stage=stage.value if stage else None, section=section)


def _fields_of(sheet_spec: WorksheetSpec, section: str) -> list[FieldSpec]:
    return [field for field in sheet_spec.fields if section in (ALL, field.section)]


def _is_settled(answers: AnswerSheet, field: FieldSpec) -> bool:
    answer = answers.answer(field.id)
    if answer is None or answer.state in (None, AnswerState.DONT_KNOW):
        return False
    return answer.state is AnswerState.NOT_APPLICABLE or is_complete(field, answer.stored)


# ------------------------------------------------------------------ questions


def _questions(project: ProjectHead, sheet: Sheet, sheet_spec: WorksheetSpec, section: str) -> None:
    shown = [entry for entry in sheet_spec.sections if section in (ALL, entry.id)]
    for entry in shown:
        _section_heading(entry)
        for field in _fields_of(sheet_spec, entry.id):
            draw_question(Slot(project.id, field.id), sheet)
    if section != ALL:
        _next_section(project, sheet_spec, section)


def _section_heading(section: SectionSpec) -> None:
    st.header(plain(section.title), anchor=False)
    if section.intro:
        st.caption(plain(section.intro))


def _next_section(project: ProjectHead, sheet_spec: WorksheetSpec, section: str) -> None:
    ids = [entry.id for entry in sheet_spec.sections]
    following = ids.index(section) + 1
    if following == len(ids):
        return
    entry = sheet_spec.sections[following]
    st.button(
        say("Next: {section}", section=plain(entry.title)),
        key="next_section",
        icon=":material/arrow_forward:",
        on_click=_open_section,
        args=(project.key, sheet_spec.stage, entry.id),
    )


# ------------------------------------------------------------------ checks


def _checks(project: ProjectHead, stage: Stage | None, section: str) -> None:
    """Checks that read a question of this worksheet: failing ones in full, the others folded."""
    gate = gate_of_sheet(project, stage)
    about = (project.id, gate.value, stage.value if stage else "")
    watch(CHECKS, *about)
    found = _concerned(*about)
    failing, passing, waiting, later = _sorted_out(project.id, found)
    st.header(say("Live checks"), anchor=False)
    st.markdown(_summary(failing, passing, waiting), anchors=False)
    gravest_first = sorted(
        failing,
        key=lambda check: (
            check.is_settled,
            -check.advice_severity.weight,
            check.first_gate.order,
            check.check_id,
        ),
    )
    for check in gravest_first:
        _failing(check, project)
    unclear, passes = standing.CHECKS[CheckResult.CANNOT_TELL], standing.CHECKS[CheckResult.PASSES]
    waits = say_count("{number} wait for answers", "{number} wait for answers", len(waiting))
    holds = say_count("{number} hold from a later gate", "{number} hold from a later gate", len(later))
    _folded("wait", waits, unclear, waiting, project)
    _folded("hold", holds, unclear, later, project)
    _folded("pass", _pass(passing), passes, passing, project)


_Checks = tuple[CheckState, ...]


def _sorted_out(project_id: int, found: _Checks) -> tuple[_Checks, _Checks, _Checks, _Checks]:
    """What fails, what passes, what waits for answers that are due at this gate, and what is for later.

    A check that fails only because nobody has begun to answer what it reads waits as well.
    """
    answers = cache.read(worksheets.sheet, chains_of(project_id)[0], project_id=project_id)
    fails = tuple(c for c in found if c.result is CheckResult.FAILS and is_begun(c, answers))
    passes = tuple(c for c in found if c.result is CheckResult.PASSES and is_begun(c, answers))
    others = tuple(check for check in found if check not in fails and check not in passes)
    waits = tuple(check for check in others if check.enforced)
    return fails, passes, waits, tuple(check for check in others if not check.enforced)


def _pass(passing: Sequence[CheckState]) -> str:
    return say_count("{number} passes", "{number} pass", len(passing))


def _concerned(project_id: int, gate: str, stage: str) -> tuple[CheckState, ...]:
    """The checks that read a question of this stage, judged at this gate."""
    found = checks_of(project_id, Gate(gate))
    return tuple(check for check in found if _concerns(check, stage))


@watcher(CHECKS)
def _checks_shown(project_id: int, gate: str, stage: str) -> tuple[_Checks, ...]:
    """All that is drawn of them; the digest of what they read is not."""
    concerned = tuple(replace(check, inputs_digest="") for check in _concerned(project_id, gate, stage))
    return _sorted_out(project_id, concerned)


def _concerns(check: CheckState, stage: str) -> bool:
    """A check may read a document or the list of data sources too, which are no question of any stage."""
    asked = (cache.guide().fields.get(key.partition("@")[0]) for key in check.fields)
    return any(field is not None and field.stage == stage for field in asked)


def _summary(failing: _Checks, passing: _Checks, waiting: _Checks) -> str:
    """How many of each; before the first answer, what there will be."""
    if not failing and not passing:
        return say(
            "Nothing to compare yet. As you answer, this says at once when two answers do not go together: an answer "
            "that comes too late to act on, or in a form that nobody can use."
        )
    parts = []
    if failing:
        words = say_count("{number} fails", "{number} fail", len(failing))
        parts.append(f"{_begin(CheckResult.FAILS)}{words}]")
    if passing:
        parts.append(f"{_begin(CheckResult.PASSES)}{_pass(passing)}]")
    if waiting:
        parts.append(
            say_count(
                "{begin}{number} waits{end} for answers",
                "{begin}{number} wait{end} for answers",
                len(waiting),
                begin=_begin(CheckResult.CANNOT_TELL),
                end="]",
            )
        )
    return "  ·  ".join(parts)


def _begin(result: CheckResult) -> str:
    """Where the colour of a result begins."""
    mark = standing.CHECKS[result]
    return f":{mark.colour}[{mark.material} "


def _failing(check: CheckState, project: ProjectHead) -> None:
    severity = standing.SEVERITIES[check.severity or check.advice_severity]
    with st.container(border=True, gap="xsmall"):
        # One element, not one for each line: all of these are drawn again with every answer.
        more = ""
        if len(check.messages) > 3:
            more = say("and {findings}", findings=counted(len(check.messages) - 3, "more finding"))
        lines = (
            f":{severity.colour}[{severity.material}] **{plain(check.title)}**",
            *map(plain, check.messages[:3]),
            *(f":gray[:small[{quiet}]]" for quiet in (more, _enforced(check)) if quiet),
        )
        st.markdown("\n\n".join(lines), anchors=False)
        _jumps(check, check.fields, project)


def _enforced(check: CheckState) -> str:
    if check.waived is not None:
        return say(
            "Waived by {person} until {day}",
            person=plain(check.waived.approver),
            day=check.waived.expires_on.isoformat(),
        )
    if check.reasoned is not None:
        return say("Accepted: {reason}", reason=plain(check.reasoned))
    severity, gate = check.severity or check.advice_severity, check.first_gate.title
    effect = say(_NOW[severity]) if check.enforced else say(_LATER[severity], gate=gate)
    return f"{check.check_id} · {effect}"


def _folded(name: str, words: str, mark: Mark, members: Sequence[CheckState], project: ProjectHead) -> None:
    if not members:
        return
    fold = st.expander(words, icon=mark.material, key=f"checks:{name}", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for check in members:
            st.markdown(f"{plain(check.title)} :gray[:small[{check.check_id}]]", anchors=False)
            if check.missing:
                _jumps(check, check.missing, project)


def _jumps(check: CheckState, keys: Sequence[str], project: ProjectHead) -> None:
    """Buttons to the questions a check reads, by name; those beyond a few are in a menu."""
    guide = cache.guide()
    known = [key for key in dict.fromkeys(keys) if components.field_target(key, guide)]
    with st.container(horizontal=True, gap="xsmall"):
        for key in known[:MOST_JUMPS]:
            _jump(check, key, project)
        if others := known[MOST_JUMPS:]:
            menu = f"jump:{check.check_id}:{check.branch}:more"
            st.menu_button(
                say("{number} more", number=len(others)),
                others,
                format_func=lambda key: plain(guide.field(key.split("@")[0]).title),
                key=menu,
                type="tertiary",
                on_click=_jump_chosen,
                args=(project.key, menu),
            )


def _jump(check: CheckState, key: str, project: ProjectHead) -> None:
    guide = cache.guide()
    st.button(
        plain(guide.field(key.split("@")[0]).title),
        key=f"jump:{check.check_id}:{check.branch}:{key}",
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=_jump_to,
        args=(project.key, components.field_target(key, guide)),
    )


def _jump_chosen(project: str, menu: str) -> None:
    _jump_to(project, components.field_target(str(state.value(menu)), cache.guide()))


def _jump_to(project: str, target: tuple[str, dict[str, str]] | None) -> None:
    if target is not None:
        navigation.go(target[0], project=project, **target[1])


# ------------------------------------------------------------------ staying in touch


def _heartbeat(project: ProjectHead) -> None:
    """Runs by itself: shows what others saved, and makes the browser speak first after a lost connection."""
    somebody_saved(project)  # what this drawing of the page shows already asks for no second one
    st.fragment(_beat, run_every=HEARTBEAT_SECONDS, key="worksheet:heartbeat")(project)


def _beat(project: ProjectHead) -> None:
    if somebody_saved(project):
        draw_again()
