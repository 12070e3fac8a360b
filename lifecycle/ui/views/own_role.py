"""One role of the organisation's own: the form that says where it is asked for what, and how a list says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lifecycle.errors import Invalid
from lifecycle.guide import Guide
from lifecycle.language import counted, mark, say
from lifecycle.own_guide import OwnAsk, OwnGuide, OwnRole, with_role
from lifecycle.ui import cache, components, state
from lifecycle.ui.components import plain
from lifecycle.vocabulary import Act, Gate

NEW = "own:role"
_ACTS = {
    Act.APPROVE: mark("approves"),
    Act.ACKNOWLEDGE: mark("acknowledges"),
    Act.CONSULT: mark("gives an opinion, which never blocks"),
}
_TIERS = {1: mark("Every tier"), 2: mark("Tier 2 and above"), 3: mark("Tier 3 and above"), 4: mark("Tier 4")}
# Kept in the guide as if it had been typed: in English, whoever saves it.
_MEANING = "approves this from the point of view of {title}"
Save = Callable[[OwnGuide, str, str], None]


def in_words(role: OwnRole) -> str:
    """As Markdown: its name, and where it is asked for what."""
    said = [
        say(
            "{gate}: {act}, {tier}, resting on {answers}",
            gate=gate.title,
            act=_ACTS[asked.act],
            tier=say(_TIERS[asked.from_tier]).lower(),
            answers=counted(len(asked.rests_on), "answer"),
        )
        for gate, asked in sorted(role.asked.items(), key=lambda item: item[0].order)
    ]
    where = "  \n".join(f":small[:gray[{plain(line)}]]" for line in said or [say("Asked nowhere any more.")])
    return f"**{plain(role.title)}**  \n{where}"


def form(own: OwnGuide, role: OwnRole, save: Save, *, is_new: bool = False) -> None:
    """A role is never removed, because decisions bear its name; without gates it is asked nowhere."""
    name = f"{NEW}:{'new' if is_new else role.id.value}"
    key = state.fresh(name)
    _seed(key, role, is_new=is_new)
    guide = cache.current_guide()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        title = st.text_input(
            say("Name"), key=f"{key}:title", max_chars=40, placeholder=say("Works council"), width=320
        )
        days = st.number_input(
            say("Working days it needs"), min_value=1, max_value=250, step=1, key=f"{key}:days", width=200
        )
    gates = st.multiselect(
        say("Asked at these gates"),
        [gate.value for gate in Gate],
        format_func=lambda each: Gate(each).title,
        key=f"{key}:gates",
        placeholder=say("No gate"),
    )
    asked = {
        Gate(each): _asked(key, Gate(each), guide)
        for each in sorted(gates, key=lambda each: Gate(each).order)
    }
    st.caption(say("Who may be asked is said on the page of each person, as for the other reviewers."))
    if not st.button(
        say("Add the role") if is_new else say("Save the role"),
        key=f"{key}:save",
        type="primary",
        icon=":material/save:",
    ):
        return
    title = (title or "").strip()
    problems = {} if title else {"name": say("Give the role a name.")}
    problems |= {
        gate.title: say("Choose at least one answer that the sign-off rests on.")
        for gate, said in asked.items()
        if not said["rests_on"]
    }
    if is_new and not asked:
        problems["gates"] = say("Choose at least one gate.")
    if problems:
        components.refusal(Invalid(problems))
        return
    for said in asked.values():
        said["meaning"] = said["meaning"] or _MEANING.format(title=title)
    made = OwnRole(
        id=role.id,
        title=title,
        lead_days=int(days or role.lead_days),
        asked={gate: OwnAsk(**said) for gate, said in asked.items()},
    )
    save(
        with_role(own, made),
        say("{title} is asked at {gates}.", title=title, gates=counted(len(asked), "gate")),
        name,
    )


def _asked(key: str, gate: Gate, guide: Guide) -> dict[str, Any]:
    """What it is asked for at one gate."""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{gate.title}**", anchors=False)
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            act = st.selectbox(
                say("It"),
                [each.value for each in _ACTS],
                format_func=lambda each: say(_ACTS[Act(each)]),
                key=f"{key}:act:{gate.value}",
                width=320,
            )
            tier = st.selectbox(
                say("In"),
                list(_TIERS),
                format_func=lambda each: say(_TIERS[each]),
                key=f"{key}:tier:{gate.value}",
                width=200,
            )
        fields = {field.id: f"{field.title} ({field.id})" for field in guide.due_by(gate)}
        rests_on = st.multiselect(
            say("Its sign-off rests on"),
            list(fields),
            format_func=lambda each: fields.get(each, each),
            key=f"{key}:rests_on:{gate.value}",
            placeholder=say("Choose answers"),
            help=say("When one of these answers changes, the sign-off becomes stale."),
        )
        meaning = st.text_input(
            say("What the signature means (completes “Ada Example …”)"),
            key=f"{key}:meaning:{gate.value}",
            placeholder=say("approves this from the point of view of the works council"),
        )
    return {
        "act": Act(act or Act.APPROVE),
        "from_tier": tier or 2,
        "rests_on": tuple(rests_on),
        "meaning": (meaning or "").strip(),
    }


def _seed(key: str, role: OwnRole, *, is_new: bool) -> None:
    """The form begins with what holds; what is typed since stays."""
    values: dict[str, Any] = {
        "title": "" if is_new else role.title,
        "days": role.lead_days,
        "gates": [gate.value for gate in role.asked],
    }
    for gate in Gate:
        asked = role.asked.get(gate)
        values |= {
            f"act:{gate.value}": (asked.act if asked else Act.APPROVE).value,
            f"tier:{gate.value}": asked.from_tier if asked else 2,
            f"rests_on:{gate.value}": list(asked.rests_on) if asked else [],
            f"meaning:{gate.value}": asked.meaning if asked else "",
        }
    for name, value in values.items():
        if not state.has(f"{key}:{name}"):
            state.put(f"{key}:{name}", value)
