"""Everything a person can cause, as sentences they can act on. Bugs are not caught by these."""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.language import mark, say
from lifecycle.vocabulary import Blocker


class LifecycleError(Exception):
    """Base of all expected refusals. `str()` is safe and useful on any screen."""


# What people look for in vain, and the places of a form that no label names: whoever raises an error names both in
# English, and they are said here. Other places are titles and stand as they are.
_SOUGHT = (
    *(mark("account"), mark("change"), mark("channel"), mark("check"), mark("condition")),
    *(mark("data source"), mark("decision"), mark("delegation"), mark("delivery"), mark("document")),
    *(mark("file"), mark("import"), mark("incident"), mark("mapping"), mark("monitor")),
    *(mark("organisation"), mark("person"), mark("project"), mark("question"), mark("reading")),
    *(mark("release"), mark("review"), mark("token"), mark("waiver")),
)
_PLACES = (
    *(mark("action"), mark("answer"), mark("assignee"), mark("began"), mark("cause"), mark("change")),
    *(mark("code"), mark("column"), mark("comment"), mark("conditions"), mark("country"), mark("date")),
    *(mark("decision"), mark("downstream"), mark("due date"), mark("email"), mark("expiry")),
    *(mark("fields"), mark("file"), mark("filters"), mark("fix"), mark("form"), mark("format")),
    *(mark("gates"), mark("hour"), mark("kind"), mark("language"), mark("lessons"), mark("level")),
    *(mark("link"), mark("meaning"), mark("message"), mark("messages"), mark("mitigation")),
    *(mark("model version"), mark("name"), mark("note"), mark("number"), mark("on behalf of")),
    *(mark("outcome"), mark("owner"), mark("password"), mark("person"), mark("place"), mark("project")),
    *(mark("proof"), mark("ready at"), mark("reason"), mark("region"), mark("restored"), mark("role")),
    *(mark("scopes"), mark("source"), mark("stage"), mark("status"), mark("step"), mark("summary")),
    *(mark("text"), mark("the sentence"), mark("tier"), mark("time"), mark("title"), mark("to whom")),
    *(mark("told"), mark("until"), mark("value"), mark("where"), mark("whom"), mark("words")),
)


def said_place(place: str) -> str:
    """A place of a form ("condition 2 · due date") in the language spoken now."""
    return " · ".join(say(part) for part in place.split(" · "))


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
                say("{place}: {problem}", place=said_place(place), problem=text) if place else text
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
