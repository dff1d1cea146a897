"""Two ends of a connection, logged in, of any protocol that the registry knows."""

from carriers import dialects
from carriers.events import BindRequested
from carriers.profile import PROTOCOLS, CarrierProfile
from carriers.results import Results
from carriers.session import Session, State
from tests.conftest import NOON

SECRET, SERVICE, PHONE = "secret", "10690001234501", "8613300133000"


def _is_known(protocol: str) -> bool:
    try:
        dialects.carrier(protocol, NOON)
    except ValueError:
        return False
    return True


KNOWN = [protocol for protocol in PROTOCOLS if _is_known(protocol)]


def profile_of(protocol: str) -> CarrierProfile:
    """An account that every protocol takes."""
    return CarrierProfile(
        name="x",
        label="",
        protocol=protocol,
        host="localhost",
        port=1,
        account="100001",
        password=SECRET,
        results=Results(),
        access_number=SERVICE,
        rate=0,
        window=300,
        service_id="NOTICE",
        corp_id="12345",
        node=3_025_012_345,
    )


def pair(protocol: str) -> tuple[CarrierProfile, Session, Session]:
    """The profile, our end and the carrier's."""
    profile = profile_of(protocol)
    ours = Session.gateway(profile, dialects.gateway(profile, NOON))
    theirs = Session.carrier(dialects.carrier(protocol, NOON), window=300)
    ours.connected(0.0)
    theirs.connected(0.0)
    [login] = theirs.receive(ours.data_to_send(), 0.0)
    assert isinstance(login, BindRequested)
    theirs.admit(login.answer, 0, "SMSC", SECRET)
    ours.receive(theirs.data_to_send(), 0.0)
    assert ours.state is theirs.state is State.BOUND
    return profile, ours, theirs
