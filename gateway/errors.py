"""What a command says when it does not do what was asked, and with which exit code.

0 done, 1 refused by a rule, 2 wrong usage, 3 settings wrong, 4 not found, 69 store or carrier not available,
75 another daemon holds the lease (sysexits.h: EX_UNAVAILABLE, EX_TEMPFAIL).
"""

REFUSED, USAGE, SETTINGS, NOT_FOUND, UNAVAILABLE, LEASE_HELD = 1, 2, 3, 4, 69, 75


class Refused(Exception):
    """Not done, nothing changed. `message` says why in the operator's language, `way_out` what to do about it."""

    def __init__(self, message: str, way_out: str = "", code: int = REFUSED) -> None:
        super().__init__(message)
        self.message, self.way_out, self.code = message, way_out, code


class NotFound(Refused):
    """There is no such notice, case, message or person."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out, NOT_FOUND)


class SettingsWrong(Refused):
    """The settings cannot be used as they are."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out, SETTINGS)


class StoreUnfit(Refused):
    """The store would lose what it has acknowledged, or has another schema."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out, UNAVAILABLE)


class StoreBusy(Exception):
    """Another writer is at work in the store, and nobody wanted to wait for it. Nothing has happened."""


class SyncFailed(StoreUnfit):
    """The disk did not sync a commit. What it lost it will not tell again: never go on, never try again."""

    def __init__(self) -> None:
        super().__init__("磁盘未能落盘,数据库已停止写入", "请检查磁盘,再重新启动;没有落盘的都没有向运营商确认")


class LeaseHeld(Refused):
    """Another daemon runs on this store."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"网关已在运行:{holder}", "同一数据库只能运行一个网关;要接替它,请先停止它", LEASE_HELD)
