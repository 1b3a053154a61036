"""The administration from outside: for whom it exists, what it asks for, what it tells and does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import httpx2
import pytest

from hubbub.domain import accounts, bans, clock, drafts, messages, reports, rooms, site
from hubbub.domain.administration import paging
from hubbub.web import access, routes
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

SECRET = "the colour of the parrot"


class Desk:
    """A site with a private room, and Root, who administers it."""

    def __init__(
        self, house: conftest.House, scene: conftest.Scene, root: accounts.Person, private: Any
    ) -> None:
        self.house, self.scene, self.root, self.private = house, scene, root, private
        self.cast = scene.cast

    async def sign_in(self, *, confirmed: bool = True) -> httpx2.AsyncClient:
        client = await self.house.sign_in(self.root)
        if not confirmed:
            await self.house.db.run(
                "UPDATE sessions SET confirmed_at = :at",
                {"at": clock.now() - access.CONFIRMED_FOR - 1},
            )
        return client

    async def log(self) -> list[str]:
        rows = await self.house.db.all("SELECT kind FROM security_events ORDER BY id")
        return [row["kind"] for row in rows]


@pytest.fixture
async def desk(house: conftest.House, scene: conftest.Scene) -> Desk:
    db, cast = house.db, scene.cast
    root = await people.person(db, "Root", is_admin=True)
    private = await rooms.create(db, cast.alice, "The quiet room", "invited")
    await people.bring(db, private, cast.alice, cast.bob)
    await messages.post(db, private, cast.alice, drafts.Draft(SECRET))
    hidden = await rooms.create(db, cast.alice, "Alice and Bob", "invited")
    await db.run("UPDATE rooms SET direct_key = '1 2' WHERE id = :id", {"id": hidden.id})
    await messages.post(db, hidden, cast.alice, drafts.Draft(SECRET))
    await messages.post(db, cast.room, cast.alice, drafts.Draft("in the open"))
    for room in (private, cast.room):
        fresh = await rooms.by_id(db, room.id)
        assert fresh is not None
        await reports.report_message(db, fresh, cast.bob, 1, "Look at this")
    await bans.ban(db, cast.room, cast.alice, cast.charlie, reason="Shouting")
    await db.run(
        "INSERT INTO invitation_links (public_id, room_id, maker_id, role, label, created_at)"
        " VALUES ('abc', :room_id, :maker_id, 'member', 'Poster', 1)",
        {"room_id": cast.room.id, "maker_id": cast.alice.id},
    )
    return Desk(house, scene, root, private)


def doors(desk: Desk) -> Iterator[tuple[str, str]]:
    """Every door of the administration, as method and path."""
    for route in routes.routes(desk.house.config):
        path = getattr(route, "path", "")
        if path.startswith("/admin"):
            path = path.replace("{username}", "Bob").replace("{id}", str(desk.private.id))
            yield ("POST" if "POST" in route.methods else "GET"), path  # type: ignore[attr-defined]


def same(answer: httpx2.Response) -> str:
    """A page without what differs each time."""
    return re.sub(r"Request [0-9a-f-]+", "", answer.text)


async def contents(desk: Desk) -> list[Any]:
    found = []
    for table in ("people", "rooms", "memberships", "messages", "bans", "reports", "site"):
        rows = await desk.house.db.all(f"SELECT * FROM {table}")
        found += [tuple(row) for row in rows]
    found += [tuple(r) for r in await desk.house.db.all("SELECT revoked_at FROM invitation_links")]
    return found


# -- the gate ----------------------------------------------------------------------------------


async def test_for_those_without_the_right_no_door_exists(desk: Desk) -> None:
    guest = await people.person(desk.house.db, "Gus")
    await desk.house.db.run("UPDATE people SET guest_of = 1 WHERE id = :id", {"id": guest.id})
    await desk.house.db.run(
        "INSERT INTO memberships (room_id, person_id, role, joined_at) VALUES (1, :id, 'guest', 1)",
        {"id": guest.id},
    )
    clients = (desk.scene.bob, await desk.house.sign_in(guest))
    before = await contents(desk)
    for client in clients:
        for headers in ({}, conftest.HTMX, conftest.JSON):
            nothing = await client.get("/there-is-no-such-page", headers=headers)
            for method, path in doors(desk):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == 404, (method, path)
                assert same(answer) == same(nothing), (method, path)
                assert answer.headers.keys() == nothing.headers.keys()
    assert await contents(desk) == before


async def test_a_wrong_method_tells_nothing_either(desk: Desk) -> None:
    nothing = await desk.scene.bob.get("/there-is-no-such-page")
    for method, path in (("POST", "/admin"), ("GET", "/admin/bans/removal"), ("PUT", "/admin")):
        answer = await desk.scene.bob.request(method, path)
        assert (answer.status_code, same(answer)) == (404, same(nothing))
        assert "allow" not in answer.headers
    assert (await (await desk.sign_in()).put("/admin")).status_code == 405


async def test_who_is_not_signed_in_is_asked_to(desk: Desk) -> None:
    before = await contents(desk)
    for method, path in doors(desk):
        answer = await desk.scene.nobody.request(method, path)
        if method == "GET":
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login?next=%2Fadmin")
        else:
            assert answer.status_code == 401
    assert await contents(desk) == before


async def test_after_a_while_the_password_is_asked_for_again(desk: Desk) -> None:
    root = await desk.sign_in(confirmed=False)
    before = await contents(desk)
    for method, path in doors(desk):
        if "confirmation" in path:
            continue
        for headers in (conftest.JSON, conftest.HTMX):
            answer = await root.request(method, path, headers=headers)
            assert answer.status_code == 403
            assert "password" in answer.text
        answer = await root.request(method, path)
        if method == "GET":
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/admin/confirmation?next=%2Fadmin")
        else:
            assert answer.status_code == 403
            assert elements.parse(answer.text).one("password").get("type") == "password"
    assert await contents(desk) == before


async def test_the_doors_of_a_room_ask_who_only_runs_the_site_for_it_too(desk: Desk) -> None:
    root, path = await desk.sign_in(confirmed=False), desk.scene.path
    before = await contents(desk)
    # The question shows the message, so it is asked for there too.
    shown = await root.get(f"{path}/1/erasure", headers=conftest.HTMX)
    assert (shown.status_code, "password" in shown.text) == (403, True)
    asked = await root.get(f"{path}/1/erasure")
    assert asked.headers["location"].startswith("/admin/confirmation?next=")
    acts = ("1/erasure", "lock", "archival", "deletion")
    for act in acts:
        for headers in (conftest.JSON, conftest.HTMX, {}):
            answer = await root.post(f"{path}/{act}", headers=headers)
            assert (answer.status_code, "password" in answer.text) == (403, True), act
    assert await contents(desk) == before
    # Whoever has a part in the room does it by that, and is not asked.
    own = await rooms.create(desk.house.db, desk.root, "Their own")
    assert (await root.post(f"{desk.house.path(own)}/lock")).status_code == 303
    for act in acts:
        answer = await root.post(f"{path}/{act}", data={"password": people.PASSWORD})
        assert answer.status_code == 303, act


async def test_the_password_leads_on_to_where_one_wanted_to_go(desk: Desk) -> None:
    root = await desk.sign_in(confirmed=False)
    asked = await root.get("/admin/people?q=a&show=admins")
    page = elements.parse((await root.get(asked.headers["location"])).text)
    [form] = [form for form in page.named("form") if form.get("action") == "/admin/confirmation"]
    fields = {each.get("name"): each.get("value") for each in form.named("input")}
    wrong = {**fields, "password": "not this one"}
    refused = await root.post("/admin/confirmation", data=wrong)
    assert refused.status_code == 403
    assert "This is not your password." in refused.text
    assert "not this one" not in refused.text
    assert (await root.get("/admin")).status_code == 303
    answer = await root.post("/admin/confirmation", data={**fields, "password": people.PASSWORD})
    assert answer.headers["location"] == "/admin/people?q=a&show=admins"
    assert (await root.get(answer.headers["location"])).status_code == 200
    assert "confirmation failed" in await desk.log()
    elsewhere = await root.post(
        "/admin/confirmation", data={"next": "https://example.org", "password": people.PASSWORD}
    )
    assert elsewhere.headers["location"] == "/"


async def test_what_was_typed_is_not_lost_when_the_time_is_over(desk: Desk) -> None:
    root = await desk.sign_in(confirmed=False)
    typed = {"name": "The “Tea” <House>", "accent": "violet"}
    asked = await root.post("/admin/settings", data=typed)
    page = elements.parse(asked.text)
    [form] = [form for form in page.named("form") if form.get("action") == "/admin/settings"]
    fields = {each.get("name"): each.get("value") for each in form.named("input")}
    wrong = await root.post("/admin/settings", data={**fields, "password": "no"})
    assert (wrong.status_code, "This is not your password." in wrong.text) == (403, True)
    assert "Tea" in wrong.text
    fields.pop("username", None)
    saved = await root.post("/admin/settings", data={**fields, "password": people.PASSWORD})
    assert saved.status_code == 303
    now = desk.house.state["site"].now
    assert (now.name, now.accent) == (typed["name"], "violet")


async def test_guesses_of_the_password_are_limited_like_the_login(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        await staged(house)
        root = await house.sign_in(await people.person(house.db, "Root", is_admin=True))
        await house.db.run("UPDATE sessions SET confirmed_at = 0")
        for path in ("/admin/confirmation", "/admin/settings") * 2:
            assert (await root.post(path, data={"password": "no"})).status_code == 403
        assert (await root.post("/admin/confirmation", data={"password": "no"})).status_code == 403
        right = {"password": people.PASSWORD}
        answer = await root.post("/admin/confirmation", data=right)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_only_administrators_have_the_way_in(desk: Desk) -> None:
    assert 'href="/admin"' in (await (await desk.sign_in()).get("/")).text
    assert 'href="/admin"' not in (await desk.scene.bob.get("/")).text


# -- what is shown -----------------------------------------------------------------------------


def pages(desk: Desk) -> list[str]:
    found = [path for method, path in doors(desk) if method == "GET"]
    found += [f"/admin/rooms/{number}" for number in (1, 2, desk.private.id, desk.private.id + 1)]
    found += [f"/admin/people/{name}" for name in ("Alice", "Charlie", "Root")]
    found += ["/admin/messages?q=parrot", "/admin/messages?by=alice", "/admin/links?show=good"]
    found += [f"/admin/messages?q=parrot&room={desk.private.id + more}" for more in (0, 1)]
    found += ["/admin/reports?show=closed", "/admin/bans?show=past", "/admin/log?by=root"]
    return found


async def test_nothing_that_was_said_in_a_private_room_is_shown_anywhere(desk: Desk) -> None:
    root = await desk.sign_in()
    await root.post("/admin/reports/1/closing")
    for path in pages(desk):
        answer = await root.get(path)
        assert answer.status_code == 200, path
        assert SECRET not in answer.text, path
        assert "parrot" not in answer.text.replace('value="parrot"', "").replace("q=parrot", "")
        assert "Alice and Bob" not in answer.text, "who talks with whom is nobody’s business"
        assert answer.headers["cache-control"] == "no-store"
    assert "in the open" in (await root.get("/admin/messages")).text
    assert "The quiet room" in (await root.get("/admin/rooms")).text


async def test_to_look_changes_nothing(desk: Desk) -> None:
    root = await desk.sign_in()
    before = await contents(desk)
    for path in pages(desk):
        await root.get(path)
    assert await contents(desk) == before


async def queries_of(desk: Desk, client: httpx2.AsyncClient, path: str) -> int:
    """How many a request makes; what the application asks meanwhile in the background is left
    out."""
    compiled, here, count = desk.house.db._compiler.statement, asyncio.current_task(), 0

    def statement(*asked: Any) -> Any:
        nonlocal count
        count += asyncio.current_task() is here
        return compiled(*asked)

    with mock.patch.object(desk.house.db._compiler, "statement", statement):
        await client.get(path)
    return count


async def test_a_page_costs_the_same_queries_however_much_there_is(desk: Desk) -> None:
    root, counts = await desk.sign_in(), []
    for _ in range(2):
        taken = {}
        for path in pages(desk):
            taken[path] = await queries_of(desk, root, path)
        counts.append(taken)
        for number in range(12):
            name = f"More{len(counts)}x{number}"
            room = await rooms.create(desk.house.db, desk.cast.alice, name)
            await messages.post(desk.house.db, room, desk.cast.alice, drafts.Draft("parrot"))
            await people.person(desk.house.db, name)
    assert counts[0] == counts[1]
    assert all(1 <= count <= 8 for count in counts[0].values()), counts[0]


async def test_lists_have_pages_that_keep_what_was_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SIZE", 2)
    root = await desk.sign_in()
    first = elements.parse((await root.get("/admin/people?sort=newest")).text)
    [on] = [link for link in first.named("a") if link.get("rel") == "next"]
    assert on.get("href") == "/admin/people?sort=newest&page=2"
    second = elements.parse((await root.get(on.get("href"))).text)
    rows = second.named("tbody")[0].named("tr")
    assert [row.named("a")[0].text for row in rows] == ["Bob", "Alice"]
    assert [link.get("rel") for link in second.named("a") if link.get("rel")] == ["prev"]


async def test_strange_questions_are_answered_with_a_page(desk: Desk) -> None:
    root = await desk.sign_in()
    for query in ("page=99999999999", "q=%00%25'", "show=x&sort=y", "page=-1", "before=x"):
        for name in ("people", "rooms", "links", "reports", "bans", "log", "messages"):
            assert (await root.get(f"/admin/{name}?{query}")).status_code == 200, (name, query)
    for path in ("messages?since=x", "log?until=x", "messages?room=nowhere"):
        answer = await root.get(f"/admin/{path}")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    for path in ("rooms/999", "rooms/x", "people/nobody", "people/%00"):
        assert (await root.get(f"/admin/{path}")).status_code == 404


# -- what is done ------------------------------------------------------------------------------


async def test_an_account_is_disabled_and_enabled(desk: Desk) -> None:
    root = await desk.sign_in()
    path = "/admin/people/Bob/disabling"
    assert (await root.post(path, data={"disabled": "yes"})).status_code == 303
    assert (await desk.scene.bob.get("/profile")).status_code == 303, "signed out"
    browser, fields = desk.house.browser(), {"username": "Bob", "password": people.PASSWORD}
    refused = await browser.post("/login", data=fields)
    wrong = await browser.post("/login", data={**fields, "password": "wrong, and quite so"})
    assert (refused.status_code, same(refused)) == (wrong.status_code, same(wrong))
    await root.post(path, data={"disabled": "no"})
    assert (await browser.post("/login", data=fields)).status_code == 303
    assert [kind for kind in await desk.log() if kind.startswith("account")] == [
        "account disabled",
        "account enabled",
    ]


async def test_somebody_is_signed_out_everywhere(desk: Desk) -> None:
    root = await desk.sign_in()
    assert (await root.post("/admin/people/Bob/sign-out")).status_code == 303
    assert (await desk.scene.bob.get("/profile")).status_code == 303
    assert (await desk.scene.alice.get("/profile")).status_code == 200
    assert "signed out everywhere" in await desk.log()


async def test_the_right_is_given_and_taken_and_never_from_the_last(desk: Desk) -> None:
    root = await desk.sign_in()
    alone = await root.post("/admin/people/Root/right", data={"admin": "no"})
    assert alone.status_code == 409
    assert "Nobody else administers this site" in alone.text
    await root.post("/admin/people/Bob/right", data={"admin": "yes"})
    assert (await desk.scene.bob.get("/admin")).status_code == 303, "a new right, a new token"
    bob = await desk.house.sign_in(desk.cast.bob)
    assert (await bob.get("/admin")).status_code == 200
    await bob.post("/admin/people/Root/right", data={"admin": "no"})
    assert (await root.get("/admin")).headers["location"].startswith("/login")
    assert (await (await desk.sign_in()).get("/admin")).status_code == 404


async def test_a_link_to_a_new_password_is_shown_once_and_works_once(desk: Desk) -> None:
    root = await desk.sign_in()
    answer = await root.post("/admin/people/Bob/password-link")
    assert answer.status_code == 200
    link = elements.parse(answer.text).one("link").get("value")
    assert link.startswith(desk.house.url)
    assert link not in (await root.get("/admin/people/Bob")).text
    fields = {"password": "another nine calm otters"}
    browser = desk.house.browser()
    assert (await browser.post(link, data=fields)).status_code == 303
    assert (await browser.post(link, data=fields)).status_code == 404
    assert "password link made" in await desk.log()


@pytest.mark.parametrize("wanted", ["keep", "erase"])
async def test_an_account_is_deleted_with_its_messages_or_without(desk: Desk, wanted: str) -> None:
    root, path = await desk.sign_in(), "/admin/people/Alice/deletion"
    unsure = await root.post(path, data={"messages": wanted})
    assert unsure.status_code == 422
    assert (await desk.scene.alice.get("/profile")).status_code == 200
    sure = await root.post(path, data={"messages": wanted, "sure": "yes"})
    assert sure.status_code == 303
    assert (await desk.scene.alice.get("/profile")).status_code == 303
    body = await desk.house.db.value(
        "SELECT body FROM messages WHERE room_id = :id", {"id": desk.cast.room.id}
    )
    assert body == ("" if wanted == "erase" else "in the open")
    assert (await root.get("/admin/people/Alice")).status_code == 404
    assert "account deleted" in await desk.log()


async def test_nobody_deletes_or_disables_themselves_here(desk: Desk) -> None:
    root = await desk.sign_in()
    for act in ("deletion", "disabling"):
        answer = await root.post(f"/admin/people/Root/{act}", data={"sure": "yes"})
        assert answer.status_code == 409
    assert (await root.get("/admin")).status_code == 200


async def test_rooms_are_locked_archived_and_deleted_the_private_ones_unseen(desk: Desk) -> None:
    root = await desk.sign_in()
    for room in (desk.cast.room, desk.private):
        path = f"/admin/rooms/{room.id}"
        for act, column in (("lock", "locked"), ("archival", "archived")):
            for wanted in ("yes", "no"):
                assert (await root.post(f"{path}/{act}", data={column: wanted})).status_code == 303
                now = await rooms.by_id(desk.house.db, room.id)
                assert bool(getattr(now, f"{column}_at")) == (wanted == "yes")
        assert (await root.post(f"{path}/deletion")).status_code == 422
        assert (await root.post(f"{path}/deletion", data={"sure": "yes"})).status_code == 303
        assert (await root.get(path)).status_code == 404
    log = await desk.log()
    assert [log.count(kind) for kind in ("room locked", "room archived", "room deleted")] == [2] * 3


async def test_a_private_room_is_entered_by_one_door_only_and_it_is_told_there(
    desk: Desk,
) -> None:
    root = await desk.sign_in()
    room = desk.house.path(desk.private)
    for path in (room, f"{room}/messages", f"{room}/1", f"{room}/people", f"{room}/search?q=a"):
        assert (await root.get(path)).status_code == 404
    entered = await root.post(f"/admin/rooms/{desk.private.id}/entrance")
    assert (entered.status_code, entered.headers["location"]) == (303, room)
    assert SECRET in (await root.get(room)).text
    told = (await desk.scene.bob.get(room)).text
    assert "I have entered this room as an administrator of this site." in told
    assert "private room entered" in await desk.log()
    hidden = desk.private.id + 1
    assert (await root.post(f"/admin/rooms/{hidden}/entrance")).status_code == 403
    assert (await root.post(f"/admin/rooms/{desk.cast.room.id}/entrance")).status_code == 403


async def test_a_message_is_taken_down_and_the_search_is_still_there(desk: Desk) -> None:
    root = await desk.sign_in()
    page = elements.parse((await root.get("/admin/messages?q=open")).text)
    [form] = [form for form in page.named("form") if "removal" in form.get("action")]
    fields = {each.get("name"): each.get("value") for each in form.named("input")}
    answer = await root.post(form.get("action"), data={**fields, "reason": "Not for here"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/messages?q=open")
    shown = (await desk.scene.alice.get(desk.scene.path)).text
    assert "Not for here" in shown
    assert "in the open" not in shown
    private = {"room_id": str(desk.private.id), "number": "1"}
    assert (await root.post("/admin/messages/removal", data=private)).status_code == 404
    assert (await root.post("/admin/messages/removal", data={})).status_code == 404


async def test_links_reports_and_bans_are_seen_to(desk: Desk) -> None:
    root, cast = await desk.sign_in(), desk.cast
    ban = {"room_id": str(cast.room.id), "person_id": str(cast.charlie.id)}
    for path, data in (
        ("/admin/links/1/revocation", {}),
        ("/admin/reports/2/closing", {}),
        ("/admin/bans/removal", ban),
    ):
        assert (await root.post(path, data=data)).status_code == 303, path
        assert (await root.post(path, data=data)).status_code == 404, "done once"
    log = await desk.log()
    for kind in ("invitation link revoked", "report closed", "ban lifted"):
        assert log.count(kind) == 1


# -- settings ----------------------------------------------------------------------------------


async def test_what_is_decided_counts_at_once(desk: Desk) -> None:
    root = await desk.sign_in()
    wanted = {"name": "Tea house", "registration": "closed", "accent": "red", "lobby": "off"}
    wanted |= {"guests": "off", "indexing": "on", "upload_mb": "3", "keep_days": "0"}
    assert (await root.post("/admin/settings", data=wanted)).status_code == 303
    now = desk.house.state["site"].now
    assert (now.name, now.registration, now.accent) == ("Tea house", "closed", "red")
    assert (now.lobby, now.guests, now.indexing, now.upload_mb) == (False, "off", True, 3)
    front = await desk.scene.nobody.get("/login")
    assert 'data-accent="red"' in front.text
    assert "Tea house" in front.text
    assert (await desk.scene.nobody.get("/register")).status_code == 403
    assert (await site.load(desk.house.db, desk.house.config)).name == "Tea house"
    assert "settings changed" in await desk.log()
    before = len(await desk.log())
    await root.post("/admin/settings", data=wanted)
    assert len(await desk.log()) == before, "nothing changed, nothing to tell"


async def test_a_lobby_that_was_deleted_is_made_again_when_it_is_switched_on(desk: Desk) -> None:
    root, db = await desk.sign_in(), desk.house.db
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    await root.post(f"/admin/rooms/{lobby.id}/deletion", data={"sure": "yes"})
    for wanted in ("on", "off"):
        await root.post("/admin/settings", data={"lobby": wanted})
        assert await rooms.by_handle(db, rooms.LOBBY) is None
    await root.post("/admin/settings", data={"lobby": "on"})
    assert await rooms.by_handle(db, rooms.LOBBY) is not None


async def test_larger_files_than_the_environment_says_can_be_allowed(desk: Desk) -> None:
    root, path = await desk.sign_in(), f"{desk.scene.path}/attachments"
    big = {"file": ("big.bin", b"x" * 1_500_000, "application/octet-stream")}
    await root.post("/admin/settings", data={"upload_mb": "1"})
    refused = await desk.scene.alice.post(path, files=big, headers=conftest.JSON)
    assert refused.status_code == 413
    await root.post("/admin/settings", data={"upload_mb": "2"})
    taken = await desk.scene.alice.post(path, files=big, headers=conftest.JSON)
    assert taken.status_code in {200, 201}


async def test_older_messages_are_not_deleted_by_a_slip(desk: Desk) -> None:
    root = await desk.sign_in()
    for days, sure, status in (
        ("30", "", 409),
        ("30", "yes", 303),
        ("60", "", 303),
        ("7", "", 409),
        ("0", "", 303),
    ):
        answer = await root.post("/admin/settings", data={"keep_days": days, "sure": sure})
        assert answer.status_code == status, days
    assert desk.house.state["site"].now.keep_days == 0


async def test_a_wrong_setting_comes_back_beside_its_field(desk: Desk) -> None:
    root = await desk.sign_in()
    for field, value in (("name", ""), ("upload_mb", "1001"), ("keep_days", "x")):
        answer = await root.post("/admin/settings", data={field: value, "accent": "pink"})
        assert answer.status_code == 422
        page = elements.parse(answer.text)
        assert page.one(field).get("aria-invalid") == "true"
        [chosen] = [e for e in page.named("input") if e.get("value") == "pink"]
        assert "checked" in chosen.attributes
    assert desk.house.state["site"].now.accent != "pink"


async def test_what_the_environment_decided_is_shown_and_cannot_be_changed(
    opened: conftest.Open,
) -> None:
    async with opened(fixed=frozenset({"site_name", "accent"}), site_name="Fixed") as house:
        root = await house.sign_in(await people.person(house.db, "Root", is_admin=True))
        page = elements.parse((await root.get("/admin/settings")).text)
        assert "disabled" in page.one("name").attributes
        assert "disabled" not in page.one("upload_mb").attributes
        await root.post("/admin/settings", data={"name": "Another", "upload_mb": "5"})
        now = house.state["site"].now
        assert (now.name, now.upload_mb) == ("Fixed", 5)


async def test_the_style_of_the_administration_is_asked_for_there_only(desk: Desk) -> None:
    root = await desk.sign_in()
    assert "/static/admin-" in (await root.get("/admin")).text
    assert "/static/admin-" not in (await root.get("/")).text
