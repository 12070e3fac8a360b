"""P9: what was acknowledged survives `kill -9`. The oracle is the writer's list of acknowledgements."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from sqlmodel import select

from lifecycle.events import chain_stamp, project_chain, verify_all
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Answer
from tests.store.rows import add_project, save_answer, start_process, wait_for

ROUNDS = 20
PER_CHANGE = 5  # answers in one transaction: all or none


def write_until_killed(acknowledge: int) -> Callable[[Database], None]:
    def work(database: Database) -> None:
        with database.write() as session:
            number = chain_stamp(session)
        while True:
            with database.write() as session:
                for _ in range(PER_CHANGE):
                    number += 1
                    save_answer(session, 1, number)
            os.write(acknowledge, f"{number}\n".encode())

    return work


def killed_while_writing(url: str, chance: random.Random) -> list[int]:
    """Let a process write for a moment, kill it at any instant, and give what it had acknowledged."""
    reading, writing = os.pipe()
    process = start_process(write_until_killed(writing), url)
    os.close(writing)
    with os.fdopen(reading) as said:
        heard = [said.readline() for _ in range(chance.randint(1, 6))]
        time.sleep(chance.uniform(0, 0.01))
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
        heard += said.readlines()
    return [int(line) for line in heard if line.endswith("\n")]


@pytest.mark.crash
def test_no_acknowledged_change_is_lost_by_kill_9(database: Database, database_url: str) -> None:
    with database.write() as session:
        add_project(session)
    database.dispose()
    chance, last = random.Random(9), 0
    for _ in range(ROUNDS):
        acknowledged = killed_while_writing(database_url, chance)
        assert acknowledged[0] == last + PER_CHANGE
        after = open_database(database_url)
        with after.read() as session:
            kept = sorted(int(value or 0) for value in session.exec(select(Answer.value)))
            last = chain_stamp(session, project_chain(1))
            assert verify_all(session) == []
        after.dispose()
        assert kept == list(range(1, last + 1))  # answers and events agree, nothing is half written
        assert last in (acknowledged[-1], acknowledged[-1] + PER_CHANGE)  # the last may not have been told
