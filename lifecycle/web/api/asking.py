"""What every route is given: who asks, the clock, the guide, and a transaction to read or write in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPBearer, SecurityScopes

from lifecycle.errors import Forbidden
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.tokens import Bearer
from lifecycle.settings import Settings
from lifecycle.store.database import Database, Session
from lifecycle.vocabulary import Actor, Scope


@dataclass(frozen=True)
class House:
    """One installation as its routes need it. `guide` is asked for when it is needed."""

    database: Database
    settings: Settings
    guide: Callable[[], Guide]


@dataclass(frozen=True)
class Asking:
    """One request of a program. The clock is read here: this is the edge."""

    house: House
    bearer: Bearer
    at: datetime

    @property
    def by(self) -> Actor:
        return self.bearer.actor

    @property
    def guide(self) -> Guide:
        return self.house.guide()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.house.database.read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Committed before the answer is sent: 2xx means that it is on the disk."""
        with self.house.database.write() as session:
            yield session

    def project(self, session: Session, key: str) -> ProjectHead:
        """Raises NotFound for a project that does not exist or that this program may not read."""
        return projects.head(session, key=key, by=self.by, at=self.at)

    def bring_standing_up_to_date(self) -> None:
        """Dates pass without a write: what one has outrun is written anew before it is read."""
        with self.read() as session:
            lapsed = lapsed_standing(session, at=self.at)
        if lapsed:
            with self.write() as session:
                rebuild_lapsed(session, guide=self.guide, at=self.at)


_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token, made on the page Access tokens or by `python -m lifecycle tokens create`.",
)


async def _asking(
    request: Request, wanted: SecurityScopes, _documented: Annotated[object, Security(_BEARER)]
) -> Asking:
    """The door has let this token in; here it is held to what the route is for."""
    bearer: Bearer = request.scope["bearer"]
    for scope in wanted.scopes:
        if Scope(scope) not in bearer.scopes:
            raise Forbidden(
                say("This token lacks the scope {scope}. Make another one that has it.", scope=scope)
            )
    return Asking(request.app.state.house, bearer, datetime.now(UTC))


AnyToken = Annotated[Asking, Security(_asking)]
Reading = Annotated[Asking, Security(_asking, scopes=[Scope.READ.value])]
WritingProjects = Annotated[Asking, Security(_asking, scopes=[Scope.PROJECTS_WRITE.value])]
WritingWorksheets = Annotated[Asking, Security(_asking, scopes=[Scope.WORKSHEETS_WRITE.value])]
WritingMonitors = Annotated[Asking, Security(_asking, scopes=[Scope.MONITORS_WRITE.value])]
WritingReadings = Annotated[Asking, Security(_asking, scopes=[Scope.READINGS_WRITE.value])]
WritingReleases = Annotated[Asking, Security(_asking, scopes=[Scope.RELEASES_WRITE.value])]
WritingIncidents = Annotated[Asking, Security(_asking, scopes=[Scope.INCIDENTS_WRITE.value])]
