"""What a browser says over a socket is read strictly, and only so much of it."""

import pytest

from hubbub.web import frames


def test_an_allowance_is_used_up_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(frames.time, "monotonic", lambda: now)
    allowance = frames.Allowance(3, seconds=60)
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]
    now = 161.0
    assert allowance.take()
