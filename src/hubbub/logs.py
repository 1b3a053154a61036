"""Logs for whoever runs the house: text or JSON on standard error.

A request is one line with the name of its route, since paths hold the keys of rooms. Bodies,
tokens and passwords are never given to a logger, and tracebacks show no local variables.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor

Form = Literal["text", "json"]

# What they say at a lower level names paths, and so the keys of rooms.
_TOO_TALKATIVE = ("uvicorn", "websockets", "asyncio", "alembic", "aiosqlite", "python_multipart")

_STAMPS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def set_up(form: Form, *, supervisor: bool = False) -> None:
    """Send the logs of this process to standard error; may be called again.

    `supervisor`: this process only watches workers, whose coming and going is worth a line.
    """
    ending = _ending(form)
    structlog.configure(
        processors=[*_STAMPS, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_STAMPS, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if supervisor:
        logging.getLogger("uvicorn").setLevel(logging.INFO)


def request(*, route: str, method: str, status: int, seconds: float, request_id: str) -> None:
    """The one line a request gets. `route` is the route's name, never its path.

    Drawn by hand, since it lies on the way of every request: a twentieth of the general way.
    """
    at = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at))}.{int(at % 1 * 1e6):06}Z"
    told: dict[str, str | int | float] = {
        "method": method,
        "ms": round(seconds * 1000, 1),
        "request_id": request_id,
        "route": route,
        "status": status,
    }
    if isinstance(structlog.get_config()["processors"][-1], structlog.processors.JSONRenderer):
        line = json.dumps({**told, "event": "request", "level": "info", "timestamp": stamp})
    else:
        pairs = " ".join([f"{name}={value}" for name, value in told.items()])
        line = f"{stamp} [info     ] request  {_printable(pairs)}"
    sys.stderr.write(line + "\n")


def _ending(form: Form) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # The prettier tracebacks would print local variables, and with them passwords and messages.
    plain = structlog.dev.plain_traceback
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    return [_one_line, renderer]


def _one_line(_: Any, __: str, event: EventDict) -> EventDict:
    """Nobody writes a line of the log by sending one."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _printable(value)
    return event


def _printable(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
