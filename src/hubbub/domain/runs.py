"""Runs: messages of one author, soon after each other, share one header."""

from __future__ import annotations

from hubbub.domain import clock

PAUSE = 5 * clock.MINUTE
LENGTH = 7  # at most
OPENS_DAY = -1

# A message's place in its run, from the room's last message and what `:today`, `:answers`,
# `:author_id`, `:since` and `:now` say of the next: 1 to 6 continues a run, 0 starts one, and
# `OPENS_DAY` starts one and is the first of a UTC day in the room. What a division of non-negative
# integers gives is the same in SQLite and PostgreSQL. Values are worked out before they are bound,
# since PostgreSQL would take `:now - 300000` for 32 bits.
NEXT = f"""CASE
    WHEN last_number = 0 OR last_posted_at / {clock.DAY} <> :today THEN {OPENS_DAY}
    WHEN :answers = 0 AND last_author_id = :author_id AND last_posted_at BETWEEN :since AND :now
      AND last_run < {LENGTH - 1}
    THEN CASE WHEN last_run < 0 THEN 1 ELSE last_run + 1 END
    ELSE 0 END"""
