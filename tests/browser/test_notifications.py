"""Notifications in Chromium: asked for only by a click, shown only to who looks elsewhere."""

import json
import pathlib
import re
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import CDPSession, Page, expect

from hubbub import webpush
from tests import receivers, servers, services
from tests.browser import conftest
from tests.browser.test_accessibility import violations
from tests.browser.test_looks import opened, say

Someone = Callable[[str], conftest.Account]

# Chromium's own notifications leave the page; these are kept where the test can read them. Whether
# somebody looks is up to the window, which a browser without a screen does not have.
WATCHED = """
    window.shown = [];
    window.asked = 0;
    window.rung = 0;
    let permission = "%s", away = false;
    window.Notification = class {
      static get permission() { return permission; }
      static async requestPermission() { window.asked++; return permission = "granted"; }
      constructor(title, options) {
        Object.assign(this, options, { title });
        window.shown.push(this);
      }
      close() {}
    };
    const Real = window.AudioContext;
    window.AudioContext = class extends Real { constructor() { super(); window.rung++; } };
    window.away = (value) => {
      away = value;
      dispatchEvent(new Event(value ? "blur" : "focus"));
    };
    Object.defineProperty(Document.prototype, "hidden", { get: () => away });
    document.hasFocus = () => !away;
    addEventListener("DOMContentLoaded", () => {
      const told = () => window.known = true;
      const list = document.getElementById("unread");
      if (list) new MutationObserver(told).observe(list, { childList: true });
    });
"""


@pytest.fixture(scope="module")
def program() -> str:
    """The browser itself subscribes, and shows what it is told."""
    return conftest.CHROMIUM


@pytest.fixture(scope="module")
def service() -> Iterator[receivers.PushService]:
    with receivers.PushService() as service:
        yield service


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, service: receivers.PushService
) -> Iterator[servers.Server]:
    """A server that speaks to the push service of this file."""
    home = tmp_path_factory.mktemp("server")
    with servers.Server(home, settings={"HUBBUB_PUSH_HOSTS": service.host}) as server:
        yield server


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("The harbour")
    ben.join(path)
    return path


def wants(person: conftest.Account, *words: str) -> None:
    fields = dict.fromkeys(words, "yes")
    assert person.client.post("/profile/notifications", data=fields).status_code == 303


def level(person: conftest.Account, room: str, chosen: str) -> None:
    answer = person.client.post(f"{room}/notifications", data={"level": chosen})
    assert answer.status_code == 303


def watched(page: Page, room: str, permission: str = "granted") -> Page:
    """The room, live, in a browser whose notifications can be read."""
    page.add_init_script(WATCHED % permission)
    opened(page, room)
    # From the moment it is known where somebody stands they are told of what is new.
    page.wait_for_function("() => window.known")
    return page


def told(page: Page, count: int) -> list[dict[str, str]]:
    page.wait_for_function(f"() => shown.length >= {count}")
    found: list[dict[str, str]] = page.evaluate(
        "shown.map(({ title, body, tag }) => ({ title, body, tag }))"
    )
    return found


def test_who_looks_elsewhere_is_shown_a_message_and_a_click_leads_to_it(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    wants(ada, "alerts")
    level(ada, room, "")
    page = watched(page_for(ada), room)
    page.evaluate("away(true)")
    ben.say(room, "not for anyone")
    number = ben.say(room, "**hello** @ada")
    (shown,) = told(page, 1)
    assert shown == {
        "title": "Ben in The harbour",
        "body": "hello @ada",
        "tag": f"{room}/{number}",
    }
    assert page.evaluate("rung") == 0, "no sound was asked for"
    page.evaluate("shown[0].onclick()")
    page.wait_for_url(f"**{room}/{number}")
    expect(page.locator("#marked")).to_contain_text("hello")


def test_who_looks_is_shown_nothing(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    wants(ada, "alerts", "sound")
    level(ada, room, "all")
    page = watched(page_for(ada), room)
    ben.say(room, "seen at once")
    expect(page.locator(".message__body").last).to_have_text("seen at once")
    services.until(lambda: 'id="news"' not in ada.client.get(room).text, "it was seen")
    page.evaluate("away(true)")
    ben.say(room, "not seen")
    assert [one["body"] for one in told(page, 1)] == ["not seen"]
    assert page.evaluate("rung") == 1


def test_a_sound_is_heard_in_another_room_and_nothing_is_shown(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    wants(ada, "sound")
    level(ada, room, "all")
    page = watched(page_for(ada), ada.create("Elsewhere"))
    page.locator("#body").click()
    ben.say(room, "hello")
    page.wait_for_function("() => rung === 1")
    assert page.evaluate("shown.length") == 0


def test_several_pages_of_one_person_show_the_same_once_and_hide_the_text(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    wants(ada, "alerts", "sound", "private")
    level(ada, room, "all")
    first = watched(page_for(ada), room)
    second = watched(first.context.new_page(), room)
    for page in (first, second):
        page.evaluate("away(true)")
    ben.say(room, "a secret")
    shown = told(first, 1) + told(second, 1)
    assert len({one["tag"] for one in shown}) == 1, "the browser keeps one of each tag"
    assert {one["body"] for one in shown} == {""}


def test_without_permission_or_wish_nothing_is_asked_and_nothing_is_shown(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    level(ada, room, "all")
    for words, permission in ((("alerts",), "default"), ((), "granted")):
        wants(ada, *words)
        page = watched(page_for(ada), room, permission)
        page.evaluate("away(true)")
        ben.say(room, "hello")
        expect(page).to_have_title(re.compile(r"^\(\d+\) The harbour"))
        assert page.evaluate("[shown.length, asked, rung]") == [0, 0, 0]


def invite(owner: conftest.Account, room: str, guest: conftest.Account) -> None:
    answer = owner.client.post(f"{room}/invitations", data={"username": guest.name})
    assert answer.status_code == 303, answer.text[:2000]


def test_who_looks_elsewhere_is_shown_each_invitation_once_and_a_click_leads_to_the_inbox(
    page_for: conftest.Profiles, someone: Someone, ben: conftest.Account
) -> None:
    eve = someone("Eve")
    wants(eve, "alerts", "sound")
    page = watched(page_for(eve), eve.create("Her own"))
    page.evaluate("away(true)")
    for place, title in enumerate(("The lighthouse", "The <b>pier</b>"), 1):
        invite(ben, ben.create(title, access="invited"), eve)
        shown = told(page, place)[-1]
        assert (shown["title"], shown["body"]) == ("Ben invites you", title)
    expect(page.locator("#inbox")).to_contain_text("2")
    assert len({one["tag"] for one in told(page, 2)}) == 2, "neither takes the other's place"
    assert page.evaluate("[shown.length, rung]") == [2, 2]
    page.evaluate("shown[1].onclick()")
    page.wait_for_url("**/inbox")
    expect(page.get_by_text("The <b>pier</b>")).to_be_visible()


def test_who_hides_the_text_is_shown_neither_the_room_nor_who_invites(
    page_for: conftest.Profiles, someone: Someone, ben: conftest.Account
) -> None:
    eve = someone("Eve")
    wants(eve, "alerts", "private")
    page = watched(page_for(eve), eve.create("Her own"))
    page.evaluate("away(true)")
    invite(ben, ben.create("The lighthouse", access="invited"), eve)
    (shown,) = told(page, 1)
    assert (shown["title"], shown["body"]) == ("You are invited into a room", "")


def test_a_page_says_that_it_is_looked_at_when_something_comes_to_wait_and_not_before(
    page_for: conftest.Profiles, someone: Someone, ben: conftest.Account
) -> None:
    eve = someone("Eve")
    wants(eve, "alerts")
    page, said = page_for(eve), list[str]()
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda frame: said.append(str(frame))),
    )
    watched(page, eve.create("Her own"))

    def looks() -> int:
        return sum('"op":"look"' in frame for frame in said)

    assert looks() == 0, "nothing waits"
    invite(ben, ben.create("The lighthouse", access="invited"), eve)
    expect(page.locator("#inbox")).to_contain_text("1")
    until(page, lambda: looks() == 1)
    assert page.evaluate("shown.length") == 0, "seen as it came"
    page.evaluate("away(true)")
    invite(ben, ben.create("The pier", access="invited"), eve)
    told(page, 1)
    assert looks() == 1, "nobody has seen it"
    page.evaluate("away(false)")
    until(page, lambda: looks() == 2)


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Let Playwright hear what the page does until something is so."""
    for _ in range(conftest.PATIENCE // 20):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come to that")


def test_who_waits_at_the_door_on_a_page_behind_others_is_shown_that_they_were_let_in(
    page_for: conftest.Profiles, someone: Someone, ben: conftest.Account
) -> None:
    eve, room = someone("Eve"), ben.create("The boathouse", access="invited")
    wants(eve, "alerts")
    made = ben.client.post(f"{room}/links", data={"knock": "yes"})
    text = ben.client.get(made.headers["location"]).text
    (door,) = set(re.findall(r"/i/[\w-]+", text))
    page = page_for(eve)
    page.add_init_script(WATCHED % "granted")
    page.add_init_script("addEventListener('DOMContentLoaded', () => away(true))")
    page.goto(door)
    page.get_by_role("button", name="Ask to enter").click()
    expect(page.get_by_text("You asked to enter.")).to_be_visible()
    answer = ben.client.post(f"{room}/knocks/{eve.name}", data={"answer": "admit"})
    assert answer.status_code == 303, answer.text[:2000]
    page.wait_for_url(f"**{room}")
    (shown,) = told(page, 1)
    assert shown == {"title": "You were let in", "body": "The boathouse", "tag": room}


def test_the_browser_is_asked_only_by_a_click(
    page_for: conftest.Profiles, ada: conftest.Account, shots: pathlib.Path
) -> None:
    page = page_for(ada)
    page.add_init_script(WATCHED % "default")
    page.goto("/profile/notifications")
    expect(page.locator("#permission")).to_contain_text("not been asked yet")
    page.get_by_label("The browser’s own notifications").check()
    page.get_by_label("A short sound").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("A short sound")).to_be_checked()
    assert page.evaluate("asked") == 0
    page.screenshot(path=shots / "notifications.png", full_page=True)
    page.get_by_role("button", name="Ask this browser").click()
    expect(page.locator("#permission")).to_contain_text("may show notifications")
    assert page.evaluate("asked") == 1
    expect(page.locator("#ask")).to_be_hidden()


def test_how_much_of_a_room_one_hears_is_chosen_in_its_menu(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.get_by_role("button", name="Menu").click()
    page.locator("#menu").get_by_role("link", name="Notifications").click()
    card = page.locator("#card")
    expect(card.get_by_label("As usual")).to_be_checked()
    expect(card.get_by_label("As usual")).to_be_focused()
    assert violations(page) == []
    card.get_by_label("Nothing").check()
    card.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**{room}")
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#menu")).to_contain_text("Notifications: none")
    elsewhere = opened(page, ada.create("Elsewhere"))
    link = elsewhere.locator(f'.rooms__room[href="{room}"]')
    expect(link).to_have_attribute("data-quiet", "")
    assert violations(elsewhere) == []
    ben.say(room, "hello")
    ben.say(room, "hello @ada")
    expect(link.locator(".badge")).to_have_text("1 mention")


# -- Web Push ------------------------------------------------------------------------------------


@pytest.fixture
def pushing(page_for: conftest.Profiles, ada: conftest.Account, room: str) -> Page:
    """Ada's browser with the service worker of the site."""
    page = page_for(ada)
    page.context.grant_permissions(["notifications"])
    page.goto("/profile/notifications")
    page.evaluate("navigator.serviceWorker.register(subscription.dataset.worker)")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    return page


def deliver(page: Page, cdp: CDPSession, told: dict[str, str]) -> None:
    """What a push service would bring to the browser, opened already."""
    found: list[dict[str, str]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda e: found.extend(e["registrations"]))
    cdp.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(20)
    message = {
        "origin": page.evaluate("origin"),
        "registrationId": found[0]["registrationId"],
        "data": json.dumps(told),
    }
    cdp.send("ServiceWorker.deliverPushMessage", message)


def test_the_service_worker_shows_what_was_sealed_for_this_browser(
    pushing: Page,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
    service: receivers.PushService,
) -> None:
    """Debian's Chromium has no push service, so one stands in, and hands over what it was given."""
    browser = service.browser("ada")
    form = browser.form(pushing.locator("[name=server_key]").input_value())
    assert ada.client.post("/push/subscriptions", data=form).status_code == 303
    level(ada, room, "all")
    number = ben.say(room, "come to the *harbour*")
    told = browser.open(service.wait(1)[-1].body)
    deliver(pushing, pushing.context.new_cdp_session(pushing), told)
    pushing.wait_for_function(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications()).length"""
    )
    shown = pushing.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
            .map(({ title, body, tag, data }) => [title, body, tag, data])"""
    )
    where = f"{room}/{number}"
    assert shown == [["Ben in The harbour", "come to the harbour", where, where]]


# Stands for the browser's own part, which asks its push service for an address: keys and address
# are made in the page as a browser makes them, and the private half is handed to the test.
SUBSCRIBING = """
    const encoded = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const subscription = (json) => ({
      ...json,
      toJSON: () => json,
      unsubscribe: async () => delete localStorage.subscribed,
    });
    PushManager.prototype.getSubscription = async () =>
      localStorage.subscribed ? subscription(JSON.parse(localStorage.subscribed)) : null;
    PushManager.prototype.subscribe = async (options) => {
      const curve = { name: "ECDH", namedCurve: "P-256" };
      const pair = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
      const auth = encoded(crypto.getRandomValues(new Uint8Array(16)));
      const p256dh = encoded(await crypto.subtle.exportKey("raw", pair.publicKey));
      const secret = encoded(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
      const json = { endpoint: "ENDPOINT", keys: { p256dh, auth } };
      await made({ ...options, secret, auth });
      localStorage.subscribed = JSON.stringify(json);
      return subscription(json);
    };
"""


def test_a_click_subscribes_this_browser_and_what_arrives_is_sealed_for_it(
    page_for: conftest.Profiles,
    someone: Someone,
    ben: conftest.Account,
    service: receivers.PushService,
) -> None:
    """The whole way but for the browser's own push service, which Debian's Chromium does not have:
    there `PushManager` is a stub, and the question for permission is answered beforehand, for
    nobody can answer it in a browser without windows."""
    ida, room = someone("Ida"), ben.create("The quay")
    ida.join(room)
    level(ida, room, "all")
    browser, kept = service.browser("chosen"), list[dict[str, str]]()
    page = page_for(ida)
    page.context.grant_permissions(["notifications"])
    page.expose_function("made", lambda made: kept.append(made))
    page.add_init_script(SUBSCRIBING.replace("ENDPOINT", browser.endpoint))
    page.goto("/profile/notifications")
    key = page.locator("[name=server_key]").input_value()
    assert kept == [], "not before the click"
    page.get_by_role("button", name="Tell this browser").click()
    expect(page.get_by_text("Browser 1, through 127.0.0.1 (this one)")).to_be_visible()
    expect(page.get_by_role("button", name="Tell this browser")).to_be_hidden()
    (made,) = kept
    assert (made["userVisibleOnly"], made["applicationServerKey"]) == (True, key)
    private = serialization.load_der_private_key(webpush.decoded(made["secret"]), None)
    browser.private, browser.secret = private, webpush.decoded(made["auth"])
    before = len(service.got)
    number = ben.say(room, "the tide is *coming in*")
    got = service.wait(before + 1)[-1]
    assert got.path == "/send/chosen"
    assert receivers.check_sender(got, f"http://{service.host}")["key"] == key
    deliver(page, page.context.new_cdp_session(page), browser.open(got.body))
    assert notified(page) == ["Ben in The quay", "the tide is coming in", f"{room}/{number}"]
    page.get_by_role("button", name="Stop telling it").click()
    expect(page.get_by_text("Browser 1")).to_have_count(0)
    expect(page.get_by_role("button", name="Tell this browser")).to_be_visible()
    assert page.evaluate("localStorage.subscribed") is None


def notified(page: Page) -> list[str]:
    """What the service worker shows, once it does: title, text, and where a click leads."""
    page.wait_for_function(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications()).length"""
    )
    (shown,) = page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
            .map(({ title, body, data }) => [title, body, data])"""
    )
    found: list[str] = shown
    return found


def test_browsers_that_are_told_are_listed_and_can_be_stopped(
    page_for: conftest.Profiles,
    someone: Someone,
    service: receivers.PushService,
    shots: pathlib.Path,
) -> None:
    zoe = someone("Zoe")
    page = page_for(zoe)
    page.goto("/profile/notifications")
    form = service.browser("zoe").form(page.locator("[name=server_key]").input_value())
    assert zoe.client.post("/push/subscriptions", data=form).status_code == 303
    page.reload()
    expect(page.get_by_text("Browser 1, through 127.0.0.1")).to_be_visible()
    page.screenshot(path=shots / "browsers.png", full_page=True)
    assert violations(page) == []
    page.get_by_role("button", name="Stop telling it").click()
    expect(page.get_by_text("Browser 1")).to_have_count(0)


# -- what one prefers ----------------------------------------------------------------------------


def test_enter_makes_a_new_line_for_who_wants_that(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    una = someone("Una")
    path = una.create("Long letters")
    assert una.client.post("/profile/preferences", data={"newline": "yes"}).status_code == 303
    page = opened(page_for(una), path)
    page.locator("#body").click()
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(page.locator("#body")).to_have_value("one\ntwo")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message__body")).to_have_text(re.compile(r"one\s*two"))
    assert page.locator(".message__body br").count() == 1
    expect(page.locator("#body")).to_have_value("")


def test_single_keys_do_nothing_for_who_wants_that(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    una = someone("Una")
    path = una.create("Quiet keys")
    page = opened(page_for(una), path)

    def typed() -> list[object]:
        page.locator("#body").fill("")
        page.locator("#body").evaluate("box => box.blur()")
        page.keyboard.press("x")
        box = page.locator("#body").input_value()
        page.locator("#body").evaluate("box => box.blur()")
        page.keyboard.press("?")
        opened = page.locator("#shortcuts").evaluate("dialog => dialog.open")
        page.keyboard.press("Escape")
        return [box, opened]

    assert typed() == ["x", True]
    assert una.client.post("/profile/preferences", data={"nokeys": "yes"}).status_code == 303
    opened(page, path)
    assert typed() == ["", False]
    page.keyboard.press("Control+k")
    expect(page.locator("#switcher")).to_be_visible()


def test_in_a_slow_room_the_button_counts_down_and_the_text_stays_ones_own(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    assert ada.client.post(f"{room}/pace", data={"seconds": "30"}).status_code == 303
    page = opened(page_for(ben), room)
    say(page, "first")
    button = page.locator(".composer__send")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.wait_for_function(
        "() => /^(30|29|28) s$/.test(composer.querySelector('button').dataset.wait)"
    )
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(page.locator("#body")).to_have_value("second")
    expect(page.locator(".message__body")).to_have_count(1)
    owner = opened(page_for(ada), room)
    say(owner, "I look after it")
    expect(owner.locator(".composer__send")).to_have_attribute("data-wait", "")


def test_what_a_newcomer_says_first_waits_and_leaves_nothing_behind(
    page_for: conftest.Profiles, ada: conftest.Account, someone: Someone, room: str
) -> None:
    assert ada.client.post(f"{room}/hold", data={"hold": "yes"}).status_code == 303
    newcomer = someone("Noa")
    newcomer.join(room)
    page = opened(page_for(newcomer), room)
    say(page, "my first words")
    expect(page.locator("#notice")).to_contain_text("moderator")
    expect(page.locator("#pending > *")).to_have_count(0)
    expect(page.locator("#body")).to_have_value("")
    assert (
        page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('outbox'))") == []
    )
