"""Run a command beside a PostgreSQL server of its own: `with_postgresql.py [--install] [--optional] COMMAND…`.

The server lives in a temporary folder, listens on loopback and is gone afterwards; its address is in
LIFECYCLE_TEST_POSTGRESQL. With --install, Debian's package is fetched where the machine has no server programs.
Standard library only. Exit code: the command's, or 3 when there is no PostgreSQL to run it beside; with --optional
then 0, except in CI, where nothing is left out.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

# Run as `python scripts/with_postgresql.py`: the folder above is where `scripts` is.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.find_chromium import apt_ways, run_patiently
from scripts.serving import free_port

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
VARIABLE = "LIFECYCLE_TEST_POSTGRESQL"
ACCOUNT = "lifecycle"
# What is lost when this machine loses power is a test's.
QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "max_connections=200",
)
NONE_HERE = "No PostgreSQL server programs here: install Debian's postgresql package, or run with --install."


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version first."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted((folder for place in PLACES for folder in Path("/").glob(place[1:])), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def install() -> Path | None:
    for commands in apt_ways("postgresql", "postgresql-client"):
        if all(run_patiently(command) for command in commands):
            return programs()
    return None


@dataclass(frozen=True)
class Cluster:
    """A server of its own: its data in `place`, its address an account that may make databases."""

    place: Path
    port: int
    run: Callable[..., None]
    programs: Path
    options: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        as_said = ("-A", "trust", "-U", ACCOUNT, "-E", "UTF8", "--locale=C", "--no-sync")
        self.run(self.programs / "initdb", "-D", self.place / "data", *as_said)

    def start(self) -> None:
        network = (f"-p {self.port}", f"-k {self.place}", "-c listen_addresses=127.0.0.1")
        options = " ".join((*network, *(f"-c {each}" for each in self.options)))
        self._control("-l", self.place / "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` leaves it as a power cut does: what was committed is found again by the next start."""
        self._control("-m", mode, "stop")

    def _control(self, *what: object) -> None:
        self.run(self.programs / "pg_ctl", "-D", self.place / "data", "-w", *what)


@contextmanager
def postgresql(programs: Path, options: tuple[str, ...] = QUICK) -> Iterator[Cluster]:
    """A fresh server that runs, and is gone when the block ends; it may be stopped and started meanwhile."""
    with tempfile.TemporaryDirectory(prefix="lifecycle-postgresql-") as place:
        cluster = Cluster(Path(place), free_port(), _runner(Path(place)), programs, options)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            with suppress(subprocess.CalledProcessError):  # stopped already
                cluster.stop()


def _runner(place: Path) -> Callable[..., None]:
    """Server programs refuse to run as root: there they run as the account that Debian's package makes."""
    account = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = "postgres" if "postgres" in names else "nobody"
        shutil.chown(place, account)

    def run(*command: object) -> None:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            user=account,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return run


def main(arguments: list[str]) -> int:
    wanted = list(takewhile(lambda argument: argument in ("--install", "--optional"), arguments))
    command = arguments[len(wanted) :]
    if not command:
        print("Usage: with_postgresql.py [--install] [--optional] COMMAND…", file=sys.stderr)
        return 2
    folder = programs() or (install() if "--install" in wanted else None)
    if folder is None:
        print(NONE_HERE, file=sys.stderr)
        return 0 if "--optional" in wanted and not os.environ.get("CI") else 3
    with postgresql(folder) as cluster:
        return subprocess.run(command, env={**os.environ, VARIABLE: cluster.address}, check=False).returncode


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no server behind
    sys.exit(main(sys.argv[1:]))
