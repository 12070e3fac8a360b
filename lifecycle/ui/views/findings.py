"""What the checks found, in plain words: a way to the questions each one reads, and the forms that accept it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.actions import gates as actions
from lifecycle.errors import Invalid
from lifecycle.language import mark, say, say_count
from lifecycle.queries.findings import FindingView
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import WaiverView
from lifecycle.queries.wording import Place
from lifecycle.ui import navigation, standing, state
from lifecycle.ui.components import plain, refusal
from lifecycle.ui.perform import perform
from lifecycle.ui.unfolding import is_wanted
from lifecycle.vocabulary import CheckResult, Gate

MOST_SENTENCES = 1
MOST_PLACES = 1  # beside what the check says, on one line
_ENFORCED = {"block": mark("blocks now"), "warning": mark("warns now"), "note": mark("note")}
_ADVICE = {"block": mark("will block"), "warning": mark("will warn"), "note": mark("will be noted")}


def failing(found: Sequence[FindingView]) -> list[FindingView]:
    """What fails and nobody accepted: the gravest first, then what holds soonest."""
    open_ones = [item for item in found if item.result is CheckResult.FAILS and not item.is_accepted]
    return sorted(
        open_ones,
        key=lambda item: (-item.severity.weight, not item.blocks, item.first_gate.order, item.check_id),
    )


def show(
    found: Sequence[FindingView], *, project: ProjectHead, most: int = 6, accept_at: Gate | None = None
) -> None:
    """One after the other; beyond `most` the rest folds away. `accept_at`: with the forms to accept it there."""
    for item in found[:most]:
        finding(item, project=project, accept_at=accept_at)
    if len(found) > most:
        key = f"findings:more:{accept_at or ''}"
        more = st.expander(say("{number} more", number=len(found) - most), key=key, on_change="rerun")
        if is_wanted(more, f"{key}:{project.key}"):
            with more:
                for item in found[most:]:
                    finding(item, project=project, accept_at=accept_at)


def finding(item: FindingView, *, project: ProjectHead, accept_at: Gate | None = None) -> None:
    """One check: what it says; beneath, when it holds and the questions it reads as buttons."""
    with st.container(gap=None, key=f"finding-{item.check_id}-{item.branch}"):
        said = plain(_said(item, in_full=accept_at is not None))
        when = f":small[:gray[{plain(_when(item))}]]"
        why = plain(item.why) if accept_at else None
        st.markdown(f"{_icon(item)} {said}", help=why, anchors=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(when, width="content", anchors=False)
            jumps(item.missing or item.places, project=project.key, key=f"{item.check_id}:{item.branch}")
        if item.waived_until:
            st.caption(
                plain(
                    say(
                        "Waived until {day}: {mitigation}",
                        day=item.waived_until,
                        mitigation=item.mitigation,
                    )
                )
            )
        if item.reason:
            st.caption(plain(say("Accepted because: {reason}", reason=item.reason)))
        if accept_at is not None and not item.is_accepted:
            _accept(item, project.id, accept_at)


def _icon(item: FindingView) -> str:
    mark = standing.CHECKS[item.result]
    if item.result is CheckResult.FAILS:
        mark = standing.SEVERITIES[item.severity]
    return f":{mark.colour}[{mark.material}]"


def _said(item: FindingView, *, in_full: bool) -> str:
    """The findings themselves; the title before what cannot be told, and alone where all is well."""
    if item.result is CheckResult.PASSES:
        return item.title
    shown = item.sentences if in_full else item.sentences[:MOST_SENTENCES]
    said = " ".join(shown) or f"{item.title}."
    if item.result is CheckResult.CANNOT_TELL:
        return f"{item.title}. {said}"
    more = len(item.sentences) - len(shown)
    if more <= 0:
        return said
    return say_count(
        "{said} And {number:,} more finding.", "{said} And {number:,} more findings.", more, said=said
    )


def _when(item: FindingView) -> str:
    """ "C01 · blocks now", "C12 · will block at Design & Requirements"."""
    if item.result is CheckResult.CANNOT_TELL:
        said = say("blocks until it is known") if item.blocks else say("cannot tell")
        return f"{item.check_id} · {said}"
    if item.is_enforced:
        return f"{item.check_id} · {_ENFORCED[item.severity.value]}"
    return say(
        "{check} · {advice} at {gate}",
        check=item.check_id,
        advice=_ADVICE[item.severity.value],
        gate=item.first_gate.title,
    )


def jumps(places: Sequence[Place], *, project: str, key: str) -> None:
    """Small buttons to these questions by their titles; those beyond a few are in a menu."""
    for place in places[:MOST_PLACES]:
        jump(place, project=project, key=key)
    more = {place.key: place for place in places[MOST_PLACES:]}
    if more:
        menu = f"jump:{key}:more"
        st.menu_button(
            say("{number} more", number=len(more)),
            list(more),
            format_func=lambda name: plain(more[name].title),
            key=menu,
            type="tertiary",
            on_click=lambda: to_place(more[state.value(menu)], project),
        )


def jump(place: Place, *, project: str, key: str, label: str = "") -> None:
    """A small button to the question, named after it unless `label` says otherwise."""
    if st.button(
        plain(label or place.short_title),
        key=f"jump:{key}:{place.key}",
        type="tertiary",
        icon=None if label else ":material/arrow_forward:",
        help=plain(place.title),
    ):
        to_place(place, project)


def to_place(place: Place, project: str) -> None:
    """Open the worksheet or the data source at this question."""
    if place.stage is None:
        navigation.go("sources", project=project, source=place.source_id or None, field=place.field_id)
    navigation.go("worksheet", project=project, stage=place.stage.value, field=place.field_id)


# ------------------------------------------------------------------ accepting it


def _accept(item: FindingView, project_id: int, gate: Gate) -> None:
    """The form for whoever may accept it; for others who may."""
    if item.not_waivable == ():
        _waive(item, project_id, gate)
    elif item.not_waivable and item.blocks:
        st.caption(say("{role} can waive it for a time.", role=item.waived_by.title))
    if item.not_reasonable == ():
        _give_reason(item, project_id, gate)
    elif item.not_reasonable and item.blocks:
        st.caption(say("The product manager can say why to go on."))


def _waive(item: FindingView, project_id: int, gate: Gate) -> None:
    key = f"waive:{item.check_id}:{item.branch}"
    with st.popover(say("Waive for a time"), icon=":material/event_repeat:"), st.form(key, border=False):
        mitigation = st.text_area(say("What is done about the risk meanwhile"), key=f"{key}:mitigation")
        expires_on = st.date_input(say("Until"), value=None, format="YYYY-MM-DD", key=f"{key}:until")
        if not st.form_submit_button(say("Waive"), type="primary"):
            return
        if expires_on is None:
            refusal(Invalid({"until": say("Say until which day it holds, at most a year ahead.")}))
            return
        perform(
            actions.waive,
            done=say("{check} is waived until {day}.", check=item.check_id, day=expires_on),
            project_id=project_id,
            check_id=item.check_id,
            gate=gate,
            mitigation=mitigation,
            expires_on=expires_on,
        )


def _give_reason(item: FindingView, project_id: int, gate: Gate) -> None:
    key = f"reason:{item.check_id}:{item.branch}"
    with st.popover(say("Say why you go on"), icon=":material/chat:"), st.form(key, border=False):
        reason = st.text_area(say("Why you go on all the same"), key=f"{key}:text")
        st.caption(say("It lapses when one of the answers that this check reads changes."))
        if st.form_submit_button(say("Give this reason"), type="primary"):
            perform(
                actions.give_reason,
                done=say("Your reason for {check} is recorded.", check=item.check_id),
                project_id=project_id,
                check_id=item.check_id,
                reason=reason,
                gate=gate,
            )


def waiver(given: WaiverView, *, may_revoke: bool) -> None:
    """One waiver, in force or not, with the form that ends it."""
    if given.is_in_force:
        badge = say(":orange-badge[:material/event_repeat: In force]")
    else:
        badge = say(":gray-badge[Revoked]") if given.revoked_at else say(":gray-badge[Expired]")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{badge} **{plain(given.check_id)}** {plain(given.title)}", anchors=False)
        st.markdown(plain(given.mitigation), anchors=False)
        st.caption(
            plain(
                say(
                    "{who}, {moment:%Y-%m-%d} · until {day} · {gate}",
                    who=given.approver,
                    moment=given.at,
                    day=given.expires_on,
                    gate=given.gate.title,
                )
            )
        )
        if given.is_in_force and may_revoke:
            with (
                st.popover(say("Revoke"), icon=":material/undo:"),
                st.form(f"revoke:{given.id}", border=False),
            ):
                reason = st.text_area(say("Why it ends"), key=f"revoke:{given.id}:reason")
                if st.form_submit_button(say("Revoke the waiver")):
                    perform(
                        actions.revoke_waiver,
                        done=say("{check} counts again.", check=given.check_id),
                        waiver_id=given.id,
                        reason=reason,
                    )
