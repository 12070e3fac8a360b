"""The way from a screen to an action: one transaction, the signed-in person, the clock, refusals as data.

    outcome = attempt(answers.save, project_id=…, field_id=…, base=…)     # callbacks: nothing drawn, nothing rerun
    perform(reviews.request, done="Asked.", project_id=…)                 # forms: flash and rerun, or show why not

`by`, `at` and, where the action takes it, `guide` are filled in. The only `st.rerun` of the product is here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as remember
from typing import Any, Generic, NoReturn, TypeVar

import streamlit as st

from lifecycle.errors import LifecycleError
from lifecycle.store.tokens import hash_token
from lifecycle.ui import cache, current_run, identity, state
from lifecycle.ui.components import refusal
from lifecycle.web.reentry import reenter_password
from lifecycle.web.refusals import note_refusal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """What became of an action: its value once the transaction is committed, or why nothing was changed."""

    value: T | None = None
    refusal: LifecycleError | None = None

    @property
    def is_done(self) -> bool:
        return self.refusal is None


def attempt(action: Callable[..., T], **arguments: Any) -> Attempt[T]:
    """Run an action in its own transaction. When it returns done, the change is on the disk."""
    if _takes_guide(action):
        arguments["guide"] = cache.current_guide()
    try:
        by = identity.actor()
    except LifecycleError as error:
        return Attempt(refusal=error)
    try:
        with cache.database().write() as session:
            value = action(session, by=by, at=identity.now(), **arguments)
        current_run.forget()
    except LifecycleError as error:
        note_refusal(f"{action.__module__}.{action.__name__}", by.key, error)
        return Attempt(refusal=error)
    return Attempt(value)


def attempt_signing(
    action: Callable[..., T],
    *,
    about_review: int,
    password: str | None,
    signed_in_anew: bool = False,
    **arguments: Any,
) -> Attempt[T]:
    """As `attempt`, for a signature. `password` None: the policy asks for none, or for a sign-in anew.

    The password is checked, counted and, when wrong, logged before the action begins; the action gets the hash
    that it was checked against and never the password. Whether this browser signed in anew the action finds out.
    """
    if signed_in_anew:
        arguments["anew_in"] = hash_token(identity.session_token() or "")
    if password is not None:
        try:
            arguments["password_hash"] = reenter_password(
                cache.database(),
                by=identity.actor(),
                at=identity.now(),
                password=password,
                review_id=about_review,
            )
        except LifecycleError as error:
            current_run.forget()
            return Attempt(refusal=error)
    return attempt(action, **arguments)


def perform(action: Callable[..., T], *, done: str = "", clears: str = "", **arguments: Any) -> Attempt[T]:
    """For a form or button in the page: on success flash `done` and draw anew; else show the refusal here.

    `clears` names the form (see `state.fresh`) that is empty afterwards. Returns only when the action was refused.
    """
    outcome = attempt(action, **arguments)
    if outcome.refusal is None:
        if clears:
            state.renew(clears)
        if done:
            state.flash("success", done)
        st.rerun()
    refusal(outcome.refusal)
    return outcome


def redraw(*fragments: str) -> NoReturn:
    """From a callback: draw only these keyed fragments instead of the whole page. Ends the callback."""
    st.rerun(list(fragments))


def draw_again() -> NoReturn:
    """Draw the whole page anew."""
    st.rerun()


@remember
def _takes_guide(action: Callable[..., Any]) -> bool:
    return "guide" in inspect.signature(action).parameters
