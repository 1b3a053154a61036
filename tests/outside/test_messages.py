"""Messages from outside: sending, history, what is refused, and text that means harm."""

import asyncio
import re
import uuid

import pytest

from tests import elements, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio

JSON = {"Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_message_is_accepted_with_its_number_and_its_place(
    arrive: conftest.Arrive,
) -> None:
    alice = await arrive("alice")
    room = await alice.create("First message")
    cid = str(uuid.uuid4())
    answer = await alice.post(room, "hello, world", cid)
    assert answer.status_code == 201
    told = answer.json()
    assert set(told) == {"number", "seq", "cid"}
    assert (told["number"], told["cid"]) == (1, cid)
    assert await alice.history(room) == [(1, "alice", "hello, world")]


async def test_the_same_send_again_is_the_same_message(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Once")
    await bob.join(room)
    cid = str(uuid.uuid4())
    first = await alice.post(room, "only once", cid)
    await alice.say(room, "in between")
    again = await alice.post(room, "only once", cid)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (await alice.post(room, "edited before the retry", cid)).status_code == 201
    assert (await bob.post(room, "only once", cid)).status_code == 201, "another author"
    elsewhere = await alice.create("Once elsewhere")
    assert (await alice.post(elsewhere, "only once", cid)).status_code == 201, "another room"
    stored = [(message.author, message.text) for message in await alice.history(room)]
    assert stored == [
        ("alice", "only once"),
        ("alice", "in between"),
        ("alice", "edited before the retry"),
        ("bob", "only once"),
    ]


async def test_without_a_cid_every_send_is_a_message(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("No cid")
    assert [(await alice.post(room, "twice")).status_code for _ in range(2)] == [201, 201]
    assert [message.number for message in await alice.history(room)] == [1, 2]


async def test_130_messages_page_back_to_the_first_and_forward_again(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("A long talk")
    await bob.join(room)
    sent = [
        await (alice, bob)[place % 3 == 0].say(room, f"line {place} of the talk")
        for place in range(130)
    ]
    expected = [(one.number, one.author, one.text) for one in sent]
    assert [one.number for one in sent] == list(range(1, 131))
    assert await bob.history(room) == expected

    onward: list[visitors.Message] = []
    while len(onward) < 130:
        after = onward[-1].number if onward else 0
        page = await bob.client.get(f"{room}/messages", params={"after": after})
        assert page.status_code == 200
        found = visitors.messages_in(elements.parse(page.text))
        assert found, f"there is nothing after {after}"
        onward += found
    assert onward == expected


async def test_the_room_opens_with_its_newest_messages(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Newest")
    for place in range(60):
        await alice.say(room, f"number {place + 1}")
    tree = elements.parse((await alice.open(room)).text)
    shown = visitors.messages_in(tree.one("live"))
    assert [message.number for message in shown] == list(range(11, 61))
    assert re.fullmatch(r"\d+\.\w+", tree.one("cursor").get("value"))
    assert tree.one("cursor").get("name") == "after"


async def test_history_for_htmx_is_a_fragment(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Fragments")
    for place in range(60):
        await alice.say(room, f"number {place + 1}")
    answer = await alice.client.get(f"{room}/messages?before=11", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    numbers = [one.number for one in visitors.messages_in(elements.parse(answer.text))]
    assert numbers == list(range(1, 11))


async def test_a_permalink_shows_a_message_among_its_neighbours(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Permalinks")
    for place in range(90):
        await alice.say(room, f"number {place + 1}")
    answer = await alice.open(f"{room}/20")
    assert answer.status_code == 200
    numbers = [one.number for one in visitors.messages_in(elements.parse(answer.text))]
    assert {19, 20, 21} <= set(numbers)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.parametrize(
    "number", ["0", "-1", "2", "99999999999999999999999999", "1.5", "x", "%00", "１", "1e3", "+1"]
)
async def test_a_permalink_to_nothing_is_not_found(arrive: conftest.Arrive, number: str) -> None:
    alice = await arrive("alice")
    room = await alice.create("No such message")
    await alice.say(room, "the only one")
    assert (await alice.open(f"{room}/{number}")).status_code == 404


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 40, "1.5", "\0", "", "１", "9" * 18])
async def test_a_strange_place_in_history_breaks_nothing(
    arrive: conftest.Arrive, side: str, number: str
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Strange places")
    await alice.say(room, "the only one")
    answer = await alice.client.get(f"{room}/messages", params={side: number})
    assert answer.status_code in (200, 400, 404, 422)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><svg onload=alert(1)>',
        '<div hx-get="/logout" hx-trigger="load">x</div>',
        '<div data-hx-post="/logout" hx-trigger="load">x</div>',
        '<hx-partial hx-target="#messages" hx-swap="innerHTML">gone</hx-partial>',
        '<input id="cursor" name="after" value="9.x" hx-swap-oob="true">',
        '<p id="m1" hx-swap-oob="delete">x</p>',
        "</article></div></main><h1>mine</h1>",
        "<!-- <b>comment</b> -->",
        "<![CDATA[ <b>x</b> ]]>",
        "<style>*{display:none}</style>",
        '<form hx-ws:send hx-trigger="load"><input name=op value=beat></form>',
        "&lt;b&gt; &amp; &#60;script&#62; &quot;&apos;&nbsp;",
        "{{ 7*7 }} {% for x in y %} ${7*7} #{7*7}",
        "javascript:alert(1) data:text/html,<script>alert(1)</script>",
        'https://example.org/"onmouseover="alert(1)',
        "https://example.org/<script>alert(1)</script>",
        "mailto:a@example.org?body=<script>",
        "'; DROP TABLE messages; --",
        "100 % of :names and %s %d %(x)s",
        "\u202eevil\u202c and \u2066isolated\u2069",
        "abc \u202e txt.exe",
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇳 ✍🏽",
        "日本語と中文 العربية עברית हिन्दी ไทย",
        "zero\u200bwidth\u200djoiner\ufeff",
        "𝕬𝖑𝖎𝖈𝖊 \U0010fffd",
        "a" * 4000,
        "&" * 4000,
        "🦦" * 4000,
    ],
)
async def test_hostile_text_is_shown_as_the_text_it_is(arrive: conftest.Arrive, body: str) -> None:
    alice = await arrive("alice")
    room = await alice.create("Hostile text")
    async with alice.watching(room) as page:
        sent = await alice.say(room, body)
        await page.meets(lambda: page.messages, "shows it")
        assert page.messages == [(sent.number, "alice", body)]
    answer = await alice.open(room)
    assert visitors.messages_in(elements.parse(answer.text)) == [(1, "alice", body)]
    assert_nothing_but_text(elements.parse(answer.text).one("m1").of_class("message__body")[0])


def assert_nothing_but_text(body: elements.Element) -> None:
    """A body holds line breaks and safe links, and no attribute of anyone's making."""
    for part in body.every():
        assert part.tag in ("a", "br", "p", "span"), part.tag
        assert set(part.attributes) <= {"href", "rel", "target", "class", "title"}, part.attributes
        if part.tag == "a":
            assert part.get("href").startswith(("https://", "http://", "mailto:"))
            assert {"noopener", "noreferrer", "nofollow", "ugc"} <= set(part.get("rel").split())


async def test_a_link_in_a_message_can_be_followed(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Links")
    await alice.say(room, "see https://example.org/a_(b)?c=d&e=f, and (http://example.com).")
    body = elements.parse((await alice.open(room)).text).one("m1")
    links = [link.get("href") for link in body.of_class("message__body")[0].named("a")]
    assert links == ["https://example.org/a_(b)?c=d&e=f", "http://example.com"]


async def test_lines_stay_lines(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Lines")
    await alice.post(room, "one\r\ntwo\nthree")
    body = elements.parse((await alice.open(room)).text).one("m1").of_class("message__body")[0]
    assert [line.strip() for line in body.text.strip().split("\n") if line.strip()] == [
        "one",
        "two",
        "three",
    ]


async def test_a_pile_of_combining_marks_does_no_harm(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Zalgo")
    answer = await alice.post(room, "z" + "\u0301\u0316" * 1000 + "algo")
    assert answer.status_code in (201, 422)
    for message in await alice.history(room):
        assert len(message.text) < 100


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("  \n\t ", 422),
        ("\u200b\u200b", 422),
        ("x" * 4001, 422),
        ("🦦" * 4001, 422),
        ("nul \0 inside", 400),
        ("bell \a inside", 400),
        ("escape \x1b[31m", 400),
        ("x" * 70_000, 413),
    ],
)
async def test_a_body_that_cannot_be_is_refused_in_words_and_stores_nothing(
    arrive: conftest.Arrive, body: str, status: int
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Refused")
    answer = await alice.post(room, body, str(uuid.uuid4()))
    assert answer.status_code in {status, 422 if status == 400 else status}, answer.text[:300]
    assert len(answer.json()["error"]) > 10
    assert await alice.history(room) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"body=%ED%A0%80",
        b"body=%ED%B0%80x",
        b"body=%FF%FE",
        b"body=\xff\xfe",
        b"body=%C0%80",
        b"body=a%00b",
        b"body=%F4%90%80%80",
    ],
)
async def test_bytes_that_are_no_text_are_refused(arrive: conftest.Arrive, raw: bytes) -> None:
    alice = await arrive("alice")
    room = await alice.create("Bytes")
    answer = await alice.client.post(f"{room}/messages", content=raw, headers={**JSON, **FORM})
    assert answer.status_code in (400, 422), answer.text[:300]
    assert answer.json()["error"]
    assert await alice.history(room) == []


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("application/json", b'{"body": "hello"'),
        ("application/json", b"[" * 50_000),
        ("application/json", b'{"body": "\\ud800"}'),
        ("application/json", b'{"body": {"a": 1}}'),
        ("application/json", b'{"body": NaN}'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("text/plain", b"body=hello"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(5000))),
        ("application/x-www-form-urlencoded", b"body=a&body=b&cid=c&cid=d"),
        ("", b"body=hello"),
    ],
)
async def test_a_request_of_a_strange_kind_is_refused_without_a_crash(
    arrive: conftest.Arrive, kind: str, raw: bytes
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Kinds")
    headers = {**JSON, **({"Content-Type": kind} if kind else {})}
    answer = await alice.client.post(f"{room}/messages", content=raw, headers=headers)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.json()["error"]
    assert await alice.history(room) == []


@pytest.mark.parametrize("cid", ["x", "1" * 5000, "0", "\0", "ä", "../../x", "' OR 1=1"])
async def test_a_cid_that_is_no_uuid_is_refused(arrive: conftest.Arrive, cid: str) -> None:
    alice = await arrive("alice")
    room = await alice.create("Cids")
    answer = await alice.post(room, "hello", cid)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]
    assert await alice.history(room) == []


async def test_a_plain_form_sends_and_comes_back_to_the_room(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Plain form")
    answer = await alice.client.post(f"{room}/messages", data={"body": "without a script"})
    assert answer.status_code == 303
    assert visitors.path_of(answer.headers["location"]).split("#")[0] == room


async def test_a_plain_form_that_is_refused_keeps_the_text(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Refused form")
    body = "keep me " * 600
    answer = await alice.client.post(f"{room}/messages", data={"body": body})
    assert answer.status_code == 422
    tree = elements.parse(answer.text)
    assert tree.one("body").text.strip() == body.strip()
    assert any(part.get("role") == "alert" for part in tree.every())


async def test_htmx_gets_the_message_or_a_small_error(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("For htmx")
    headers = {"HX-Request": "true"}
    fields = {"body": "by htmx", "cid": str(uuid.uuid4())}
    answer = await alice.client.post(f"{room}/messages", data=fields, headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert visitors.messages_in(elements.parse(answer.text)) == [(1, "alice", "by htmx")]
    answer = await alice.client.post(f"{room}/messages", data={"body": " "}, headers=headers)
    assert answer.status_code == 422
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


async def test_a_message_is_the_same_bytes_for_everyone(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Same bytes")
    await bob.join(room)
    await alice.say(room, "the same for both")

    def article(page: str) -> str:
        found = re.search(r'<article[^>]* id="m1".*?</article>', page, re.DOTALL)
        assert found
        return found[0]

    pages = [article((await person.open(room)).text) for person in (alice, bob)]
    assert pages[0] == pages[1]


async def test_methods_nobody_offers_are_refused(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Methods")
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        answer = await alice.client.request(method, f"{room}/messages")
        assert answer.status_code in (400, 404, 405), method
    assert (await alice.client.get("/logout/nothing")).status_code == 404


async def test_many_people_sending_at_once_get_one_order(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("All at once")
    await bob.join(room)
    async with alice.watching(room) as one, bob.watching(room) as two:
        sends = ((alice, bob)[place % 2].say(room, f"at once {place}") for place in range(60))
        sent = await asyncio.gather(*sends)
        assert sorted(one.number for one in sent) == list(range(1, 61))
        stored = await alice.history(room)
        assert {(s.number, s.author, s.text) for s in sent} == set(stored)
        await one.equals(stored)
        await two.equals(stored)
