"""The shelf over HTTP, from real servers: what gets in, what does not, who gets it out, and what is left behind."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import accounts, people
from lifecycle.demo.documents import bar_chart, page
from lifecycle.store.database import open_database
from lifecycle.store.migrations import upgrade
from lifecycle.store.tables import EvidenceRevision
from lifecycle.vocabulary import Role
from lifecycle.web.downloads import content_disposition
from scripts.serving import Server, serving
from tests.clock import START
from tests.factories import Cast, cast, project
from tests.rules.building import guide as shipped_guide
from tests.web.conftest import form_of

PROBE = (sys.executable, "tests/web/probe/app.py")
ADD = "/evidence/add?project=orders&gate=discovery"
PDF, PNG = page(["Report"]), bar_chart([1.0, 3.0, 2.0])
BACK = "/gate?project=orders"


@dataclass
class Site:
    """A served installation with the projects Orders (Pat's) and Returns (Olu's)."""

    server: Server
    folder: Path
    everybody: Cast

    def browser(self, name: str | None = "Pat") -> httpx.Client:
        """Of a signed-in person, or of nobody."""
        client = httpx.Client(base_url=self.server.url, timeout=60)
        if name is not None:
            client.cookies.set("lifecycle_session", self.token(name))
        return client

    def token(self, name: str) -> str:
        known = {actor.name: actor for actor in vars(self.everybody).values() if hasattr(actor, "key")}
        known |= {actor.name: actor for actor in self.everybody.reviewers.values()}
        with self.writing() as session:
            key, lasts = known[name].key, timedelta(days=1)
            return accounts.sign_in(session, at=datetime.now(UTC), person_key=key, lasts=lasts)

    def writing(self) -> Any:
        return open_database(self.server.database_url).write()

    def rows(self) -> list[EvidenceRevision]:
        with open_database(self.server.database_url).read() as session:
            return list(session.exec(select(EvidenceRevision).order_by(col(EvidenceRevision.id))).all())

    def kept(self) -> list[str]:
        """The names of all files on the shelf, half ones too."""
        found = (self.folder / "evidence").rglob("*")
        return sorted(path.name for path in found if path.is_file())

    def arriving(self) -> list[int]:
        """The sizes of the uploads on their way in."""
        return [path.stat().st_size for path in (self.folder / "evidence").glob("arriving/*")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _serve(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One that takes files up to a megabyte."""
    yield from _serve(tmp_path_factory.mktemp("small"), LIFECYCLE_EVIDENCE_MEGABYTES="1")


def _serve(folder: Path, **environment: str) -> Iterator[Site]:
    database = open_database(f"sqlite:///{folder / 'lifecycle.db'}")
    upgrade(database)
    with database.write() as session:
        everybody = _people(session)
    database.dispose()
    with serving(folder, command=PROBE, environment=environment) as server:
        yield Site(server, folder, everybody)
        assert "Traceback" not in server.output()


def _people(session: Session) -> Cast:
    everybody = cast(session, shipped_guide())
    orders = project(session, everybody)
    project(session, everybody, "Returns")
    roles = (
        (everybody.reviewers[Role.PRIVACY], Role.PRIVACY),
        (everybody.reviewers[Role.LEGAL], Role.READER),
    )
    for person, role in roles:
        people.give_project_role(
            session, by=everybody.pat, at=START, project_id=orders, person_key=person.key, role=role
        )
    people.give_project_role(
        session, by=everybody.pat, at=START, project_id=orders + 1, person_key=everybody.olu.key, role=role
    )
    return everybody


def add(client: httpx.Client, name: str, content: bytes, address: str = ADD, **fields: str) -> httpx.Response:
    """Fill in the form as a browser does."""
    told = {**form_of(client.get(address)), "place": "gate:discovery", **fields}
    return client.post(address, data=told, files={"file": (name, content)})


def added(site: Site, name: str, content: bytes, **fields: str) -> EvidenceRevision:
    with site.browser() as client:
        assert add(client, name, content, **fields).status_code == 303
    return site.rows()[-1]


# ------------------------------------------------------------------ in and out


def test_file_gets_in_by_the_form_and_out_again_with_every_header(site: Site) -> None:
    with site.browser() as client:
        done = add(client, '../Käse; "Test\u202e".pdf', PDF, f"{ADD}&back={BACK}", title="Test report")
        assert (done.status_code, done.headers["location"]) == (303, BACK)
        row = site.rows()[-1]
        assert (row.file_name, row.media_type, row.size) == ("Käse; _Test_.pdf", "application/pdf", len(PDF))

        got = client.get(f"/evidence/file/{row.id}")
        assert got.content == PDF
        expected = {
            "content-type": "application/pdf",
            "content-disposition": 'attachment; filename="K_se_ _Test_.pdf"; '
            "filename*=UTF-8''K%C3%A4se%3B%20_Test_.pdf",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-cache",
            "etag": f'"{hashlib.sha256(PDF).hexdigest()}"',
            "accept-ranges": "bytes",
            "x-frame-options": "SAMEORIGIN",
        }
        assert {name: got.headers[name] for name in expected} == expected
        assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        shown = client.get(f"/evidence/file/{row.id}/view")
        assert shown.headers["content-disposition"].startswith("inline;")
        assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert client.head(f"/evidence/file/{row.id}").headers["content-length"] == str(len(PDF))
        known = client.get(f"/evidence/file/{row.id}", headers={"If-None-Match": got.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "content", "served"),
    [
        ("page.html", b'<!doctype html><div id="root"><script>alert(1)</script>', "application/octet-stream"),
        ("drawing.svg", b"<svg xmlns='x' onload='alert(1)'/>", "application/octet-stream"),
        ("numbers.bin", b"\x00\x01\x02", "application/octet-stream"),
        ("notes.txt", b"<script>alert(1)</script>", "text/plain; charset=utf-8"),
    ],
)
def test_what_a_browser_would_act_on_is_never_served_as_such(
    site: Site, name: str, content: bytes, served: str
) -> None:
    row = added(site, name, content)
    with site.browser() as client:
        for address in (f"/evidence/file/{row.id}", f"/evidence/file/{row.id}/view"):
            got = client.get(address, headers={"Accept": "text/html,*/*"})
            assert (got.headers["content-type"], got.content) == (served, content)
            is_text = served.startswith("text/plain") and address.endswith("view")
            assert got.headers["content-disposition"].startswith("inline" if is_text else "attachment")


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=0-1", 200, slice(None)),
        ("bytes=999999999-", 416, slice(0)),
        ("bytes=9-5", 416, slice(0)),
    ],
)
def test_part_of_a_file_is_that_part(site: Site, wanted: str, status: int, part: slice) -> None:
    row = next((row for row in site.rows() if row.file_name == "chart.png"), None) or added(
        site, "chart.png", PNG
    )
    with site.browser() as client:
        headers = {"Range": wanted, "Accept-Encoding": "gzip"}
        got = client.get(f"/evidence/file/{row.id}", headers=headers)
    assert got.status_code == status
    if status != 416:
        assert got.content == PNG[part]
    if status == 206:
        start = PNG.index(PNG[part])
        assert got.headers["content-range"] == f"bytes {start}-{start + len(PNG[part]) - 1}/{len(PNG)}"


def test_new_revision_replaces_and_the_same_content_is_stored_once(site: Site) -> None:
    row = added(site, "first.txt", b"one\n")
    address = f"/evidence/add?project=orders&item={row.evidence_id}"
    with site.browser() as client:
        assert "New revision of" in client.get(address).text
        assert add(client, "second.txt", b"two\n", address, note="Corrected").status_code == 303
        again = add(client, "second.txt", b"two\n", address)
        assert again.status_code == 422
        assert "revision 2 holds already" in again.text
        assert add(client, "copy.txt", b"two\n").status_code == 303
    newest = [made for made in site.rows() if made.evidence_id == row.evidence_id][-1]
    assert (newest.number, newest.note) == (2, "Corrected")
    assert site.kept().count(newest.digest) == 1


@pytest.mark.parametrize(
    "name",
    ["a.pdf", 'b"; x="y', "naïve – 文.pdf", "a\r\nSet-Cookie: x=1", "%0d%0aX: 1", "x" * 150],
)
def test_name_cannot_end_the_header(name: str) -> None:
    header = content_disposition(name, inline=False)
    assert re.fullmatch(
        r"attachment; filename=\"[ !#$&'()+,\-.0-9=@A-Z\[\]^_`a-z{}~]*\"; filename\*=UTF-8''[\w.~%-]*",
        header,
    )


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("name", "content", "fields", "sentence"),
    [
        ("report.pdf", PNG, {}, "is called .pdf, but its content is a PNG picture"),
        ("tool.exe", b"MZ\x90\x00\x03", {}, "is a program"),
        ("", b"", {}, "Choose a file"),
        ("empty.txt", b"", {}, "empty"),
        ("a.txt", b"x", {"expires_on": "2001-01-01"}, "has passed"),
        ("a.txt", b"x", {"expires_on": "soon"}, "Write the day as 2027-03-31"),
        ("a.txt", b"x", {"place": "field:Z99"}, "no question"),
        ("a.txt", b"x", {"place": "nowhere"}, "Say to which gate or question"),
        ("a.txt", b"x", {"title": "x" * 300}, "at most 200"),
    ],
)
def test_refused_file_is_a_sentence_and_leaves_nothing(
    site: Site, name: str, content: bytes, fields: dict[str, str], sentence: str
) -> None:
    before, rows = site.kept(), len(site.rows())
    printed = len(site.server.output())
    with site.browser() as client:
        page_shown = add(client, name, content, **fields)
        assert page_shown.status_code in (404, 422)
        assert sentence in page_shown.text.replace("&#34;", '"')
    assert (site.kept(), len(site.rows())) == (before, rows)
    if page_shown.status_code == 422:
        (line,) = re.findall(r"Refused evidence\.add to \S+: .*", site.server.output()[printed:])
        assert sentence not in line


def test_form_must_be_ours_and_the_person_must_be_allowed(site: Site) -> None:
    before, rows = site.kept(), len(site.rows())
    with site.browser() as client, site.browser("Leo") as reader, site.browser("Olu") as stranger:
        token = form_of(client.get(ADD))["form_token"]
        given: dict[str, Any] = {"files": {"file": ("a.txt", b"x")}}
        for data in ({}, {"form_token": "made up"}, {"form_token": token[:-1]}):
            refused = client.post(ADD, data=data, **given)
            assert refused.status_code == 403
            assert "came from elsewhere" in refused.text
        elsewhere = client.post(
            ADD, data={"form_token": token}, headers={"Origin": "https://elsewhere.example"}, **given
        )
        assert elsewhere.status_code == 403
        as_reader = add(reader, "a.txt", b"x")
        assert (as_reader.status_code, "may do this" in as_reader.text) == (403, True)
        assert add(stranger, "a.txt", b"x").status_code == 404
        assert client.post(ADD, content=b"x", headers={"Content-Type": "text/plain"}).status_code == 400
    with site.browser(None) as nobody:
        assert nobody.post(ADD, **given).status_code == 401
    assert (site.kept(), len(site.rows())) == (before, rows)


def test_file_is_for_readers_of_its_project_alone(site: Site) -> None:
    row = added(site, "secret.txt", b"for this project\n")
    address = f"/evidence/file/{row.id}"
    for name in ("Pat", "Priya", "Leo", "Ada"):
        with site.browser(name) as client:
            assert client.get(address).content == b"for this project\n", name
    with site.browser("Olu") as stranger, site.browser("Ann") as outsider:
        for client in (stranger, outsider):
            for path in (address, f"{address}/view", "/evidence/file/99999"):
                got = client.get(path)
                assert got.status_code == 404
                assert "orders" not in got.text.lower()
                assert "secret" not in got.text.lower()
    with site.browser(None) as nobody:
        got = nobody.get(address)
        assert (got.status_code, urlsplit(got.headers["location"]).path) == (303, "/sign-in")


# ------------------------------------------------------------------ large ones


def _announce(site: Site, length: int, *, chunked: bool = False) -> http.client.HTTPConnection:
    """A form whose headers are sent, and the beginning of its file, as far as a browser may get."""
    with site.browser() as client:
        token = form_of(client.get(ADD))["form_token"]
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=60)
    connection.putrequest("POST", ADD)
    for name, value in (
        ("Content-Type", "multipart/form-data; boundary=edge"),
        ("Cookie", cookies),
        ("Accept", "application/json"),
        ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length)),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    connection.begin = (  # type: ignore[attr-defined]
        f'--edge\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n{token}\r\n--edge\r\n'
        'Content-Disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'
    ).encode()
    return connection


def test_too_large_is_refused_before_it_is_read(site: Site) -> None:
    connection = _announce(site, 300_000_000)
    answer = connection.getresponse()  # nothing of the body was sent
    problems = json.loads(answer.read())["problems"]
    connection.close()
    assert answer.status == 413
    assert "larger than 200 MB" in problems[""]


def test_too_large_without_saying_so_is_refused_on_the_way(small_site: Site) -> None:
    connection = _announce(small_site, 0, chunked=True)
    pieces = [connection.begin, *[b"x" * 65_536] * 20]  # type: ignore[attr-defined]
    sent = 0
    try:
        for piece in pieces:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            sent += len(piece)
        answer = connection.getresponse()
        assert answer.status == 413
        assert "larger than 1.0 MB" in json.loads(answer.read())["problems"][""]
    except (BrokenPipeError, ConnectionResetError):  # refused while we were still sending
        assert sent > 1_000_000
    connection.close()
    _until(lambda: small_site.arriving() == [])
    assert small_site.rows() == []


def test_200_megabytes_pass_through_without_staying_in_memory(site: Site) -> None:
    block = (b"0123456789abcdef" * 64 + b"\n") * 1_000
    blocks = 199_000_000 // len(block)
    hashed = hashlib.sha256()
    with site.browser() as client:
        token = form_of(client.get(ADD))["form_token"]
        head = (
            f'--edge\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n{token}\r\n--edge\r\n'
            'Content-Disposition: form-data; name="place"\r\n\r\ngate:discovery\r\n--edge\r\n'
            'Content-Disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'
        ).encode()
        tail = b"\r\n--edge--\r\n"

        def body() -> Iterator[bytes]:
            yield head
            for _ in range(blocks):
                hashed.update(block)
                yield block
            yield tail

        before = _most_memory(site.server.process.pid)
        length = len(head) + blocks * len(block) + len(tail)
        headers = {"Content-Type": "multipart/form-data; boundary=edge", "Content-Length": str(length)}
        assert client.post(ADD, content=body(), headers=headers).status_code == 303
        row = site.rows()[-1]
        assert (row.size, row.digest) == (blocks * len(block), hashed.hexdigest())

        got, fetched = hashlib.sha256(), 0
        with client.stream("GET", f"/evidence/file/{row.id}") as answer:
            for piece in answer.iter_raw():
                got.update(piece)
                fetched += len(piece)
        assert (fetched, got.hexdigest()) == (row.size, row.digest)
        assert _most_memory(site.server.process.pid) - before < 60_000_000


def _most_memory(process: int) -> int:
    """The most bytes that the process ever had in memory."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1_000


# ------------------------------------------------------------------ interrupted


def test_lost_connection_leaves_nothing(site: Site) -> None:
    before, rows = site.kept(), len(site.rows())
    connection = _announce(site, 50_000_000)
    connection.send(connection.begin + b"x" * 3_000_000)  # type: ignore[attr-defined]
    _until(lambda: any(size >= 1_000_000 for size in site.arriving()))
    assert connection.sock is not None
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
    _until(lambda: site.kept() == before)
    assert len(site.rows()) == rows


def test_kill_in_the_middle_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    for site in _serve(tmp_path):
        connection = _announce(site, 50_000_000)
        connection.send(connection.begin + b"x" * 3_000_000)  # type: ignore[attr-defined]
        _until(lambda site=site: any(size >= 1_000_000 for size in site.arriving()))
        site.server.kill()
        connection.close()
        assert site.kept() != []
        with serving(tmp_path, command=PROBE) as server:
            assert httpx.get(f"{server.url}/readyz").status_code == 200
            assert site.kept() == []
            assert site.rows() == []


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to that")
