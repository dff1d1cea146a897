"""Structured logs in which nobody can be recognised: numbers and identity numbers are masked wherever they stand."""

import logging
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roster import masking


def mask(words: str) -> str:
    """Phones and identity numbers in words, masked; line breaks made visible."""
    return masking.numbers(words).replace("\r", "\\r").replace("\n", "\\n")


_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff][\u3000-\u9fff\uf900-\ufaff\uff00-\uffef·]*")
_OURS = "gateway.errors."
"""How the line begins that says what one of our own refusals says: to the operator, and of no citizen."""


def masked(_logger: Any, _method: str, event: Any) -> Any:
    """structlog's processor: every value, however deep."""
    told = {key: _masked(value) for key, value in event.items()}
    if isinstance(trouble := told.get("exception"), str):  # what failed may have had a citizen's words in its hands
        told["exception"] = _wordless(trouble)
    return told


def _wordless(trouble: str) -> str:
    """A traceback or a library's words without a Chinese one: no rule knows every name that stands alone."""
    lines = masking.unnamed(mask(trouble)).split("\\n")
    return "\\n".join(line if line.startswith(_OURS) else _CHINESE.sub("…", line) for line in lines)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return f"<{len(value)} octets>"
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(one) for one in value]
    return value


class Log:
    """What one part of the gateway writes: `log.info("event", key=value)`, and so on for every level of structlog.

    structlog is loaded by the first line, not by the commands that write none: it costs them a quarter of a second.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, level: str) -> Callable[..., Any]:
        import structlog

        wanted: Callable[..., Any] = getattr(structlog.get_logger(self._name), level)
        return wanted


def start(level: str, form: str, file: Path | None) -> None:
    """Log from now on: JSON lines or words, to a file or to standard error."""
    import structlog

    out = file.open("a", encoding="utf-8", buffering=1) if file else sys.stderr
    render: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        render = structlog.dev.ConsoleRenderer(colors=out.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            masked,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)
    threading.excepthook = _failed
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a sweep that waits for the store skips a turn: no news


def start_reactor() -> None:
    """Log what fails in Twisted's reactor, too. By itself it prints to standard error, with the words of a text."""
    from twisted.logger import STDLibLogObserver, globalLogBeginner

    globalLogBeginner.beginLoggingTo([STDLibLogObserver()], redirectStandardIO=False)  # type: ignore[list-item]


def _failed(trouble: threading.ExceptHookArgs) -> None:
    told = trouble.exc_value or trouble.exc_type()
    logging.getLogger("thread").critical("thread failed", exc_info=(trouble.exc_type, told, trouble.exc_traceback))


class _OfLibraries(logging.Handler):
    """What libraries log, in the same form, and masked like all else."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog

        trouble = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger(record.name).log(record.levelno, _wordless(record.getMessage() or record.name), **trouble)
