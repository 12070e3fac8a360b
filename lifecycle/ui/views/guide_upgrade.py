"""Moving a project to the guide in force: all that would change stands here before anything does."""

from __future__ import annotations

from collections import defaultdict

import streamlit as st

from lifecycle.actions import guides
from lifecycle.language import counted, mark, say
from lifecycle.queries.guide_versions import GuideUpgrade, upgrade_of
from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui import cache, identity
from lifecycle.ui.components import plain
from lifecycle.ui.perform import perform
from lifecycle.ui.unfolding import is_wanted

_KINDS = {
    "question": mark("Questions"),
    "reliance": mark("What sign-offs rest on"),
    "sign-off": mark("Who is asked"),
    "check": mark("Checks"),
    "tier": mark("Risk tiers"),
    "threshold": mark("Thresholds"),
}
_MOST = 40


def show(view: ProjectOverview) -> None:
    """Nothing where the project goes by the guide in force."""
    now = cache.current_guide()
    if view.project.guide_version == now.version or not view.project.is_open:
        return
    st.info(
        plain(
            f"This project goes by version {view.project.guide_version} of the guide; "
            f"version {now.version} is in force for new ones."
        ),
        icon=":material/history_edu:",
    )
    fold = st.expander(
        say("What version {version} would change", version=plain(now.version)),
        icon=":material/upgrade:",
        key="guide",
        on_change="rerun",
    )
    if not is_wanted(fold, f"guide:{view.project.id}"):
        return
    with fold:
        found: GuideUpgrade | None = cache.read_with_guide(
            upgrade_of, by=identity.actor(), at=identity.this_hour(), key=view.project.key
        )
        if found is not None:
            _what(found)
            _do(found)


def _what(found: GuideUpgrade) -> None:
    effect = found.effect
    st.markdown(f"**{_sentence(found)}**", anchors=False)
    for made in effect.stale:
        reasons = " ".join(made.reasons)
        st.markdown(
            say(
                ":orange[:material/sync_problem:] {role} at {gate}, signed by {printed_name}: {reasons}",
                role=made.role.title,
                gate=made.gate.title,
                printed_name=plain(made.printed_name),
                reasons=plain(reasons),
            ),
            anchors=False,
        )
    for gate, role in effect.newly_required:
        st.markdown(
            say(":material/person_add: {role} is asked at {gate}", role=role.title, gate=gate.title),
            anchors=False,
        )
    for _, title in effect.newly_failing:
        st.markdown(f":red[:material/block:] {plain(title)}", anchors=False)
    if found.left_behind:
        st.markdown(
            say(
                ":material/inventory_2: No longer asked, kept in the history: {left_behind}",
                left_behind=plain(", ".join(found.left_behind)),
            ),
            anchors=False,
        )
    _changes(found)


def _sentence(found: GuideUpgrade) -> str:
    effect = found.effect
    counts = (
        (len(effect.stale), "sign-off", say("would become stale")),
        (len(effect.newly_required), "sign-off", say("newly required")),
        (len(effect.newly_failing), "check", say("newly in the way")),
    )
    touched = [f"{counted(count, noun)} {what}" for count, noun, what in counts if count]
    said = ", ".join(touched) or say("nothing that was signed or checked here is affected")
    return say("{changes} of the guide; {said}.", changes=counted(len(found.changes), "change"), said=said)


def _changes(found: GuideUpgrade) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for change in found.changes:
        by_kind[change.kind].append(change.text)
    for kind, texts in by_kind.items():
        st.markdown(f"**{_KINDS.get(kind, kind.capitalize())}**", anchors=False)
        lines = [f"- {plain(text)}" for text in texts[:_MOST]]
        if len(texts) > _MOST:
            lines.append(say("- and {texts_count:,} more", texts_count=len(texts) - _MOST))
        st.markdown("\n".join(lines), anchors=False)


def _do(found: GuideUpgrade) -> None:
    if found.forbidden:
        st.caption(plain(found.forbidden))
        return
    if st.button(
        say("Go by version {to_version} from now on", to_version=found.to_version),
        key="guide:upgrade",
        icon=":material/upgrade:",
    ):
        perform(
            guides.upgrade,
            done=say("The project goes by version {to_version} of the guide.", to_version=found.to_version),
            project_id=found.project_id,
            to_digest=found.digest,
        )
