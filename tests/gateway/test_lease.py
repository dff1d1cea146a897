"""Who may run the gateway."""

import os
import socket

import pytest
import sqlalchemy as sa

from gateway import lease
from gateway.errors import LeaseHeld

ELSEWHERE = "another-machine:77"


def test_the_first_daemon_gets_epoch_one(tx: sa.Connection) -> None:
    assert lease.take(tx, ELSEWHERE, 1_000, 15_000) == lease.Lease(ELSEWHERE, 1)


def test_a_second_daemon_is_refused_and_told_who_holds_the_lease(tx: sa.Connection) -> None:
    lease.take(tx, ELSEWHERE, 1_000, 15_000)
    with pytest.raises(LeaseHeld, match=ELSEWHERE):
        lease.take(tx, "third-machine:5", 2_000, 15_000)


def test_a_lease_that_ran_out_is_taken_one_epoch_further(tx: sa.Connection) -> None:
    lease.take(tx, ELSEWHERE, 1_000, 15_000)
    assert lease.take(tx, "third-machine:5", 16_001, 15_000).epoch == 2


def test_a_holder_of_this_machine_that_is_gone_need_not_be_waited_for(tx: sa.Connection) -> None:
    gone = f"{socket.gethostname()}:{_free_pid()}"
    lease.take(tx, gone, 1_000, 15_000)
    assert lease.take(tx, ELSEWHERE, 2_000, 15_000).epoch == 2


def test_a_living_process_of_this_machine_keeps_its_lease(tx: sa.Connection) -> None:
    lease.take(tx, f"{socket.gethostname()}:{os.getppid()}", 1_000, 15_000)
    with pytest.raises(LeaseHeld):
        lease.take(tx, ELSEWHERE, 2_000, 15_000)


def test_a_daemon_that_was_overtaken_can_neither_confirm_nor_renew(tx: sa.Connection) -> None:
    first = lease.take(tx, ELSEWHERE, 1_000, 15_000)
    lease.take(tx, "third-machine:5", 20_000, 15_000)
    with pytest.raises(lease.LeaseLost):
        lease.confirm(tx, first)
    with pytest.raises(lease.LeaseLost):
        lease.renew(tx, first, 21_000, 15_000)


def test_a_released_lease_is_free_at_once_and_its_epoch_is_never_used_again(tx: sa.Connection) -> None:
    first = lease.take(tx, ELSEWHERE, 1_000, 15_000)
    lease.release(tx, first, 2_000)
    assert lease.holder(tx, 2_001) is None
    assert lease.take(tx, "third-machine:5", 2_001, 15_000).epoch == 2


def _free_pid() -> int:
    """The number of a process that has ended."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child
