"""P9 under a mixed load, on both databases: whatever was acknowledged is there, nothing is half there, the log holds.

The oracle is the pipe over which the writer says what it was told is saved. A few rounds in `make test`; all two
hundred in `make reliability`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from lifecycle.store.database import open_database
from lifecycle.store.verification import verify
from tests.reliability.mixed_load import DEEDS, World, begin, do_until_killed, found, half_done
from tests.reliability.rounds import ROUNDS
from tests.reliability.servers import DATABASES, Place, place
from tests.store.rows import start_process, wait_for

POWER_EVERY = 4  # rounds in which the database's own server goes too, at the same moment


def cut_off(here: Place, world: World, number: int, chance: random.Random) -> list[str]:
    """Let a process write for a moment, end it at any instant, and give what it had acknowledged."""
    reading, writing = os.pipe()
    process = start_process(do_until_killed(writing, world, number), here.url)
    os.close(writing)
    loses_power = number % POWER_EVERY == 0
    with os.fdopen(reading) as said:
        heard = [said.readline() for _ in range(chance.randint(1, 8))]
        time.sleep(chance.uniform(0, 0.03))
        if loses_power:
            here.cut_the_power()
        os.kill(process, signal.SIGKILL)
        assert loses_power or wait_for(process) == -signal.SIGKILL  # it wrote to the last
        heard += said.readlines()
    if loses_power:
        wait_for(process)
        here.give_power()
    return [line.strip() for line in heard if line.endswith("\n")]


@pytest.mark.crash
@pytest.mark.parametrize("kind", DATABASES)
def test_acknowledged_is_there_and_nothing_is_half_there(kind: str, tmp_path: Path) -> None:
    chance, told = random.Random(20_261_130), set[str]()
    with place(kind, tmp_path) as here:
        database = open_database(here.url)
        with database.write() as session:
            world = begin(session)
        database.dispose()
        for number in range(1, ROUNDS + 1):
            acknowledged = cut_off(here, world, number, chance)
            assert acknowledged, "the writer was not heard at all"
            told |= set(acknowledged)
            after = open_database(here.url)
            with after.read() as session:
                there = {f"{deed} {mark}" for deed, marks in found(session).items() for mark in marks}
                assert told <= there, sorted(told - there)
                assert len(there - told) <= number  # of each round the last may not have been told
                assert half_done(session) == []
            if number % 10 == 0 or number == ROUNDS:
                holds = verify(after)
                assert holds.intact, holds
                assert holds.not_vouched == 0
            after.dispose()
    if ROUNDS >= 12:
        assert {line.split()[0] for line in told} == set(DEEDS)  # every kind of deed was among them
