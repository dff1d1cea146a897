"""What comes on which connection, between the links and the store."""

from typing import Any

from twisted.internet.testing import MemoryReactorClock

from carriers.events import Closed, Listening, TurnedAway
from carriers.link import Link
from gateway.pump import Pump
from tests.carriers.test_sgip import PROFILE

EPOCH = 3


def pumped() -> tuple[Pump, Link]:
    """A pump with one link; neither runs."""
    reactor: Any = MemoryReactorClock()
    link = Link(PROFILE, lambda *_: None, reactor, now=reactor.seconds)
    nothing: Any = None
    times: Any = {"gather_s": 0.0, "poll_s": 0.2, "lease_s": 15.0, "wall_ms": lambda: 0, "monotonic": reactor.seconds}
    return Pump(nothing, {link.profile.name: link}, EPOCH, nothing, nothing, **times), link


def test_every_connection_of_all_time_has_a_number_of_its_own_and_is_forgotten_when_it_is_gone() -> None:
    pump, link = pumped()
    for connection in range(1, 1001):  # as many as lines that rest make in a day
        pump.arrived(link, connection, [Closed("unbound", ((1, 7),), quiet=True)])
    sessions = [session for session, _, _ in pump._arrivals["unicom"].uncertain]
    assert len(set(sessions)) == 1000
    assert all(session >> 24 == EPOCH for session in sessions)
    assert pump._sessions == {}
    assert pump._connections == {}


def test_what_is_said_of_the_door_is_nothing_for_the_store() -> None:
    pump, link = pumped()
    pump.arrived(link, 0, [Listening("0.0.0.0:8801", "in use"), Listening("0.0.0.0:8801"), TurnedAway("::1", "why")])
    assert len(pump._arrivals["unicom"]) == 0
