"""What a carrier's answer to a login means for the people who set the line up: one word for every protocol's codes."""

from enum import StrEnum


class LoginTrouble(StrEnum):
    """Why a login was refused."""

    PASSWORD = "password"  # noqa: S105 - account or password
    ADDRESS = "address"  # the address that we call from is not registered
    CONNECTIONS = "connections"  # as many as the contract allows are open
    VERSION = "version"  # of the protocol
    MODE = "mode"  # this kind of login is not open to us
    PARAMETERS = "parameters"  # some other field of the login
    EXPIRED = "expired"  # the account
    BUSY = "busy"  # the carrier, for now
    TOO_OFTEN = "too often"  # we logged in
    OTHER = "other"


_PASSWORD, _ADDRESS, _CONNECTIONS = LoginTrouble.PASSWORD, LoginTrouble.ADDRESS, LoginTrouble.CONNECTIONS
_VERSION, _MODE, _PARAMETERS = LoginTrouble.VERSION, LoginTrouble.MODE, LoginTrouble.PARAMETERS
_BUSY, _TOO_OFTEN = LoginTrouble.BUSY, LoginTrouble.TOO_OFTEN

_CMPP = {1: _PARAMETERS, 2: _ADDRESS, 3: _PASSWORD, 4: _VERSION}  # CMPP 3.0, 7.4.1.2
_TROUBLES: dict[str, dict[int, LoginTrouble]] = {
    "smpp": {  # SMPP 3.4, 5.1.3
        0x02: _PARAMETERS,
        0x03: _MODE,
        0x04: _MODE,
        0x05: _CONNECTIONS,
        0x08: _BUSY,
        0x0D: _PASSWORD,
        0x0E: _PASSWORD,
        0x0F: _PASSWORD,
        0x14: _BUSY,
        0x48: _PARAMETERS,
        0x49: _PARAMETERS,
        0x53: _PARAMETERS,
        0x58: _TOO_OFTEN,
        0x64: _BUSY,
    },
    "cmpp2": _CMPP,
    "cmpp3": _CMPP,
    "sgip": {  # SGIP 1.2, appendix; 34 is 1.3's
        1: _PASSWORD,
        2: _CONNECTIONS,
        3: _CONNECTIONS,
        4: _MODE,
        5: _PARAMETERS,
        8: _PARAMETERS,
        11: _BUSY,
        32: _BUSY,
        34: _TOO_OFTEN,
    },
    "smgp": {  # SMGP 3.0, 8.2; 3 is what some servers say for 21, from 101 on a product of China Telecom's
        1: _BUSY,
        2: _CONNECTIONS,
        3: _PASSWORD,
        10: _PARAMETERS,
        20: _ADDRESS,
        21: _PASSWORD,
        22: _VERSION,
        76: LoginTrouble.EXPIRED,
        101: _PASSWORD,
        102: _PASSWORD,
        104: _BUSY,
        110: _ADDRESS,
    },
}


def trouble(protocol: str, status: int) -> LoginTrouble:
    """What a refusal means; `protocol` as the settings call it, `status` as `BindRefused` has it."""
    return _TROUBLES[protocol].get(status, LoginTrouble.OTHER)
