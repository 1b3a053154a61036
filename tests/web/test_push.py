"""Web Push against a push service on this machine: what is told to whom, and what never is."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from unittest import mock

import pytest

from hubbub import webpush
from hubbub.domain import (
    blocks,
    held,
    invitation_links,
    invitations,
    knocks,
    memberships,
    notifications,
    profiles,
    subscriptions,
    unread,
)
from hubbub.web import push
from tests import people, receivers
from tests.web import conftest

pytestmark = pytest.mark.anyio

NOBODY = "127.0.0.1:9"  # where nothing listens


@pytest.fixture
def service() -> Iterator[receivers.PushService]:
    with receivers.PushService() as service:
        yield service


@dataclasses.dataclass
class Site:
    house: conftest.House
    scene: conftest.Scene
    service: receivers.PushService
    bobs: receivers.Browser

    async def say(self, text: str, who: str = "alice") -> int:
        client = getattr(self.scene, who)
        answer = await client.post(
            f"{self.scene.path}/messages", data={"body": text}, headers=conftest.JSON
        )
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["number"]
        return number

    async def told(self, count: int) -> list[receivers.Pushed]:
        return await asyncio.to_thread(self.service.wait, count)

    async def subscribe(self, who: str, browser: receivers.Browser) -> None:
        form = browser.form(self.house.state["push"].server_key)
        answer = await getattr(self.scene, who).post("/push/subscriptions", data=form)
        assert answer.status_code == 303, answer.text

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is told while the block runs, however long it takes."""
        places = self.house.state["push"]._places
        for _ in range(push.PLACES_AT_ONCE):
            await places.acquire()
        yield
        for _ in range(push.PLACES_AT_ONCE):
            places.release()

    async def fence(self) -> dict[str, object]:
        """Whatever was to be told before has been: Alice hears of this, alone and last."""
        browser = self.service.browser("fence")
        await self.subscribe("alice", browser)
        await notifications.choose(
            self.house.db, self.scene.cast.room, self.scene.cast.alice, "all"
        )
        before = len(self.service.got)
        await self.say("fence", "bob")
        last = (await self.told(before + 1))[-1]
        await asyncio.gather(*self.house.state["push"]._telling)
        assert last.path == "/send/fence"
        assert len(self.service.got) == before + 1
        return browser.open(last.body)


@pytest.fixture
async def site(
    opened: conftest.Open, staged: conftest.Staged, service: receivers.PushService
) -> AsyncIterator[Site]:
    """Bob has a browser that is told, and wants to hear of everything in the room."""
    with mock.patch.object(push, "DELAY_SECONDS", 0.3):
        async with opened(push_hosts=(service.host, NOBODY)) as house:
            scene = await staged(house)
            site = Site(house, scene, service, service.browser("bob"))
            await site.subscribe("bob", site.bobs)
            await notifications.choose(house.db, scene.cast.room, scene.cast.bob, "all")
            yield site


async def test_a_browser_is_told_who_where_what_and_the_exact_message(site: Site) -> None:
    number = await site.say("hello **there**, <b>Bob</b>")
    (got,) = await site.told(1)
    assert got.path == "/send/bob"
    assert site.bobs.open(got.body) == {
        "title": "Alice in Design talk",
        "text": "hello there, <b>Bob</b>",
        "href": f"{site.scene.path}/{number}",
        "tag": f"{site.scene.path}/{number}",
    }
    claims = receivers.check_sender(got, f"http://{site.service.host}")
    assert claims["key"] == site.house.state["push"].server_key
    assert got.headers["content-encoding"] == "aes128gcm"
    assert got.headers["ttl"] == str(24 * 3600)
    assert got.headers["topic"] == site.scene.cast.room.public_id
    for secret in (b"hello", b"Alice", site.scene.path.encode()):
        assert secret not in got.body and secret.decode() not in str(got.headers)


async def test_who_hides_the_text_is_told_without_it(site: Site) -> None:
    await profiles.prefer(site.house.db, site.scene.cast.bob, {notifications.PRIVATE: True})
    await site.say("a secret")
    (got,) = await site.told(1)
    told = site.bobs.open(got.body)
    assert (told["title"], told["text"]) == ("Alice in Design talk", "")


async def test_several_messages_of_a_moment_are_told_once_the_newest(site: Site) -> None:
    for text in ("one", "two", "three"):
        await site.say(text)
    (got,) = await site.told(1)
    assert site.bobs.open(got.body)["text"] == "three"
    assert (await site.fence())["text"] == "fence"


async def test_nothing_is_pushed_to_someone_who_is_looking(site: Site) -> None:
    number = await site.say("seen at once")
    await unread.advance(site.house.db, {(site.scene.cast.room.id, site.scene.cast.bob.id): number})
    await site.fence()


async def test_authors_and_those_who_want_less_are_told_nothing(site: Site) -> None:
    await site.say("my own", "bob")
    await notifications.choose(site.house.db, site.scene.cast.room, site.scene.cast.bob, "")
    await site.say("no mention")
    await site.fence()


async def test_who_was_removed_a_moment_ago_is_told_nothing_more(site: Site) -> None:
    cast = site.scene.cast
    await site.say("before")
    await memberships.remove(site.house.db, cast.room, cast.alice, cast.bob)
    await site.subscribe("charlie", site.service.browser("charlie"))
    await memberships.join(site.house.db, cast.room, cast.charlie)
    await notifications.choose(site.house.db, cast.room, cast.charlie, "all")
    await site.say("after")
    got = await site.told(1)
    assert [one.path for one in got] == ["/send/charlie"]


async def test_whom_one_blocked_one_is_not_told_of(site: Site) -> None:
    await blocks.block(site.house.db, site.scene.cast.bob, site.scene.cast.alice)
    await site.say("not heard")
    await blocks.unblock(site.house.db, site.scene.cast.bob, site.scene.cast.alice)
    await site.say("heard")
    (got,) = await site.told(1)
    assert site.bobs.open(got.body)["text"] == "heard"


async def test_who_signs_out_is_told_nothing_more_in_that_browser(site: Site) -> None:
    await site.scene.bob.post("/logout")
    await site.say("unheard")
    other = await site.house.sign_in(site.scene.cast.bob)
    browser = site.service.browser("second")
    form = browser.form(site.house.state["push"].server_key)
    assert (await other.post("/push/subscriptions", data=form)).status_code == 303
    await site.say("heard")
    assert [one.path for one in await site.told(1)] == ["/send/second"]


@pytest.mark.parametrize(("status", "stays"), [(404, 0), (410, 0), (201, 1), (429, 1), (500, 1)])
async def test_a_browser_that_is_gone_is_forgotten(site: Site, status: int, stays: int) -> None:
    site.service.status = status
    await site.say("hello")
    await site.told(1)
    await asyncio.gather(*site.house.state["push"]._telling)
    assert len(await subscriptions.endpoints(site.house.db, site.scene.cast.bob)) == stays


async def test_a_redirect_is_not_followed(site: Site) -> None:
    site.service.status = 302
    await site.say("hello")
    await site.told(1)
    site.service.status = 201
    await site.fence()
    assert "/elsewhere" not in [one.path for one in site.service.got]


async def test_a_push_service_that_is_down_hurts_nobody(site: Site) -> None:
    await site.subscribe("bob", receivers.Browser(f"http://{NOBODY}/send/lost"))
    await site.say("hello")
    assert [one.path for one in await site.told(1)] == ["/send/bob"]
    await asyncio.gather(*site.house.state["push"]._telling)
    assert len(await subscriptions.endpoints(site.house.db, site.scene.cast.bob)) == 2


async def test_what_a_moderator_lets_through_is_told_then_and_not_before(site: Site) -> None:
    await site.scene.alice.post(f"{site.scene.path}/hold", data={"hold": "yes"})
    await memberships.join(site.house.db, site.scene.cast.room, site.scene.cast.charlie)
    said = await site.scene.charlie.post(
        f"{site.scene.path}/messages", data={"body": "may I?"}, headers=conftest.JSON
    )
    assert said.status_code == 202
    await site.say("before")
    assert site.bobs.open((await site.told(1))[0].body)["text"] == "before"
    (waiting,) = await held.waiting(site.house.db, site.scene.cast.room.id)
    await site.scene.alice.post(f"{site.scene.path}/held/{waiting.id}", data={"answer": "release"})
    told = site.bobs.open((await site.told(2))[1].body)
    assert (told["title"], told["text"]) == ("Charlie in Design talk", "may I?")


# -- rooms that were opened for somebody ---------------------------------------------------------


@pytest.fixture
async def charlies(site: Site) -> receivers.Browser:
    """Charlie, who is not in the room, has a browser that is told."""
    browser = site.service.browser("charlie")
    await site.subscribe("charlie", browser)
    return browser


async def ask(site: Site) -> None:
    answer = await site.scene.alice.post(
        f"{site.scene.path}/invitations", data={"username": "charlie"}
    )
    assert answer.status_code == 303, answer.text


async def let_in(site: Site) -> None:
    cast = site.scene.cast
    link = await invitation_links.create(site.house.db, cast.room, cast.alice, knock=True)
    assert await knocks.ask(site.house.db, link, cast.charlie)
    answer = await site.scene.alice.post(
        f"{site.scene.path}/knocks/charlie", data={"answer": "admit"}
    )
    assert answer.status_code == 303, answer.text


async def test_who_is_asked_in_is_told_by_whom_into_what_and_where_to_answer(
    site: Site, charlies: receivers.Browser
) -> None:
    await ask(site)
    (got,) = await site.told(1)
    [invitation] = await invitations.waiting(site.house.db, site.scene.cast.charlie)
    assert charlies.open(got.body) == {
        "title": "Alice invites you",
        "text": "Design talk",
        "href": "/inbox",
        "tag": f"/inbox#{invitation.id}",
    }
    assert got.headers["topic"] == site.scene.cast.room.public_id


async def test_who_knocked_is_told_that_they_were_let_in(
    site: Site, charlies: receivers.Browser
) -> None:
    await let_in(site)
    (got,) = await site.told(1)
    path = site.scene.path
    told = {"title": "You were let in", "text": "Design talk", "href": path, "tag": path}
    assert charlies.open(got.body) == told


@pytest.mark.parametrize(
    ("begin", "title"), [(ask, "You are invited into a room"), (let_in, "You were let in")]
)
async def test_who_hides_the_text_is_told_neither_the_room_nor_by_whom(
    site: Site,
    charlies: receivers.Browser,
    begin: Callable[[Site], Awaitable[None]],
    title: str,
) -> None:
    await profiles.prefer(site.house.db, site.scene.cast.charlie, {notifications.PRIVATE: True})
    await begin(site)
    (got,) = await site.told(1)
    told = charlies.open(got.body)
    assert (told["title"], told["text"]) == (title, "")
    assert not any("Alice" in text or "Design" in text for text in told.values())


async def test_who_is_asked_again_is_told_once(site: Site, charlies: receivers.Browser) -> None:
    await ask(site)
    await site.told(1)
    await ask(site)
    await site.fence()


async def _answered(site: Site, answer: str) -> None:
    [invitation] = await invitations.waiting(site.house.db, site.scene.cast.charlie)
    form = {"answer": answer}
    assert (await site.scene.charlie.post(f"/inbox/{invitation.id}", data=form)).status_code == 303


async def accepted(site: Site) -> None:
    await _answered(site, "accept")


async def declined(site: Site) -> None:
    await _answered(site, "decline")


async def taken_back(site: Site) -> None:
    path = f"{site.scene.path}/invitations/charlie/withdrawal"
    assert (await site.scene.alice.post(path)).status_code == 303


async def blocked(site: Site) -> None:
    await blocks.block(site.house.db, site.scene.cast.charlie, site.scene.cast.alice)


async def disabled(site: Site) -> None:
    values = {"id": site.scene.cast.charlie.id}
    await site.house.db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", values)


async def removed(site: Site) -> None:
    cast = site.scene.cast
    await memberships.remove(site.house.db, cast.room, cast.alice, cast.charlie)


async def looked_in_another_process(site: Site) -> None:
    site.house.state["streams"].heard(f"looked {site.scene.cast.charlie.id}")


async def opened_the_inbox(site: Site) -> None:
    assert (await site.scene.charlie.get("/inbox")).status_code == 200


@pytest.mark.parametrize(
    ("begin", "meanwhile"),
    [
        (ask, accepted), (ask, declined), (ask, taken_back), (ask, blocked), (ask, disabled),
        (ask, looked_in_another_process), (ask, opened_the_inbox),
        (let_in, disabled), (let_in, removed), (let_in, looked_in_another_process),
    ],
)  # fmt: skip
async def test_what_is_over_seen_or_not_wanted_by_then_is_not_told(
    site: Site,
    charlies: receivers.Browser,
    begin: Callable[[Site], Awaitable[None]],
    meanwhile: Callable[[Site], Awaitable[None]],
) -> None:
    async with site.paused():
        await begin(site)
        await meanwhile(site)
    await site.fence()


async def test_that_somebody_else_looks_keeps_nothing_from_anybody(
    site: Site, charlies: receivers.Browser
) -> None:
    async with site.paused():
        await ask(site)
        site.house.state["streams"].looked(site.scene.cast.bob.id)
    (got,) = await site.told(1)
    assert charlies.open(got.body)["title"] == "Alice invites you"


async def test_an_invitation_that_came_after_a_look_is_told(
    site: Site, charlies: receivers.Browser
) -> None:
    async with site.paused():
        await ask(site)
        await opened_the_inbox(site)
        await taken_back(site)
        await ask(site)
    (got,) = await site.told(1)
    [invitation] = await invitations.waiting(site.house.db, site.scene.cast.charlie)
    assert charlies.open(got.body)["tag"] == f"/inbox#{invitation.id}"


# -- subscribing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1/x", "http://10.0.0.1/x", "https://evil.example/x", "", "nonsense",
        "https://169.254.169.254/latest", "http://localhost/x", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_only_push_services_on_the_list_are_subscribed_to(site: Site, endpoint: str) -> None:
    form = site.bobs.form(site.house.state["push"].server_key) | {"endpoint": endpoint}
    answer = await site.scene.bob.post("/push/subscriptions", data=form)
    assert answer.status_code == 422
    assert len(await subscriptions.endpoints(site.house.db, site.scene.cast.bob)) == 1


async def test_keys_that_are_none_and_a_foreign_site_are_refused(site: Site) -> None:
    form = site.bobs.form(site.house.state["push"].server_key)
    foreign = webpush.server_key("another site").public
    for wrong in ({"p256dh": "x"}, {"auth": ""}, {"server_key": foreign}, {"server_key": ""}):
        answer = await site.scene.bob.post("/push/subscriptions", data=form | wrong)
        assert answer.status_code == 422, wrong


async def test_one_stops_ones_own_browsers_and_nobody_elses(site: Site) -> None:
    form = {"endpoint": site.bobs.endpoint}
    assert (
        await site.scene.alice.post("/push/subscriptions/removal", data=form)
    ).status_code == 303
    assert len(await subscriptions.endpoints(site.house.db, site.scene.cast.bob)) == 1
    assert (await site.scene.bob.post("/push/subscriptions/removal", data=form)).status_code == 303
    assert await subscriptions.endpoints(site.house.db, site.scene.cast.bob) == []
    assert (await site.scene.nobody.post("/push/subscriptions", data=form)).status_code == 401


async def test_where_it_is_off_it_is_not_shown_and_nothing_is_taken(
    house: conftest.House, scene: conftest.Scene
) -> None:
    page = await scene.bob.get("/profile/notifications")
    assert page.status_code == 200 and "subscription" not in page.text
    form = receivers.Browser("https://fcm.googleapis.com/x").form(webpush.server_key("x").public)
    assert (await scene.bob.post("/push/subscriptions", data=form)).status_code == 422


async def test_a_subscription_made_under_an_older_secret_is_served_under_it(
    opened: conftest.Open, staged: conftest.Staged, service: receivers.PushService
) -> None:
    keys = (*people.KEYS, "another secret, as long as a real one would be")
    with mock.patch.object(push, "DELAY_SECONDS", 0.1):
        async with opened(push_hosts=(service.host,), secret_keys=keys) as house:
            scene = await staged(house)
            site = Site(house, scene, service, service.browser("bob"))
            old, new = (webpush.server_key(secret).public for secret in keys)
            assert house.state["push"].server_key == new
            form = site.bobs.form(old)
            assert (await scene.bob.post("/push/subscriptions", data=form)).status_code == 303
            await notifications.choose(house.db, scene.cast.room, scene.cast.bob, "all")
            await site.say("hello")
            (got,) = await site.told(1)
            assert receivers.check_sender(got, f"http://{service.host}")["key"] == old
