"""What a page costs: few requests, few bytes, and nothing a second time."""

import gzip
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from hubbub import places
from hubbub.web import assets
from tests.browser import conftest
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]

KB = 1024
PAGE = 50  # messages a room's page shows at first


@pytest.fixture(scope="module")
def room(someone: Someone, ada: conftest.Account) -> str:
    """A room with more messages than a page shows, of people who take turns."""
    path = ada.create("What a page costs")
    people = [ada, someone("Ben"), someone("Chloe")]
    for person in people[1:]:
        person.join(path)
    for number in range(PAGE + 10):
        people[number // 3 % 3].say(path, f"{number}: a sentence as people write it in a chat.")
    return path


def answers_to(page: Page, path: str) -> list[Response]:
    """Everything the browser fetched to show the page and to be live."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    opened(page, path).wait_for_load_state("networkidle")
    return answers


def weight(answer: Response) -> int:
    """The bytes of the body as they travelled."""
    return answer.request.sizes()["responseBodySize"]


def test_the_first_visit_to_a_room_costs_at_most_six_requests_and_fifty_kilobytes(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    answers = answers_to(page, room)
    expect(page.locator("#messages article")).to_have_count(PAGE)
    assert len(answers) <= 6, [answer.url for answer in answers]
    assert sum(map(weight, answers)) <= 50 * KB
    document = next(answer for answer in answers if answer.request.resource_type == "document")
    assert 1 * KB < weight(document) <= 12 * KB, "compressed, and small"


def test_a_second_visit_costs_the_page_alone(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    answers_to(page, room)
    opened(page, room).wait_for_load_state("networkidle")
    files = page.evaluate("performance.getEntriesByType('resource').map(file => file.transferSize)")
    assert len(files) >= 3
    assert not any(files), "every file comes from the browser's own store"


def test_the_start_page_costs_no_more_than_its_words(page_for: conftest.Profiles) -> None:
    answers = answers_to(page_for(), "/")
    assert len(answers) <= 3
    assert sum(map(weight, answers)) <= 16 * KB
    assert not any(".js" in answer.url for answer in answers), "nothing there needs a script"


# Everything a room's page loads, and what is fetched only when somebody wants it.
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("hubbub.js", 8 * KB),
        ("hubbub.css", 11 * KB),
        ("htmx.js", 16 * KB),
        ("complete.js", 1.25 * KB),
        ("alerts.js", 0.75 * KB),
        ("notifications.js", 0.75 * KB),
        ("sw.js", 0.5 * KB),
    ],
)
def test_each_file_stays_within_its_limit(name: str, limit: float) -> None:
    asset = assets.Assets(places.static()).logical(name)
    assert len(gzip.compress(asset.body, 9)) <= limit
