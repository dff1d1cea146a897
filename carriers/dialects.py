"""The protocols by their names in the settings: the dialect of a connection, and the templates of its submits."""

from datetime import datetime

from carriers import cmpp, sgip, smgp, smpp
from carriers.dialect import Dialect, Ledger, Template
from carriers.events import Concatenation
from carriers.profile import CarrierProfile


def gateway(profile: CarrierProfile, at: datetime) -> Dialect:
    """Our end of a connection that begins `at` (aware; protocols write it as `pdu.CHINA` without a zone)."""
    match profile.protocol:
        case "smpp":
            return smpp.Smpp(profile)
        case "cmpp2" | "cmpp3":
            return cmpp.Cmpp(profile.protocol, at, profile)
        case "smgp":
            return smgp.Smgp(profile, at)
        case "sgip":
            return sgip.Sgip(profile, at)
        case unknown:
            raise ValueError(f"no protocol {unknown}")


def carrier(
    protocol: str, at: datetime, account: str = "", password: str = "", ledger: Ledger | None = None
) -> Dialect:
    """The carrier's end. `account` and `password` are what it logs in with where it calls us (SGIP).

    `ledger` answers what it is asked; without one nothing is known.
    """
    match protocol:
        case "smpp":
            return smpp.Smpp()
        case "cmpp2" | "cmpp3":
            return cmpp.Cmpp(protocol, at, ledger=ledger)
        case "smgp":
            return smgp.Smgp(None, at, ledger)
        case "sgip":
            return sgip.Sgip(None, at, account, password)
        case unknown:
            raise ValueError(f"no protocol {unknown}")


def template(
    profile: CarrierProfile, source: str, body: bytes, coding: int, concatenation: Concatenation | None
) -> Template:
    """A submit of this text from the service number `source`. `coding` is 0 (ASCII) or 8 (UCS-2)."""
    match profile.protocol:
        case "smpp":
            return smpp.submit_template(profile, source, body, coding, concatenation)
        case "cmpp2" | "cmpp3":
            return cmpp.submit_template(profile, source, body, coding, concatenation)
        case "smgp":
            return smgp.submit_template(profile, source, body, coding, concatenation)
        case "sgip":
            return sgip.submit_template(profile, source, body, coding, concatenation)
        case unknown:
            raise ValueError(f"no protocol {unknown}")
