"""Everything a person can cause, as sentences they can act on. Bugs are not caught by these."""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.language import mark, say
from lifecycle.vocabulary import Blocker


class LifecycleError(Exception):
    """Base of all expected refusals. `str()` is safe and useful on any screen."""


# What people look for in vain; whoever raises NotFound names it in English.
_SOUGHT = (
    *(
        mark("account"),
        mark("change"),
        mark("channel"),
        mark("check"),
        mark("condition"),
        mark("data source"),
    ),
    *(mark("decision"), mark("delegation"), mark("delivery"), mark("document"), mark("file"), mark("import")),
    *(
        mark("incident"),
        mark("mapping"),
        mark("monitor"),
        mark("organisation"),
        mark("person"),
        mark("project"),
    ),
    *(mark("question"), mark("reading"), mark("release"), mark("review"), mark("token"), mark("waiver")),
)


class NotFound(LifecycleError):
    """A link to something that does not exist, or that this person may not see (deliberately the same)."""

    def __init__(self, kind: str, identity: object) -> None:
        self.kind, self.identity = kind, identity
        super().__init__(
            say(
                "There is no {kind} “{identity}” that you can see. It may have been moved or archived.",
                kind=say(kind),
                identity=identity,
            )
        )


class Invalid(LifecycleError):
    """Input that cannot be taken. `problems` maps a place (field, row, column) to one sentence."""

    def __init__(self, problems: Mapping[str, str] | str) -> None:
        self.problems = {"": problems} if isinstance(problems, str) else dict(problems)
        super().__init__(
            " ".join(
                say("{place}: {problem}", place=say(place), problem=text) if place else text
                for place, text in self.problems.items()
            )
        )


class Refused(LifecycleError):
    """A rule says no. Carries the same blockers that the screen shows beside the disabled button."""

    def __init__(self, *blockers: Blocker) -> None:
        self.blockers = blockers
        super().__init__(" ".join(blocker.text for blocker in blockers))


class Forbidden(LifecycleError):
    """This person may not do this, whatever the state."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class Conflict(LifecycleError):
    """Somebody saved first. Both versions travel with the error, nothing was written."""

    def __init__(
        self, what: str, *, base: int, found: int, theirs: object = None, mine: object = None
    ) -> None:
        self.what, self.base, self.found, self.theirs, self.mine = what, base, found, theirs, mine
        super().__init__(
            say(
                "Somebody else changed {what} since you opened it. Nothing of yours was saved; "
                "choose which to keep.",
                what=what,
            )
        )


class Unavailable(LifecycleError):
    """The database is locked, read-only, full or gone. Trying again may help; nothing was half written."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence
            or say("The database cannot be reached just now. Nothing was lost; try again in a moment.")
        )


class Outdated(LifecycleError):
    """The database is newer or older than this version of the program."""


class GuideError(Exception):
    """A mistake in data/guide or a mapping file: stops the start, naming file and field. Not a person's."""

    def __init__(self, file: str, where: str, problem: str) -> None:
        self.file, self.where, self.problem = file, where, problem
        super().__init__(f"{file}: {where}: {problem}")
