"""The set-up address in a browser: what it asks, what it refuses, and that it works once."""

import httpx2
import pytest

from hubbub.domain import accounts, first_run, site
from tests.people import PASSWORD, person
from tests.web.conftest import House, Open

pytestmark = pytest.mark.anyio

ANSWERS = {
    "username": "ada",
    "password": PASSWORD,
    "name": "Sea View",
    "registration": "closed",
    "guests": "on",
    "lobby": "on",
}


@pytest.fixture
async def path(house: House) -> str:
    return f"/setup/{await first_run.start(house.db)}"


async def admin(house: House) -> accounts.Person | None:
    return await accounts.by_username(house.db, "ada")


async def test_five_questions_and_the_site_is_open(house: House, path: str) -> None:
    browser = house.browser()
    page = await browser.get(path)
    assert page.status_code == 200
    questions = (
        "Who looks after it?",
        "What is it called?",
        "Who may register?",
        "May people come in without an account?",
        "Do all meet in a lobby?",
    )
    assert all(question in page.text for question in questions)
    done = await browser.post(path, data=ANSWERS)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    home = await browser.get("/")
    assert "<title>General – Sea View</title>" in home.text
    made = await admin(house)
    assert made is not None
    assert made.is_admin
    assert (await house.browser().get("/register")).status_code == 403, "closed, as was decided"


async def test_it_works_once_and_a_guess_never(house: House, path: str) -> None:
    assert (await house.browser().post(path, data=ANSWERS)).status_code == 303
    nothing = await house.browser().get("/nothing/at-all")
    for address in (path, path[:-1] + "!", "/setup/" + "a" * 43):
        for answer in (
            await house.browser().get(address),
            await house.browser().post(address, data={**ANSWERS, "username": "eve"}),
        ):
            assert answer.status_code == 404
            assert _without_number(answer) == _without_number(nothing)
    assert await accounts.by_username(house.db, "eve") is None


def _without_number(answer: httpx2.Response) -> str:
    return answer.text.replace(answer.headers.get("x-request-id", "\0"), "")


async def test_who_registers_first_administers_nothing(house: House, path: str) -> None:
    browser = house.browser()
    await browser.post("/register", data={"username": "ada", "password": PASSWORD})
    made = await admin(house)
    assert made is not None
    assert not made.is_admin
    assert (await browser.get(path)).status_code == 200


async def test_what_was_typed_is_still_there_when_it_is_refused(house: House, path: str) -> None:
    browser = house.browser()
    refused = await browser.post(path, data={**ANSWERS, "password": "short"})
    assert refused.status_code == 422
    assert 'value="Sea View"' in refused.text
    assert 'value="closed" checked' in refused.text
    assert "short" not in refused.text.replace("too short", "")
    odd = await browser.post(path, data={**ANSWERS, "guests": "perhaps"})
    assert odd.status_code == 422
    assert await admin(house) is None
    assert (await browser.post(path, data=ANSWERS)).status_code == 303


async def test_once_there_is_an_administrator_the_address_is_gone(house: House, path: str) -> None:
    await person(house.db, "root", is_admin=True)
    assert (await house.browser().get(path)).status_code == 404


async def test_the_form_of_another_site_changes_nothing(house: House, path: str) -> None:
    foreign = house.browser(Origin="https://evil.example", Sec_Fetch_Site="cross-site")
    assert (await foreign.post(path, data=ANSWERS)).status_code == 403
    assert await admin(house) is None


async def test_what_the_environment_decided_is_not_asked(opened: Open) -> None:
    async with opened(registration="closed", fixed=frozenset({"registration"})) as house:
        path = f"/setup/{await first_run.start(house.db)}"
        browser = house.browser()
        assert "The environment of this server decides this." in (await browser.get(path)).text
        await browser.post(path, data={**ANSWERS, "registration": "open"})
        current: site.Current = house.state["site"]
        assert current.now.registration == "closed"
        assert current.now.guests == "on"


async def test_guesses_are_limited(opened: Open) -> None:
    async with opened(rate_limits=True) as house:
        browser = house.browser()
        answers = [(await browser.get(f"/setup/{number}")).status_code for number in range(25)]
        assert answers[:20] == [404] * 20
        assert answers[20:] == [429] * 5
