"""Access tokens, with which a person's programs use the HTTP interface; administrators see and end everybody's."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from lifecycle.actions import tokens as actions
from lifecycle.language import counted, mark, say
from lifecycle.queries import projects
from lifecycle.queries import tokens as queries
from lifecycle.queries.tokens import EXPIRED, REVOKED, TokenView
from lifecycle.rules.tokens import DEFAULT_DAYS, LONGEST_DAYS, SCOPE_WORDS
from lifecycle.ui import cache, identity, state
from lifecycle.ui.components import ago, day, empty_state, page_header, plain, refusal, until
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.vocabulary import Scope

_SECRET = "tokens:secret"  # of one that was just made, shown until something else is done
_FORM = "tokens:new"


def show() -> None:
    """The whole page."""
    page_header(
        say("Access tokens"),
        about=say(
            "A token lets a program of yours use Lifecycle in your name: push readings, ask whether a gate is open, "
            "fill in answers. It can do no more than you can, and it can never sign or decide."
        ),
    )
    person = identity.signed_in()
    if person is None:
        return
    now = identity.now()
    _show_secret()
    own = cache.read_now(queries.own, by=person.actor, at=now)
    _own(own, now)
    _make(is_first=not own)
    st.markdown(say("For engineers: [what programs can ask for](/api/docs)."), anchors=False)
    if identity.is_administrator(person):
        _everybodys(now)


# ------------------------------------------------------------------ one's own


def _own(own: tuple[TokenView, ...], now: datetime) -> None:
    if not own:
        empty_state(
            say("No tokens yet"), say("Make one below, and give it to the program that needs it."), icon="key"
        )
        return
    for token in own:
        if token.is_valid:
            _token(token, now)
    ended = [token for token in own if not token.is_valid]
    if ended:
        with st.expander(
            counted(len(ended), "token that ended", "tokens that ended"), icon=":material/history:"
        ):
            for token in ended:
                st.markdown(
                    f"**{plain(token.name)}**  \n:small[:gray[{plain(_ended(token))}]]", anchors=False
                )


def _token(token: TokenView, now: datetime) -> None:
    used = (
        say("last used {when}", when=ago(token.last_used_at, now))
        if token.last_used_at
        else say("never used")
    )
    ends = until(token.expires_at.date(), now.date())
    facts = [
        f"{token.hint}…",
        say("ends {day} ({until})", day=day(token.expires_at.date()), until=ends),
        used,
    ]
    if token.project_name:
        facts.append(say("only for {project}", project=token.project_name))
    facts += _maker(token)
    scopes = " ".join(f":gray-badge[{scope.value}]" for scope in token.scopes)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/key: **{plain(token.name)}** {scopes}  \n:small[:gray[{plain(' · '.join(facts))}]]",
            width="stretch",
            anchors=False,
        )
        with st.popover(say("Revoke"), icon=":material/block:", key=f"token:revoking:{token.id}"):
            st.caption(say("Programs that use it are refused from now on. This cannot be taken back."))
            if st.button(say("Revoke this token"), key=f"token:revoke:{token.id}"):
                perform(
                    actions.revoke,
                    done=say("“{token}” opens nothing any more.", token=token.name),
                    token_id=token.id,
                )


def _ended(token: TokenView) -> str:
    when = (
        say("revoked on {day}", day=day(token.revoked_at.date()))
        if token.revoked_at
        else say("expired on {day}", day=day(token.expires_at.date()))
    )
    return " · ".join([f"{token.hint}…", when, *_maker(token)])


def _maker(token: TokenView) -> list[str]:
    """Who else made it, so that nobody has a token without knowing of it."""
    if not token.made_by:
        return []
    return [
        say(
            "made in your name on {day} by {person}",
            day=day(token.created_at.date()),
            person=token.made_by,
        )
    ]


# ------------------------------------------------------------------ a new one


def _make(*, is_first: bool) -> None:
    with (
        st.expander(say("Make a token"), icon=":material/add:", expanded=is_first),
        st.form(state.fresh(_FORM), border=False, enter_to_submit=False),
    ):
        name = st.text_input(
            say("What it is for"), key=f"{state.fresh(_FORM)}:name", placeholder=say("Nightly deployment")
        )
        scopes = st.multiselect(
            say("What it may do"),
            list(Scope),
            format_func=lambda scope: f"{SCOPE_WORDS[scope]} ({scope.value})",
            key=f"{state.fresh(_FORM)}:scopes",
            placeholder=say("Nothing yet"),
        )
        names = {each.key: each.name for each in cache.read_now(projects.names, by=identity.actor())}
        with st.grid(2, min_column_width=240):
            project = st.selectbox(
                say("Only for one project"),
                list(names),
                index=None,
                format_func=lambda key: names[key],
                key=f"{state.fresh(_FORM)}:project",
                placeholder=say("Every project of yours"),
            )
            days = st.number_input(
                say("Ends after (days)"),
                min_value=1,
                max_value=LONGEST_DAYS,
                value=DEFAULT_DAYS,
                key=f"{state.fresh(_FORM)}:days",
            )
        submitted = st.form_submit_button(say("Make the token"), type="primary")
    if submitted:
        _made(name, scopes, project, int(days))


def _made(name: str, scopes: list[Scope], project: str | None, days: int) -> None:
    by = identity.actor()
    only = cache.read_now(projects.head, key=project, by=by).id if project else None
    outcome = attempt(
        actions.create, person_key=by.key, name=name, scopes=scopes, days=days, only_project_id=only
    )
    if outcome.refusal is not None:
        refusal(outcome.refusal)
    elif outcome.value is not None:
        state.renew(_FORM)
        state.put(_SECRET, [name, outcome.value.secret])
        draw_again()


def _show_secret() -> None:
    """The token itself. It is shown this once."""
    kept = state.value(_SECRET)
    if not kept:
        return
    with st.container(border=True):
        title = say("The token “{token}”", token=plain(kept[0]))
        st.markdown(f":green[:material/key:] **{title}**", anchors=False)
        st.code(kept[1], language=None, wrap_lines=True)
        st.caption(say("Copy it now and keep it where secrets are kept: it cannot be shown again."))
        if st.button(say("I have copied it"), key="tokens:copied"):
            state.forget(_SECRET)
            draw_again()


# ------------------------------------------------------------------ everybody's


_STATES = {REVOKED: mark("Revoked"), EXPIRED: mark("Expired")}
_VALID = mark("Valid")


def _everybodys(now: datetime) -> None:
    found = cache.read_now(queries.everybodys, by=identity.actor(), at=now)
    st.header(say("Everybody's tokens"), anchor=False)
    if not found:
        st.caption(say("Nobody has one."))
        return
    valid = [token for token in found if token.is_valid]
    people = {token.person_key for token in valid}
    st.caption(
        say(
            "{tokens} of {people}. A person's tokens end with their account.",
            tokens=counted(len(valid), "valid token"),
            people=counted(len(people), "person", "people"),
        )
    )
    st.dataframe(
        {
            say("Person"): [token.person_name for token in found],
            say("What it is for"): [token.name for token in found],
            say("State"): [say(_STATES.get(token.state, _VALID)) for token in found],
            say("May"): [[scope.value for scope in token.scopes] for token in found],
            say("Only for"): [token.project_name or "" for token in found],
            say("Ends"): [token.expires_at.date().isoformat() for token in found],
            say("Last used"): [_last_used(token, now) for token in found],
        },
        hide_index=True,
        key="tokens:everybody",
        column_config={say("May"): st.column_config.ListColumn(width="medium")},
        alt=say("Tokens of everybody with their state"),
    )
    labels = {
        token.id: say(
            "{person}: {token} (number {number})",
            person=token.person_name,
            token=token.name,
            number=token.id,
        )
        for token in valid
    }
    chosen = st.selectbox(
        say("Revoke a token"),
        list(labels),
        index=None,
        format_func=lambda number: labels.get(number, str(number)),
        key="tokens:of-whom",
        placeholder=say("Choose one"),
    )
    if chosen is not None and st.button(
        say("Revoke “{token}” now", token=labels[chosen]),
        icon=":material/block:",
        key="tokens:revoke-theirs",
    ):
        perform(actions.revoke, done=say("It opens nothing any more."), token_id=chosen)


def _last_used(token: TokenView, now: datetime) -> str:
    return ago(token.last_used_at, now) if token.last_used_at else say("never")
