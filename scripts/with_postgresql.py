"""Run a command beside a PostgreSQL server of its own: `scripts/with_postgresql.py [--install] COMMAND…`.

The server lives in a temporary folder, listens on loopback and is gone afterwards; its address is in
LIFECYCLE_TEST_POSTGRESQL. With --install, Debian's package is fetched where the machine has no server programs.
Standard library only. Exit code: the command's, or 3 when there is no PostgreSQL to run it beside.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Run as `python scripts/with_postgresql.py`: the folder above is where `scripts` is.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.find_chromium import apt_ways, run_patiently
from scripts.serving import free_port

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
VARIABLE = "LIFECYCLE_TEST_POSTGRESQL"
ACCOUNT = "lifecycle"
# What is lost when this machine loses power is a test's.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
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


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of a fresh server, as an account that may make databases."""
    with tempfile.TemporaryDirectory(prefix="lifecycle-postgresql-") as place:
        data, port = Path(place) / "data", free_port()
        run = _runner(Path(place))
        run(
            folder / "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            ACCOUNT,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        options = [
            f"-p {port}",
            f"-k {place}",
            "-c listen_addresses=127.0.0.1",
            *(f"-c {each}" for each in QUICK),
        ]
        run(folder / "pg_ctl", "-D", data, "-l", Path(place) / "log", "-o", " ".join(options), "-w", "start")
        try:
            yield f"postgresql://{ACCOUNT}@127.0.0.1:{port}/postgres"
        finally:
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


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
        )

    return run


def main(arguments: list[str]) -> int:
    wanted = arguments[:1] == ["--install"]
    command = arguments[1:] if wanted else arguments
    if not command:
        print("Usage: with_postgresql.py [--install] COMMAND…", file=sys.stderr)
        return 2
    folder = programs() or (install() if wanted else None)
    if folder is None:
        print(NONE_HERE, file=sys.stderr)
        return 3
    with postgresql(folder) as address:
        return subprocess.run(command, env={**os.environ, VARIABLE: address}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
