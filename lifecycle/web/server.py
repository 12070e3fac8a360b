"""How the product is served: what happens before the first request, and the listening socket itself."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from lifecycle.actions import guides
from lifecycle.errors import GuideError, LifecycleError, Unavailable
from lifecycle.facts.editions import is_kept
from lifecycle.facts.own_guides import in_force
from lifecycle.guide import Guide
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.jobs import Jobs, Worker
from lifecycle.language import say, speaking
from lifecycle.own_guide import with_own
from lifecycle.queries.projects import are_there_any
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.settings import Settings, console_language
from lifecycle.store.database import open_database
from lifecycle.store.files import open_files
from lifecycle.store.migrations import upgrade
from lifecycle.vocabulary import SYSTEM
from lifecycle.web.accounts import Accounts
from lifecycle.web.api.application import PREFIX, description_of, make_application
from lifecycle.web.api.asking import House
from lifecycle.web.api.documentation import Documentation
from lifecycle.web.api.door import Door
from lifecycle.web.api.problems import problem
from lifecycle.web.document_upload import DocumentUpload
from lifecycle.web.evidence import EvidencePages
from lifecycle.web.guard import Guard, Wire
from lifecycle.web.headers import application_policy
from lifecycle.web.index_page import SCRIPT, SCRIPT_PATH, IndexPage
from lifecycle.web.live_sessions import LiveSessions
from lifecycle.web.logs import set_up_logs
from lifecycle.web.pages import message
from lifecycle.web.provider_sign_in import ProviderPages
from lifecycle.web.readings_upload import ReadingsUpload
from lifecycle.web.register_upload import RegisterUpload
from lifecycle.web.sign_in import LoadExample, SignInPages
from lifecycle.web.speech import LANGUAGE_PATH, LanguageChoice, Speech
from lifecycle.web.watching import Figures, Watching
from lifecycle.web.worksheet_upload import WorksheetUpload


@dataclass(frozen=True, slots=True)
class Sockets:
    """Streamlit's own limits for its websocket, which a server started by hand would otherwise lose."""

    largest_message: int
    ping_seconds: float
    compression: bool


class Site:
    """One installation: settings, database, routes, guard. Touches nothing until it starts."""

    def __init__(self, settings: Settings, *, load_example: LoadExample | None = None) -> None:
        self.settings = settings
        self.database = open_database(settings.database_url)
        self.accounts = Accounts(self.database, settings)
        self.sessions = LiveSessions(self.accounts.find_live, self.accounts.touch)
        self.files = open_files(settings, self.database.file)
        self._shipped: Guide | None = None
        self._evidence = EvidencePages(self.database, self.files, self.accounts, settings, self.guide)
        self._sign_in = SignInPages(self.accounts, self.sessions, settings, load_example)
        self._provider = ProviderPages(self.accounts, settings)
        files = RegisterFiles(self.database.file, settings.uploads)
        self._register_upload = RegisterUpload(self.accounts, files, settings)
        self._worksheet_upload = WorksheetUpload(self.accounts, self.database, files)
        self._readings_upload = ReadingsUpload(self.accounts, files, settings)
        self._document_upload = DocumentUpload(self.database, self.accounts, settings, self.guide)
        self._api = make_application(House(self.database, settings, self.guide))
        self._documentation = Documentation(lambda: description_of(self._api))
        self.door = Door(self.database, settings)
        self.figures = Figures()
        self._serves_itself = False
        self._is_prepared = False

    def routes(self) -> list[BaseRoute]:
        """All routes that are not Streamlit's. The guard closes each unless it is on its literal list."""
        return [
            Route("/healthz", _is_alive),
            Route("/readyz", self._is_ready),
            *self._sign_in.routes(),
            *self._provider.routes(),
            *self._evidence.routes(),
            *self._register_upload.routes(),
            *self._worksheet_upload.routes(),
            *self._readings_upload.routes(),
            *self._document_upload.routes(),
            Route(SCRIPT_PATH, _script),
            Route("/home", _to_the_root),
            Route(LANGUAGE_PATH, LanguageChoice(self.settings).answer),
            *self._documentation.routes(),
            Mount(PREFIX, self._api),
            Route("/api/{path:path}", _no_such_operation, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def middleware(self, *, index_page: Path, wire: Wire) -> list[Middleware]:
        policy = application_policy(index_page)
        guard = Middleware(
            Guard, sessions=self.sessions, door=self.door, settings=self.settings, policy=policy, wire=wire
        )
        watching = Middleware(Watching, figures=self.figures, settings=self.settings)
        return [watching, Middleware(Speech), guard, Middleware(IndexPage, index_page=index_page)]

    def exception_handlers(self) -> dict[type[Exception], Callable[[Request, Exception], Response]]:
        """What a bug in a route looks like to its caller; the traceback goes to the log alone."""
        return {Exception: _broken}

    def lifespan(self) -> Callable[[Any], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def lives(_app: object) -> AsyncIterator[None]:
            await run_in_threadpool(self.prepare)
            await run_in_threadpool(self._announce)
            worker = self._worker()
            # What exists now lives as long as the server: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            if worker is not None:
                worker.start()
            try:
                yield
            finally:
                self.sessions.close()
                self.door.close()
                if worker is not None:
                    await run_in_threadpool(worker.stop)
                await run_in_threadpool(self.database.dispose)

        return lives

    def _worker(self) -> Worker | None:
        """None where the jobs are left to others: to another server, or to `tick` from cron."""
        if not self.settings.jobs:
            return None
        return Worker(Jobs(self.database, self.settings, self._guide_of_files()))

    def prepare(self) -> None:
        """Check the guide, upgrade the database behind its lock and sweep up broken uploads, once per process.

        Raises GuideError, Outdated or Unavailable: then nothing is served.
        """
        if not self._is_prepared:
            set_up_logs(as_json=self.settings.logs_json)
            self._guide_of_files()
            upgrade(self.database)
            self._keep_guide(self.guide())
            self.files.sweep()
            self._is_prepared = True

    def _keep_guide(self, guide: Guide) -> None:
        """What the files say now, for the projects of this version when the files move on to the next."""
        with self.database.read() as session:
            wanted = are_there_any(session) and not is_kept(session, guide)
        if wanted:
            with self.database.write() as session:
                guides.keep(session, by=SYSTEM, at=datetime.now(UTC), guide=guide)

    def guide(self) -> Guide:
        """The one in force now, in the language spoken: the files as checked at the start, and what was added on
        screen since.
        """
        with self.database.read() as session:
            return in_force(session, self._guide_of_files()).here()

    def _guide_of_files(self) -> Guide:
        if self._shipped is None:
            shipped = load_checked_guide(self.settings.guide_folder)
            self._shipped = with_own(shipped, self.settings.own_guide)
        return self._shipped

    def serve(self, app: ASGIApp, sockets: Sockets) -> int:
        """Serve until stopped, on a socket of our own; returns the exit code.

        TCP_NODELAY: without it every answer of a rerun waits 40 ms for the browser's delayed acknowledgement.
        """
        self._serves_itself = True
        with speaking(console_language()):
            listening = self._ready_to_listen()
        if listening is None:
            return 1
        server = uvicorn.Server(_configuration(app, self.settings, sockets))
        with listening:
            server.run(sockets=[listening])
        return 0 if server.started else 3

    def _ready_to_listen(self) -> socket.socket | None:
        """None when that cannot be; the reason is printed."""
        try:
            self.prepare()
            return _listen(self.settings.address, self.settings.port)
        except (LifecycleError, GuideError) as error:
            _say(str(error), to=sys.stderr)
        except OSError as error:
            _say(
                say(
                    "Cannot listen on {address}, port {port}: {reason}. Choose another one, as in PORT=9000.",
                    address=self.settings.address,
                    port=self.settings.port,
                    reason=error.strerror,
                ),
                to=sys.stderr,
            )
        return None

    def _announce(self) -> None:
        with speaking(console_language()):
            self._say_where()

    def _say_where(self) -> None:
        code = self.accounts.renew_set_up_code()
        # Another server that runs us knows its port, we do not.
        knows_address = self._serves_itself or self.settings.public_url is not None
        base = self.settings.base_url if knows_address else ""
        if code is not None:
            where = f"{base}/set-up?code={code}"
            _say(
                say(
                    "\n  Lifecycle is new here. Set it up at {where}\n  Set-up code: {code}\n",
                    where=where,
                    code=code,
                )
            )
        elif self._serves_itself:
            _say(say("\n  Lifecycle is at {base}\n", base=base))

    async def _is_ready(self, _request: Request) -> Response:
        try:
            await run_in_threadpool(self.accounts.is_reachable)
        except Unavailable as error:
            return PlainTextResponse(str(error), 503)
        return PlainTextResponse("ready")


async def _script(_request: Request) -> Response:
    return FileResponse(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _to_the_root(request: Request) -> Response:
    """The first page has no address of its own, though the sidebar makes people expect one."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/", 303)


async def _is_alive(_request: Request) -> Response:
    return PlainTextResponse("alive")


async def _no_such_operation(request: Request) -> Response:
    detail = say("There is no operation {method} {path}.", method=request.method, path=request.url.path)
    return problem("not-there", 404, detail, request_id=request.scope.get("request_id", ""))


def _broken(request: Request, _error: Exception) -> Response:
    title = say(
        "Something broke on our side. Nothing was half saved; try again, or tell an administrator when."
    )
    if request.url.path.startswith("/api/"):
        return problem("broken", 500, title)
    return message(say("Something broke"), title, status=500, link_text=say("Back to Lifecycle"))


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((address, port))
        listening.listen(2048)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _configuration(app: ASGIApp, settings: Settings, sockets: Sockets) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.address,
        port=settings.port,
        ws="websockets-sansio",
        ws_max_size=sockets.largest_message,
        ws_ping_interval=sockets.ping_seconds,
        ws_ping_timeout=sockets.ping_seconds,
        ws_per_message_deflate=sockets.compression,
        proxy_headers=settings.trust_proxy,
        forwarded_allow_ips="*" if settings.trust_proxy else None,
        server_header=False,
        access_log=False,
        log_level="warning",
        log_config=None if settings.logs_json else uvicorn.config.LOGGING_CONFIG,
        timeout_graceful_shutdown=5,
    )


def _say(text: str, *, to: TextIO | None = None) -> None:
    stream = to or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()
