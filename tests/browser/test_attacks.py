"""Hostile text in every place that shows what people write, with htmx really there: it stays text.

A page is held against what it was made of: whatever the texts say, it has the elements, ids and
attributes of a page of plain texts, nothing outside their places changes, and nothing is asked for.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_journeys import say, shows
from tests.browser.test_looks import is_live, opened

Someone = Callable[[str], conftest.Account]

# Each would do something that can be seen, were it markup for anything in the page.
HOSTILE = [
    '<img src=x onerror="document.title=1">',
    "<script>document.title = 'taken'</script>",
    '<hx-partial hx-target="#room-title" hx-swap="innerHTML">taken</hx-partial>',
    '<template hx type="partial" hx-target="#body">taken</template>',
    '<div id="composer" hx-swap-oob="true">taken</div>',
    '<b hx-get="/rooms" hx-trigger="load" hx-target="body">taken</b>',
    '<b data-hx-post="/logout" data-hx-trigger="load">taken</b>',
    '<form hx-ws:send hx-trigger="load"><input name="op" value="typing"></form>',
    '<div hx-ws:connect="/elsewhere">taken</div>',
    '<a href="javascript:document.title=1">taken</a>',
    '<style>body { display: none }</style><p style="position:fixed">taken</p>',
    '<meta http-equiv="refresh" content="0;url=/logout">',
    "</div></article></main><h1 id=room-title>taken</h1>",
    '"><svg onload="document.title=1">',
    "[taken](javascript:document.title=1) ![taken](https://example.com/x.png)",
    '`<img src=x onerror=1>` **<b id="log">taken</b>** ~~<i class="message">taken</i>~~',
    '```html\n<div id="messages" hx-swap-oob="true">taken</div>\n```',
    "@Ada<b>taken</b> :tada:<i>taken</i> {{ 7*7 }} {% raw %}",
]
SHAPE = """() => {
    const inside = ".message__body, .quote, .pinned__text, .erasure__text, #options";
    const names = (element) => [...element.attributes].map((attribute) => attribute.name);
    const all = [...document.querySelectorAll("*")];
    return {
        ids: all.map((element) => element.id).filter((id) => !/^([mhbqr]\\d+.*|)$/.test(id)).sort(),
        scripts: document.scripts.length,
        styles: document.querySelectorAll("style, link[rel=stylesheet]").length,
        frames: document.querySelectorAll("iframe, object, embed, base").length,
        within: [...document.querySelectorAll(inside)].flatMap((place) =>
            [...place.querySelectorAll("*")].flatMap(names)
                .filter((name) => /^(on|hx-|data-hx|ws-|style$|id$)/.test(name))),
    };
}"""


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("Hostile texts")
    ben.join(path)
    return path


def unharmed(page: Page) -> None:
    expect(page).to_have_title(re.compile("^[(0-9) •]*Hostile texts – Hubbub$"))
    expect(page.locator("#composer")).to_be_visible()
    assert "taken" not in page.locator("#room-title").inner_text()


def test_hostile_messages_change_nothing_outside_their_place(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    ben.say(room, "a plain text")
    shows(page, "a plain text")
    before = page.evaluate(SHAPE)
    for text in HOSTILE:
        last = ben.say(room, text)
    expect(page.locator(f"#m{last}")).to_be_attached()
    ben.client.post(f"{room}/messages", data={"body": HOSTILE[0], "reply_to": str(last - 12)})
    ben.client.post(f"{room}/{last}/edition", data={"body": HOSTILE[2]})
    ada.client.post(f"{room}/{last}/pin", data={"pinned": "yes"})
    say(page, "after all of them")
    shows(page, "after all of them")
    after = page.evaluate(SHAPE)
    assert after["within"] == []
    assert after == before
    unharmed(page)
    # And as a page that is opened, and from its history.
    for path in (room, f"{room}/{last}", f"{room}/messages?before={last + 1}", f"{room}/pins"):
        page.goto(path)
        assert page.evaluate(SHAPE)["within"] == []
        assert page.evaluate("document.scripts.length") == before["scripts"] or "pins" in path
    opened(page, room)
    unharmed(page)


@pytest.mark.parametrize("text", HOSTILE[:9])
def test_hostile_names_and_titles_stay_text(
    page_for: conftest.Profiles, ada: conftest.Account, someone: Someone, text: str
) -> None:
    """A title, a topic and a display name: in the page, the nav, the people, a card and a reply."""
    eve = someone("Eve")
    eve.client.post("/profile/name", data={"name": text[:50]})
    path = eve.create(text[:80])
    eve.client.post(f"{path}/topic", data={"topic": text})
    ada.join(path)
    number = eve.say(path, "hello")
    page = opened(page_for(ada), path)
    expect(page.locator("#room-title")).to_have_text(text[:80])
    expect(page.locator(f"#m{number} .message__author")).to_have_text(text[:50].strip())
    eve.client.post(f"{path}/title", data={"title": f"{text[:70]} 2"})
    expect(page.locator("#room-title")).to_have_text(f"{text[:70]} 2")
    page.locator(f"#m{number} .message__author").click()
    expect(page.locator("#card")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{path}/{number}/reply")
    is_live(page)
    assert page.locator("#reply .reply__line").count() == 1
    assert page.evaluate("document.querySelectorAll('#room-title').length") == 1
    assert page.evaluate("document.querySelectorAll('[onerror], [onload]').length") == 0
    expect(page.locator("#composer")).to_be_visible()


def test_hostile_words_that_are_sought_stay_text(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    for text in HOSTILE:
        for path in (f"{room}/search", "/search", "/go", "/rooms"):
            page.goto(f"{path}?q={'%' + '%'.join(f'{byte:02x}' for byte in text.encode())}")
            assert page.evaluate("document.querySelectorAll('[onerror], [onload]').length") == 0
            assert page.locator("main, [role=main]").count() == 1
            assert "taken" not in page.title() or path != "/rooms"
