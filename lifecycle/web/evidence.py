"""The form that adds a file to the shelf, and the files themselves: Streamlit's own upload holds them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lifecycle.actions import evidence as actions
from lifecycle.errors import Invalid, NotFound, Refused, Unavailable
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.queries import evidence as queries
from lifecycle.queries import projects, worksheets
from lifecycle.queries.people import SignedInPerson
from lifecycle.rules.evidence import FileContent
from lifecycle.rules.media import recognise, size_words
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.store.files import Files
from lifecycle.vocabulary import Gate
from lifecycle.web.accounts import Accounts
from lifecycle.web.downloads import download
from lifecycle.web.forms import form_seed, is_own_form, keep_seed, token_for
from lifecycle.web.guard import SESSION_COOKIE, safe_next, sign_in_address
from lifecycle.web.headers import is_https
from lifecycle.web.pages import FRESH, Shown, form_policy, message, page
from lifecycle.web.refusals import note_refusal
from lifecycle.web.uploads import Upload, UploadRefused, receiving

ADD = "/evidence/add"
SCRIPT = Path(__file__).with_name("upload.js")
SCRIPT_PATH = "/upload.js"
_WAY = ("project", "gate", "field", "item", "back", "frame")  # what the form hands on to itself
_NOBODY = mark("There is no file here that you can see. It may have been moved, or its project archived.")


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str


@dataclass(frozen=True, slots=True)
class OptionGroup:
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class EvidencePages:
    """The clock is read here: this is the edge. `guide` is asked for when it is needed."""

    database: Database
    files: Files
    accounts: Accounts
    settings: Settings
    guide: Callable[[], Guide]

    def routes(self) -> list[BaseRoute]:
        return [
            Route(ADD, self._add, methods=["GET", "POST"]),
            Route("/evidence/file/{revision:int}", self._download),
            Route("/evidence/file/{revision:int}/view", self._view),
            Route(SCRIPT_PATH, _script),
        ]

    @property
    def _largest(self) -> int:
        return self.settings.largest_evidence_megabytes * 1_000_000

    # ------------------------------------------------------------ adding

    async def _add(self, request: Request) -> Response:
        person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
        if person is None:
            return RedirectResponse(sign_in_address(request.scope), 303)
        try:
            if request.method == "POST":
                return await self._take(request, person)
            if "done" in request.query_params:
                return self._done(request)
            return await self._show(request, person, dict(request.query_params))
        except NotFound as error:
            return message(say("Not found"), str(error), status=404, link_text=say("Back to Lifecycle"))
        except Unavailable as error:
            return message(say("Just a moment"), str(error), status=503, link_text=say("Back to Lifecycle"))

    async def _take(self, request: Request, person: SignedInPerson) -> Response:
        """Nothing is kept unless the person may add it here and everything about it is in order."""
        way, fields = dict(request.query_params), dict[str, str]()
        try:
            await run_in_threadpool(self._refuse_outsider, way, person)
            async with receiving(
                request,
                self.files,
                largest=self._largest,
                is_own=lambda fields: is_own_form(request, fields.get("form_token", "")),
            ) as upload:
                fields = upload.fields
                way |= {name: fields[name] for name in _WAY if name in fields}
                evidence_id = await run_in_threadpool(self._keep, upload, way, person)
        except UploadRefused as refused:
            answer = await self._refused(request, person, way, {"": refused.sentence}, {}, refused.status)
            answer.headers["Connection"] = "close"  # what is still on its way is not read
            return answer
        except ClientDisconnect:
            return Response(status_code=400)
        except (Invalid, Refused, Unavailable) as error:
            problems = error.problems if isinstance(error, Invalid) else {"": str(error)}
            status = 503 if isinstance(error, Unavailable) else 422
            return await self._refused(request, person, way, problems, fields, status)
        return self._added(request, way, evidence_id)

    def _refuse_outsider(self, way: Mapping[str, str], person: SignedInPerson) -> None:
        with self.database.read() as session:
            head = projects.head(session, key=way.get("project", ""), by=person.actor)
            if sentence := queries.against_adding(head, person.actor):
                raise UploadRefused(sentence, 403)

    def _keep(self, upload: Upload, way: Mapping[str, str], person: SignedInPerson) -> int:
        """The file to its place and its row into the database: in this order all of it is there, or nothing shows."""
        arriving = upload.arriving
        if arriving is None:
            raise Invalid({"file": say("Choose a file.")} if not upload.file_name else {"file": say(_EMPTY)})
        found = recognise(upload.file_name, arriving.head, arriving.size, arriving.tail)
        if found.problem:
            raise Invalid({"file": found.problem})
        expires_on = _day(upload.fields.get("expires_on", ""))
        arriving.settle()
        content = FileContent(arriving.digest, arriving.size, found.media_type, found.name)
        with self.database.write() as session:
            given: dict[str, Any] = {
                "by": person.actor,
                "at": datetime.now(UTC),
                "guide": self.guide(),
                "content": content,
                "expires_on": expires_on,
                "note": upload.fields.get("note", ""),
            }
            head = projects.head(session, key=way.get("project", ""), by=person.actor)
            evidence_id = _item(way)
            if evidence_id:
                actions.revise(session, evidence_id=evidence_id, **given)
            else:
                given |= {"title": upload.fields.get("title", ""), **_place(upload.fields.get("place", ""))}
                evidence_id = actions.add(session, project_id=head.id, **given)
            arriving.keep()
        return evidence_id

    # ------------------------------------------------------------ what the person sees

    async def _show(
        self,
        request: Request,
        person: SignedInPerson,
        way: Mapping[str, str],
        shown: Shown = FRESH,
        status: int = 200,
    ) -> Response:
        drawn = await run_in_threadpool(self._form, person, way)
        seed = form_seed(request)
        title = say("New revision of “{title}”", title=drawn.title) if drawn.title else say("Add a file")
        answer = page(
            "add_file",
            title,
            status=status,
            shown=Shown({"place": drawn.chosen, **shown.values}, shown.problems),
            form_token=token_for(request, seed),
            action=f"{ADD}?{urlencode(_kept(way))}",
            way=_kept(way),
            drawn=drawn,
            largest=self._largest,
            largest_words=size_words(self._largest),
            script=SCRIPT_PATH,
            back=safe_next(way.get("back")) if way.get("back") else "",
            framed=_is_framed(way),
        )
        secure = is_https(
            request.scope, trust_proxy=self.settings.trust_proxy, public_url=self.settings.public_url
        )
        keep_seed(answer, request, seed, secure=secure)
        return _may_be_framed(answer)

    def _form(self, person: SignedInPerson, way: Mapping[str, str]) -> FormDrawn:
        with self.database.read() as session:
            shelf = queries.shelf(
                session, by=person.actor, at=datetime.now(UTC), guide=self.guide(), key=way.get("project", "")
            )
            sources = worksheets.sheet(session, project_id=shelf.project.id).sources
        found = shelf.item(_item(way))
        if _item(way) and found is None:
            raise NotFound("document", _item(way))
        gate = Gate(way["gate"]) if way.get("gate") in set(Gate) else None
        field_id = way.get("field", "")
        chosen = f"field:{field_id}" if field_id else f"gate:{gate or shelf.project.gate}"
        return FormDrawn(
            project=shelf.project.name,
            title=found.document.title if found else "",
            expires_on=found.document.expires_on.isoformat()
            if found and found.document.expires_on and not found.document.is_expired
            else "",
            chosen=chosen,
            places=tuple(_places(self.guide(), gate, [(each.id, each.name) for each in sources])),
        )

    async def _refused(
        self,
        request: Request,
        person: SignedInPerson,
        way: Mapping[str, str],
        problems: Mapping[str, str],
        values: Mapping[str, str],
        status: int,
    ) -> Response:
        note_refusal("evidence.add", person.actor.key, Invalid(problems))
        problems = {_FIELDS.get(place, place): sentence for place, sentence in problems.items()}
        if _wants_json(request):
            return JSONResponse({"problems": problems}, status, {"Cache-Control": "no-store"})
        return await self._show(request, person, way, Shown(values, problems), status)

    def _added(self, request: Request, way: Mapping[str, str], evidence_id: int) -> Response:
        shelf = f"/evidence?{urlencode({'project': way.get('project', ''), 'item': evidence_id})}"
        where = safe_next(way["back"]) if way.get("back") else shelf
        if _is_framed(way):
            where = f"{ADD}?{urlencode({**_kept(way), 'done': evidence_id})}"
        if _wants_json(request):
            return JSONResponse({"to": where}, headers={"Cache-Control": "no-store"})
        return RedirectResponse(where, 303, {"Cache-Control": "no-store"})

    def _done(self, request: Request) -> Response:
        """Inside a page of ours: its script closes the box around it, so that the page shows what is new."""
        way = _kept(request.query_params)
        again = f"{ADD}?{urlencode({name: told for name, told in way.items() if name != 'item'})}"
        answer = page("file_added", say("Added"), again=again, script=SCRIPT_PATH, framed=_is_framed(way))
        return _may_be_framed(answer)

    # ------------------------------------------------------------ fetching

    async def _download(self, request: Request) -> Response:
        return await self._fetch(request, inline=False)

    async def _view(self, request: Request) -> Response:
        return await self._fetch(request, inline=True)

    async def _fetch(self, request: Request, *, inline: bool) -> Response:
        person = await run_in_threadpool(self.accounts.person, request.cookies.get(SESSION_COOKIE, ""))
        if person is None:
            return RedirectResponse(sign_in_address(request.scope), 303)
        try:
            stored = await run_in_threadpool(self._find, person, request.path_params["revision"])
        except NotFound:
            return message(say("Not found"), say(_NOBODY), status=404, link_text=say("Back to Lifecycle"))
        except Unavailable as error:
            return message(say("Just a moment"), str(error), status=503, link_text=say("Back to Lifecycle"))
        return download(request, self.files, stored, inline=inline)

    def _find(self, person: SignedInPerson, revision_id: int) -> queries.StoredFile:
        with self.database.read() as session:
            stored = queries.stored_file(
                session, by=person.actor, at=datetime.now(UTC), revision_id=revision_id
            )
        self.files.require(stored.digest)
        return stored


@dataclass(frozen=True, slots=True)
class FormDrawn:
    """What the page is filled with. `title` is that of the document that gets a new revision."""

    project: str
    title: str
    expires_on: str
    chosen: str
    places: tuple[OptionGroup, ...]


_EMPTY = mark("The file is empty. Choose it again.")
_FIELDS = {"expiry": "expires_on", "link": "file"}


def _item(way: Mapping[str, str]) -> int:
    """The document that gets a new revision; 0: a new document."""
    text = way.get("item", "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 18 else 0


def _kept(way: Mapping[str, str]) -> dict[str, str]:
    return {name: way[name] for name in _WAY if way.get(name)}


def _is_framed(way: Mapping[str, str]) -> bool:
    return way.get("frame") == "1"


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _may_be_framed(answer: Response) -> Response:
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Content-Security-Policy"] = form_policy()
    return answer


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid({"expires_on": say("Write the day as 2027-03-31.")}) from None


def _place(told: str) -> dict[str, Any]:
    kind, _, name = told.partition(":")
    if kind == "gate" and name in set(Gate):
        return {"gate": Gate(name)}
    if kind == "field" and name:
        return {"field_id": name}
    if kind == "source" and name.isdecimal() and name.isascii() and len(name) < 18:
        return {"source_id": int(name)}
    return {}


def _places(guide: Guide, gate: Gate | None, sources: Iterable[tuple[int, str]]) -> Iterable[OptionGroup]:
    """Where a document may belong: gates, the questions that ask for one, data sources, every other question."""
    gates = [gate] if gate else list(Gate)
    yield OptionGroup(
        say("Gate"), tuple(Option(f"gate:{each}", say("The {gate} gate", gate=each.title)) for each in gates)
    )
    asked = [field_id for each in gates for field_id in guide.policy.required_evidence.get(each, ())]
    if asked:
        yield OptionGroup(
            say("Documents that are asked for"), tuple(_question(guide, each) for each in asked)
        )
    told = tuple(Option(f"source:{source_id}", name) for source_id, name in sources)
    if told:
        yield OptionGroup(say("Data source"), told)
    stages = [sheet for sheet in guide.worksheets if gate is None or sheet.stage is gate.stage]
    for sheet in (*stages, guide.source_worksheet):
        rest = tuple(_question(guide, field.id) for field in sheet.fields if field.id not in asked)
        if rest:
            yield OptionGroup(sheet.stage.title if sheet.stage else say("Record of a data source"), rest)


def _question(guide: Guide, field_id: str) -> Option:
    return Option(f"field:{field_id}", f"{guide.field(field_id).title} ({field_id})")


async def _script(_request: Request) -> Response:
    return FileResponse(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
