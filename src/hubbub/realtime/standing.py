"""Where people stand in their rooms: what is told of it, and what a page shows of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

EVERYONE = 0
"""Stands for the id of a person where a message calls the whole room."""

Place = tuple[int, int]
"""A room and a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """How far a room has come: in its log, and in its messages."""

    seq: int
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How far someone has read in a room, and which messages beyond that call them."""

    room: int
    name: str
    head: Head
    read: int
    called: frozenset[int] = frozenset()
    quiet: bool = False  # only calls are shown


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A message calls someone, or everyone but those who are `deaf` to its author."""

    room: int
    number: int
    person: int
    author: int
    deaf: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """Someone came into a room, or went."""

    room: int
    person: int
    is_coming: bool


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What happened in the rooms that were asked for; a room without a head is gone."""

    heads: Mapping[int, Head] = dataclasses.field(default_factory=dict)
    calls: Sequence[Call] = ()
    moves: Sequence[Move] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Alert:
    """A message somebody is to hear of while they look elsewhere."""

    room: int
    number: int
    person: int
    title: str
    text: str
    href: str


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """What a page shows: how far its own room was read, (name, mentions) of unread rooms, and what
    its person is to hear of, if they asked for that."""

    read: int
    rooms: tuple[tuple[str, int], ...]
    alert: Alert | None = None
