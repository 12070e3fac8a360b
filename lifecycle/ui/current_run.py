"""What holds for one run of the script, be it of a page or of a fragment alone, and is forgotten with it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from streamlit.runtime.scriptrunner import get_script_run_ctx

T = TypeVar("T")

# By the one object of a run's context that Streamlit makes anew for every run.
_kept: WeakKeyDictionary[object, dict[Hashable, Any]] = WeakKeyDictionary()


def once(name: Hashable, make: Callable[[], T]) -> T:
    """`make()` the first time that `name` is asked for in this run, the same again until `forget`.

    A page drawn in one run shows one moment. Outside of a run nothing is kept; a refusal never is.
    """
    known = _of_this_run()
    if name not in known:
        known[name] = make()
    found: T = known[name]
    return found


def forget() -> None:
    """After a change of our own: the rest of this run sees it."""
    _of_this_run().clear()


def _of_this_run() -> dict[Hashable, Any]:
    context = get_script_run_ctx(suppress_warning=True)
    run = context.parallel_coordinator if context else None
    return _kept.setdefault(run, {}) if run is not None else {}
