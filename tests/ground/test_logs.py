"""Logs: one line each, in the chosen form, and nothing in them that is nobody's business."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hubbub import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is global, and other tests want it as they found it."""
    root, talkative = logging.getLogger(), [logging.getLogger(n) for n in logs._TOO_TALKATIVE]
    before = root.handlers[:], root.level, [logger.level for logger in talkative]
    yield
    root.handlers[:], root.level = before[0], before[1]
    for logger, level in zip(talkative, before[2], strict=True):
        logger.setLevel(level)
    structlog.reset_defaults()


def a_request(route: str = "rooms:show") -> None:
    logs.request(route=route, method="GET", status=200, seconds=0.0123, request_id="abc")


def test_a_request_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json")
    a_request()
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "route": "rooms:show",
        "method": "GET",
        "status": 200,
        "ms": 12.3,
        "request_id": "abc",
    }


def test_a_request_is_one_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text")
    a_request()
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "route=rooms:show" in shown
    assert "\x1b" not in shown  # No colours where nobody looks.


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_forges_a_line_by_sending_one(
    capsys: pytest.CaptureFixture[str], form: logs.Form
) -> None:
    logs.set_up(form)
    a_request("x\n2026-11-20T00:00:00Z [info] all is well")
    logging.getLogger("hubbub.test").warning("%s", "y\n\x1b[31mred")
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2
    assert "\x1b" not in shown


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_shows_no_local_variable(
    capsys: pytest.CaptureFixture[str], form: logs.Form
) -> None:
    logs.set_up(form)
    password = "hunter" + "2"
    try:
        _ = 1 / (len(password) - 7)
    except ZeroDivisionError:
        logging.getLogger("hubbub.test").exception("It failed.")
        structlog.get_logger().exception("It failed.")
    shown = capsys.readouterr().err
    assert shown.count("ZeroDivisionError") == 2
    assert "hunter2" not in shown


def test_libraries_that_name_paths_are_silent_below_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("text")
    logging.getLogger("uvicorn.error").info("127.0.0.1 - 'WebSocket /r/secret/live' [accepted]")
    logging.getLogger("websockets.server").debug("GET /r/secret/live")
    logging.getLogger("uvicorn.error").warning("This matters.")
    shown = capsys.readouterr().err
    assert "secret" not in shown
    assert "This matters." in shown


def test_a_supervisor_tells_of_its_workers(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", supervisor=True)
    logging.getLogger("uvicorn.error").info("Child process [7] died")
    assert "Child process [7] died" in capsys.readouterr().err


def test_it_may_be_set_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text")
    logs.set_up("json")
    logging.getLogger("hubbub.test").warning("Once.")
    assert json.loads(capsys.readouterr().err)["event"] == "Once."
