"""The table person × act from outside: every cell that has a door, on two workers with Redis.

The oracle is the table itself: what it grants is done, what it refuses is answered with 403, and
with the very 404 of a room that is not there for those who may not see it. A new door is one more
line in `DOORS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx2
import pytest

from hubbub.domain import permissions, rooms
from hubbub.domain.permissions import Act, Standing
from tests import elements, servers, services, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio

FORMS: Mapping[str, Mapping[str, str]] = {
    "plain": {"Sec-Fetch-Dest": "empty"},  # A page that is opened by hand lets one in.
    "htmx": {"HX-Request": "true"},
    "json": {"Accept": "application/json"},
}
MISSING = "/r/" + "a" * 36
PLAIN = rooms.Room(1, "a" * 10, 0, "", "", "link", None, 1, 0, 1, 0, None, None, guests=1)
STATES = {
    "open": PLAIN,
    "invited": dataclasses.replace(PLAIN, access="invited"),
    "archived": dataclasses.replace(PLAIN, archived_at=1),
    "locked": dataclasses.replace(PLAIN, locked_at=1),
}
INTO: Mapping[str, tuple[str, dict[str, str]]] = {
    "invited": ("access", {"access": "invited"}),
    "archived": ("archival", {"archived": "yes"}),
    "locked": ("lock", {"locked": "yes"}),
}
_numbers = itertools.count(1)


# ------------------------------------------------------------------- doors


@dataclasses.dataclass(frozen=True)
class Door:
    """How an act is asked for. `path` may name `own` and `theirs`, the numbers of what the asker
    and what a plain member said, and `link`, the id of an invitation link."""

    act: Act
    path: str
    form: Mapping[str, str] | None = None  # None: it is read
    file: bool = False
    or_else: Act | None = None  # the other act that the same door serves

    def may(self, standing: Standing, room: rooms.Room) -> bool:
        acts = {self.act, self.or_else or self.act}
        # The gate lets administrators do a few things to private rooms, but not by the room's own
        # address: nothing is there for them.
        blind = room.access == "invited" and standing is Standing.ADMIN
        return not blind and any(permissions.can(standing, act, room) for act in acts)

    def __str__(self) -> str:
        return f"{self.act} {self.path or '/'}"


def read(act: Act, path: str) -> Door:
    return Door(act, path)


def post(act: Act, path: str, **form: str) -> Door:
    return Door(act, path, form)


THEM = {"username": "victim"}  # A plain member, below everybody who may act on people.
DOORS = [
    read(Act.SEE, ""),
    read(Act.SEE, "/messages"),
    post(Act.JOIN, "/arrival"),
    post(Act.POST, "/messages", body="something new"),
    Door(Act.ATTACH, "/attachments", {}, file=True),
    post(Act.EDIT, "/{own}/edition", body="something else"),
    post(Act.REACT, "/{theirs}/reactions", emoji="🎉"),
    Door(Act.ERASE, "/{own}/erasure", or_else=Act.TAKE_DOWN),
    Door(Act.ERASE, "/{own}/erasure", {}, or_else=Act.TAKE_DOWN),
    post(Act.LEAVE, "/departure"),
    read(Act.REPORT, "/{theirs}/report"),
    post(Act.REPORT, "/{theirs}/report", reason="rude"),
    read(Act.REPORT, "/people/victim/report"),
    post(Act.REPORT, "/people/victim/report", reason="rude"),
    read(Act.LOG, "/log"),
    read(Act.SHARE, "/share"),
    read(Act.SHARE, "/qr.svg"),
    post(Act.PIN, "/{theirs}/pin", pinned="yes"),
    post(Act.TOPIC, "/topic", topic="about this"),
    post(Act.INVITE, "/invitations", username="stranger"),
    read(Act.LINKS, "/links"),
    post(Act.LINKS, "/links", label="poster", role="member"),
    read(Act.LINKS, "/links/{link}"),
    read(Act.LINKS, "/links/{link}/poster"),
    post(Act.LINKS, "/links/{link}/revocation"),
    read(Act.ADMIT, "/knocks"),
    read(Act.RELEASE, "/held"),
    read(Act.REVIEW, "/reports"),
    read(Act.TAKE_DOWN, "/{theirs}/erasure"),
    post(Act.TAKE_DOWN, "/{theirs}/erasure", reason="rude"),
    post(Act.MUTE, "/mutes", **THEM, minutes="10"),
    post(Act.MUTE, "/mutes/removal", **THEM),
    read(Act.REMOVE, "/people/victim"),
    post(Act.REMOVE, "/removals", **THEM),
    read(Act.BAN, "/bans"),
    post(Act.BAN, "/bans", **THEM, purge="yes"),
    post(Act.BAN, "/bans/removal", **THEM),
    post(Act.PURGE, "/links/{link}/purge", sure="yes"),
    post(Act.LOCK, "/lock", locked="yes"),
    post(Act.SLOW, "/pace", seconds="5"),
    post(Act.RENAME, "/title", title="Another title"),
    post(Act.ACCESS, "/access", access="link"),
    post(Act.LINK, "/link"),
    post(Act.GUESTS, "/guest-access", guests="yes"),
    post(Act.HOLD, "/hold", hold="yes"),
    post(Act.PROMOTE, "/roles", **THEM, role="moderator"),
    post(Act.ARCHIVE, "/archival", archived="yes"),
    post(Act.DELETE, "/deletion", sure="yes"),
    post(Act.HAND_OVER, "/ownership", **THEM),
]
BY_HAND = {Act.ENTER, Act.TYPE, Act.CALL}
"""Acts that no answer refuses; each has a test of its own below."""


def test_every_act_has_a_door_or_a_test_of_its_own() -> None:
    assert {door.act for door in DOORS} | BY_HAND == set(Act)


# ------------------------------------------------------------------ people


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with services.Redis() as redis:
        home = tmp_path_factory.mktemp("rights")
        with servers.Server(home, workers=2, broadcast=redis.url) as server:
            subprocess.run(
                [sys.executable, "-m", "hubbub", "create-admin", "root", "--password-stdin"],
                input=f"{visitors.PASSWORD}\n",
                env={**server.environment(), "PATH": os.environ["PATH"]},
                cwd=home,
                text=True,
                check=True,
                capture_output=True,
            )
            yield server


@dataclasses.dataclass
class Scene:
    """A room, whose founder does what has to be done, and people by what they are in it."""

    path: str
    founder: visitors.Person
    victim: visitors.Person
    people: dict[Standing, visitors.Person]
    numbers: dict[Standing, int]
    link: str = ""

    def at(self, door: Door, standing: Standing, room: str | None = None) -> str:
        own, theirs = self.numbers.get(standing, 1), 1  # Who said nothing has nothing of their own.
        path = door.path.format(own=own, theirs=theirs, link=self.link)
        return (self.path if room is None else room) + path

    async def cursor(self) -> str:
        """Where the room's log stands."""
        page = await self.founder.open(self.path)
        return elements.parse(page.text).one("cursor").get("value")


Stage = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def stage(server: servers.Server, arrive: conftest.Arrive) -> AsyncIterator[Stage]:
    """`await stage(standings)`: a new room with these people in it, or not in it."""
    async with contextlib.AsyncExitStack() as stack:

        async def anybody(name: str) -> visitors.Person:
            return await stack.enter_async_context(visitors.Person(server, name))

        async def staged(standings: list[Standing], *, link: bool = True) -> Scene:
            founder, victim = await arrive("founder"), await arrive("victim")
            await arrive("stranger")
            room = await founder.create("Every cell")
            if {Standing.GUEST, Standing.ANONYMOUS} & set(standings):
                await done(founder, room, "guest-access", guests="yes")
            await victim.join(room)
            await victim.say(room, "what the victim said")
            scene = Scene(room, founder, victim, {}, {})
            for standing in standings:
                scene.people[standing] = await _come(standing, scene, arrive, anybody)
            if link:
                scene.link = await made_link(founder, room)
            return scene

        yield staged


async def _come(
    standing: Standing, scene: Scene, arrive: conftest.Arrive, anybody: conftest.Arrive
) -> visitors.Person:
    """Somebody becomes what they are to be, by the doors there are for it."""
    founder, room = scene.founder, scene.path
    if standing is Standing.ANONYMOUS:
        return await anybody("nobody")
    if standing is Standing.ADMIN:
        root = await anybody("root")
        known = conftest._cookies.get((root.server.url, "root"))
        if known is None:
            assert (await root.login()).status_code == 303
            conftest._cookies[root.server.url, "root"] = httpx2.Cookies(root.client.cookies)
        else:
            root.client.cookies = httpx2.Cookies(known)
        return root
    if standing is Standing.GUEST:
        guest = await anybody(f"guest {next(_numbers)}")
        entry = await guest.act(room, "guests", name=guest.name, body="what a guest said")
        assert entry.status_code == 303, (entry.status_code, entry.text[:2000])
        scene.numbers[standing] = (await guest.history(room))[-1].number
        return guest
    person = await arrive(f"the-{standing}")
    if standing is Standing.OUTSIDER:
        return person
    await person.join(room)
    scene.numbers[standing] = (await person.say(room, f"what the {standing} said")).number
    if standing in {Standing.READER, Standing.MODERATOR, Standing.OWNER}:
        await done(founder, room, "roles", username=person.name, role=standing)
    elif standing is Standing.MUTED:
        await done(founder, room, "mutes", username=person.name, minutes="60")
    elif standing is Standing.BANNED:
        await done(founder, room, "bans", username=person.name)
    return person


async def done(by: visitors.Person, room: str, noun: str, **fields: str) -> None:
    answer = await by.act(room, noun, **fields)
    assert answer.status_code == 303, (noun, answer.status_code, answer.text[:2000])


async def made_link(by: visitors.Person, room: str) -> str:
    """The id of a link of the founder's, through which nobody came."""
    await done(by, room, "links", role="member", label="for the table")
    page = await by.client.get(f"{room}/links")
    found = re.search(r"/links/([A-Za-z0-9]+)(?:/|\")", page.text)
    assert found, page.text
    return found[1]


# ------------------------------------------------------------------ asking


async def ask(person: visitors.Person, path: str, door: Door, form: str) -> httpx2.Response:
    headers = {**FORMS[form], "Accept-Encoding": "identity"}
    if door.form is None:
        return await person.client.get(path, headers=headers)
    more: dict[str, Any] = (
        {"files": {"file": ("a.txt", b"text", "text/plain")}} if door.file else {}
    )
    return await person.client.post(path, data=dict(door.form), headers=headers, **more)


def same(answer: httpx2.Response) -> tuple[int, str, dict[str, str]]:
    """An answer without what is another for each request."""
    text = re.sub(r"Request [0-9a-f]{16}", "", answer.text)
    left_out = {"date", "x-request-id"}
    return (
        answer.status_code,
        text,
        {name: value for name, value in answer.headers.items() if name not in left_out},
    )


async def wrong_about(
    scene: Scene, door: Door, standing: Standing, form: str, room: rooms.Room
) -> str:
    """What is wrong with a refusal; empty when it is as it must be."""
    person, path = scene.people[standing], scene.at(door, standing)
    answer = await ask(person, path, door, form)
    said = f"{door} as {standing}, {form}: {answer.status_code}"
    if standing is Standing.ANONYMOUS:
        if door.path == "" and permissions.can(standing, Act.ENTER, room) and form == "plain":
            return said if "what the" in answer.text else ""  # The form for guests, and no more.
        to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        signed_out = to_login if door.form is None and form == "plain" else False
        return "" if signed_out or answer.status_code == 401 else f"{said}, not 401"
    if permissions.can(standing, Act.SEE, room):
        return "" if answer.status_code == 403 else f"{said}, not 403"
    if answer.status_code != 404:
        return f"{said}, not 404"
    missing = await ask(person, scene.at(door, standing, MISSING), door, form)
    return "" if same(answer) == same(missing) else f"{said}, but not like a room that is not there"


# ------------------------------------------------------------------- tests


@pytest.mark.parametrize("state", list(STATES))
async def test_every_refusal_is_as_the_table_says_and_changes_nothing(
    stage: Stage, state: str
) -> None:
    room = STATES[state]
    scene = await stage(list(Standing))
    if state in INTO:
        noun, form = INTO[state]
        await done(scene.founder, scene.path, noun, **form)
    before, wrong, asked = await scene.cursor(), [], 0
    for door, standing in itertools.product(DOORS, Standing):
        if door.may(standing, room):
            continue
        for form in FORMS:
            asked += 1
            wrong.append(await wrong_about(scene, door, standing, form, room))
    assert not [each for each in wrong if each], "\n".join(filter(None, wrong))
    assert asked > 500
    assert await scene.cursor() == before


@pytest.mark.parametrize("door", DOORS, ids=str)
async def test_whoever_may_does(stage: Stage, door: Door) -> None:
    """Each in a room of their own, for there are things that can be done only once."""
    wrong = []
    may = [one for one in Standing if door.may(one, PLAIN)]
    assert may
    for place, standing in enumerate(may):
        scene = await stage([standing], link="{link}" in door.path)
        form = list(FORMS)[place % len(FORMS)]
        answer = await ask(scene.people[standing], scene.at(door, standing), door, form)
        if answer.status_code >= 400 or "/login" in answer.headers.get("location", ""):
            wrong.append(f"{door} as {standing}, {form}: {answer.status_code} {answer.text[-400:]}")
    assert wrong == []


async def test_who_is_not_signed_in_enters_only_where_guests_are_let_in(stage: Stage) -> None:
    scene = await stage([Standing.ANONYMOUS])
    nobody, entry = scene.people[Standing.ANONYMOUS], {"name": "Gast", "body": "hello"}
    door = Door(Act.ENTER, "/guests", entry)
    for room, noun, form in (
        (scene.path, "guest-access", {"guests": "no"}),
        (scene.path, "lock", {"locked": "yes"}),
    ):
        await done(scene.founder, room, noun, **form)
        for way in FORMS:
            refused = await ask(nobody, room + door.path, door, way)
            assert refused.status_code == 401
            assert same(refused) == same(await ask(nobody, MISSING + door.path, door, way))
        await done(scene.founder, room, noun, **{next(iter(form)): "no"})
        await done(scene.founder, room, "guest-access", guests="yes")
    assert (await nobody.act(scene.path, "guests", **entry)).status_code == 303


async def test_only_those_who_look_after_a_room_call_all_of_it(stage: Stage) -> None:
    scene = await stage(list(Standing))
    for standing, person in scene.people.items():
        fields = {"body": f"@room says the {standing}", "sure": "yes"}
        answer = await person.client.post(
            f"{scene.path}/messages", data=fields, headers=FORMS["json"]
        )
        may = standing in permissions.TABLE[Act.POST]
        assert (answer.status_code == 201) == may, (standing, answer.text)
        if may:
            number = answer.json()["number"]
            page = elements.parse((await scene.founder.open(scene.path)).text)
            calls = "room" in page.one(f"m{number}").get("data-mentions").split()
            assert calls == (standing in permissions.TABLE[Act.CALL]), standing


@pytest.mark.parametrize("state", ["open", "locked"])
async def test_a_socket_is_for_those_inside_and_shows_only_speakers_as_typing(
    stage: Stage, state: str
) -> None:
    room = STATES[state]
    inside = [*permissions.RANKS, Standing.MUTED]
    scene = await stage(list(Standing))
    if state in INTO:
        noun, form = INTO[state]
        await done(scene.founder, scene.path, noun, **form)
    codes = {Standing.ANONYMOUS: 4401, Standing.BANNED: 4404}
    async with scene.founder.watching(scene.path) as page:
        for standing, person in scene.people.items():
            if standing not in inside:
                async with person.bare_socket(scene.path) as socket:
                    await asyncio.wait_for(socket.wait_closed(), 5)
                    assert socket.close_code == codes.get(standing, 4403), standing
                continue
            async with person.watching(scene.path) as theirs:
                may = permissions.can(standing, Act.TYPE, room)
                await theirs.send(op="typing")
                await theirs.send(op="beat")
                if may:
                    await page.meets(lambda: "typing" in page.slot("typing"), f"sees {standing}")
                    # What they say next ends it.
                    await person.say(scene.path, f"the {standing} is done")
                    await page.meets(lambda: not page.slot("typing"), f"is quiet after {standing}")
                else:
                    fence = await scene.founder.say(scene.path, f"fence after {standing}")
                    await theirs.shows(fence.text)
                    await page.shows(fence.text)
                    assert not page.slot("typing"), standing


@pytest.mark.parametrize(
    "act",
    ["removals", "bans", "mutes", "roles"],
)
async def test_who_stands_as_high_is_out_of_reach(stage: Stage, act: str) -> None:
    """Rank is asked besides the table: moderators do not act on each other, nobody on owners."""
    scene = await stage([Standing.MODERATOR, Standing.OWNER, Standing.MEMBER])
    moderator, owner = scene.people[Standing.MODERATOR], scene.people[Standing.OWNER]
    other = scene.people[Standing.MEMBER]
    await done(scene.founder, scene.path, "roles", username=other.name, role="moderator")
    more = {"minutes": "10", "role": "member"}
    before = await scene.cursor()
    for by, whom in (
        (moderator, other),
        (moderator, owner),
        (moderator, moderator),
        *(((owner, scene.founder), (owner, owner)) if act != "roles" else ()),
    ):
        for form in FORMS:
            door = Door(Act.MUTE, f"/{act}", {"username": whom.name, **more})
            answer = await ask(by, scene.path + door.path, door, form)
            assert answer.status_code == 403, (by.name, whom.name, form, answer.status_code)
    assert await scene.cursor() == before


async def test_the_pages_of_the_site_are_for_who_runs_it(stage: Stage) -> None:
    scene = await stage([*Standing])
    for path in ("/admin", "/admin/people", "/admin/rooms", "/admin/log", "/admin/settings"):
        for standing, person in scene.people.items():
            answer = await person.client.get(path, headers=FORMS["json"])
            none = await person.client.get("/nowhere", headers=FORMS["json"])
            if standing is Standing.ADMIN:
                assert answer.status_code < 400, (path, answer.status_code)
            elif standing is Standing.ANONYMOUS:
                assert answer.status_code in {401, 404}, (path, answer.status_code)
            else:
                assert answer.status_code in {403, 404}, (path, standing, answer.status_code)
                if answer.status_code == 404:
                    assert same(answer) == same(none)
