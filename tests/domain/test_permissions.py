"""The access table: what its docstring says is what it holds, and every may has its may-not."""

import dataclasses
import pathlib

import pytest

from hubbub import errors
from hubbub.domain import accounts, permissions, rights, rooms
from hubbub.domain.permissions import Act, Standing

LINK = rooms.Room(1, "a" * 10, 0, "Talk", "", "link", None, 1, 0, 1, 0, None, None)
LISTED = dataclasses.replace(LINK, access="listed", handle="talk")
INVITED = dataclasses.replace(LINK, access="invited")
ARCHIVED = dataclasses.replace(LINK, archived_at=1)
LOCKED = dataclasses.replace(LINK, locked_at=1)
DIRECT = dataclasses.replace(INVITED, direct_key="1 2")

ADA = accounts.Person(1, "ada", "Ada", False)
ROOT = accounts.Person(2, "root", "Root", True)
ROLES = {Standing(role) for role in permissions.RANKS}
INSIDE = ROLES | {Standing.MUTED}
CARERS = {Standing.MODERATOR, Standing.OWNER}
SPEAKERS = CARERS | {Standing.MEMBER, Standing.GUEST}
CLOSED_WHEN_ARCHIVED = {
    Act.ENTER, Act.POST, Act.ATTACH, Act.TYPE, Act.EDIT, Act.REACT, Act.CALL, Act.PIN, Act.TOPIC,
    Act.INVITE, Act.LINKS, Act.ADMIT, Act.RELEASE, Act.LOCK, Act.SLOW, Act.HOLD, Act.GUESTS,
    Act.RENAME,
}  # fmt: skip


def drawn_table() -> dict[tuple[Act, Standing], bool]:
    """The table as the docstring draws it."""
    lines = [line.split() for line in (permissions.__doc__ or "").splitlines()]
    heads = next(line[1:] for line in lines if line[:1] == ["act"])
    rows = [line for line in lines if len(line) == len(heads) + 1 and set(line[1:]) <= {"x", "-"}]
    return {
        (Act(row[0]), Standing(head)): mark == "x"
        for row in rows
        for head, mark in zip(heads, row[1:], strict=True)
    }


def may(standing: Standing, room: rooms.Room) -> set[Act]:
    return {act for act in Act if permissions.can(standing, act, room)}


def granted(standing: Standing) -> set[Act]:
    """What the table grants, whatever state a room is in."""
    return {act for act in Act if standing in permissions.TABLE[act]}


def test_the_drawn_table_is_the_table() -> None:
    drawn = drawn_table()
    assert set(drawn) == {(act, standing) for act in Act for standing in Standing}
    assert drawn == {
        (act, standing): standing in permissions.TABLE[act] for act in Act for standing in Standing
    }


def test_every_act_is_open_to_someone_and_closed_to_someone() -> None:
    for act in Act:
        assert permissions.TABLE[act]
        assert permissions.TABLE[act] != set(Standing)
        assert Standing.BANNED not in permissions.TABLE[act]
    assert granted(Standing.ANONYMOUS) == {Act.ENTER}


def test_who_stands_higher_may_what_those_below_may() -> None:
    member, moderator, owner = (
        granted(one) for one in (Standing.MEMBER, Standing.MODERATOR, Standing.OWNER)
    )
    assert granted(Standing.MUTED) == granted(Standing.READER) < member < moderator < owner
    assert owner == set(Act) - {Act.ENTER}
    assert member - granted(Standing.GUEST) == {Act.SHARE}
    assert member - granted(Standing.MUTED) == permissions.SPEAKING


@pytest.mark.parametrize("room", [LINK, LISTED])
@pytest.mark.parametrize("standing", list(Standing))
def test_in_open_rooms_the_table_decides(room: rooms.Room, standing: Standing) -> None:
    assert may(standing, room) == granted(standing)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("standing", sorted(set(Standing) - INSIDE))
def test_an_invited_room_does_not_exist_for_others(act: Act, standing: Standing) -> None:
    if standing is Standing.ADMIN and act in {Act.LOCK, Act.ARCHIVE, Act.DELETE}:
        permissions.require(standing, act, INVITED)
    else:
        assert not permissions.can(standing, act, INVITED)
        with pytest.raises(errors.NotFound):
            permissions.require(standing, act, INVITED)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("standing", sorted(set(Standing) - INSIDE))
def test_a_direct_room_does_not_exist_for_others_at_all(act: Act, standing: Standing) -> None:
    assert not permissions.can(standing, act, DIRECT)
    with pytest.raises(errors.NotFound):
        permissions.require(standing, act, DIRECT)


@pytest.mark.parametrize("standing", sorted(INSIDE))
def test_an_invited_room_is_like_any_other_for_those_inside(standing: Standing) -> None:
    assert may(standing, INVITED) == may(standing, LINK) >= {Act.SEE}


@pytest.mark.parametrize("standing", sorted(INSIDE))
def test_nobody_comes_into_a_direct_room_or_leaves_it(standing: Standing) -> None:
    assert may(standing, DIRECT) == granted(standing) - {Act.JOIN, Act.LEAVE, Act.SHARE}
    with pytest.raises(errors.Forbidden, match="direct conversation"):
        permissions.require(standing, Act.LEAVE, DIRECT)


@pytest.mark.parametrize("standing", list(Standing))
def test_an_archived_room_is_read_and_not_written(standing: Standing) -> None:
    assert may(standing, ARCHIVED) == granted(standing) - CLOSED_WHEN_ARCHIVED
    if standing in SPEAKERS:
        with pytest.raises(errors.Forbidden, match="archived"):
            permissions.require(standing, Act.POST, ARCHIVED)


@pytest.mark.parametrize("standing", list(Standing))
def test_in_a_locked_room_only_those_who_look_after_it_speak(standing: Standing) -> None:
    closed = {Act.JOIN, Act.ENTER} | (permissions.SPEAKING if standing not in CARERS else set())
    assert may(standing, LOCKED) == granted(standing) - closed
    if standing in SPEAKERS - CARERS:
        with pytest.raises(errors.Forbidden, match="locked"):
            permissions.require(standing, Act.POST, LOCKED)


def test_what_one_wrote_can_be_taken_back_even_where_nothing_can_be_changed() -> None:
    for standing in INSIDE:
        for room in (ARCHIVED, LOCKED):
            permissions.require(standing, Act.ERASE, room)
    for standing in SPEAKERS:
        for act in (Act.EDIT, Act.REACT):
            with pytest.raises(errors.Forbidden, match="archived"):
                permissions.require(standing, act, ARCHIVED)
    for act in (Act.CALL, Act.PIN):
        with pytest.raises(errors.Forbidden, match="archived"):
            permissions.require(Standing.MODERATOR, act, ARCHIVED)
        with pytest.raises(errors.Forbidden, match="look after"):
            permissions.require(Standing.MEMBER, act, LINK)
    with pytest.raises(errors.Forbidden, match="not a member"):
        permissions.require(Standing.OUTSIDER, Act.ERASE, ARCHIVED)


@pytest.mark.parametrize(
    ("standing", "act", "words"),
    [
        (Standing.OUTSIDER, Act.POST, "not a member"),
        (Standing.ADMIN, Act.POST, "not a member"),
        (Standing.MUTED, Act.POST, "muted"),
        (Standing.READER, Act.REACT, "read here, but not write"),
        (Standing.READER, Act.BAN, "look after"),
        (Standing.GUEST, Act.SHARE, "account"),
        (Standing.GUEST, Act.PIN, "look after"),
        (Standing.MEMBER, Act.DELETE, "look after"),
        (Standing.MODERATOR, Act.DELETE, "owner"),
    ],
)
def test_what_is_seen_but_not_allowed_is_forbidden_with_a_reason(
    standing: Standing, act: Act, words: str
) -> None:
    with pytest.raises(errors.Forbidden, match=words):
        permissions.require(standing, act, LINK)
    permissions.require(Standing.OWNER, act, LINK)


def test_a_standing_follows_from_person_and_membership() -> None:
    assert permissions.standing(None, None) is Standing.ANONYMOUS
    assert permissions.standing(ADA, None) is Standing.OUTSIDER
    assert permissions.standing(ADA, None, is_banned=True) is Standing.BANNED
    assert permissions.standing(ROOT, None) is Standing.ADMIN
    for role in permissions.RANKS:
        member = rooms.Member(ROOT, role, 0)
        assert permissions.standing(ROOT, member) == role
        muted = dataclasses.replace(member, muted_until=1)
        assert permissions.standing(ROOT, muted) is Standing.MUTED


def test_one_acts_only_on_those_who_stand_lower() -> None:
    higher = {
        (one, other)
        for one in permissions.RANKS
        for other in permissions.RANKS
        if permissions.outranks(one, other)
    }
    plain = {"reader", "guest", "member"}
    assert higher == {
        *(("owner", other) for other in {"moderator", *plain}),
        *(("moderator", other) for other in plain),
    }
    assert not permissions.outranks("", "")


def test_an_act_may_be_named_by_its_word() -> None:
    assert permissions.can(Standing.OWNER, Act("hand_over"), LINK)
    with pytest.raises(ValueError, match="fly"):
        Act("fly")


# ---------------------------------------------------------------- in sentences


def test_every_act_and_every_standing_has_its_words_once() -> None:
    grouped = [act for acts in rights.GROUPS.values() for act in acts]
    assert sorted(grouped) == sorted(Act)
    assert set(rights.SENTENCES) == set(Act)
    assert set(rights.NAMES) == set(Standing)
    assert len(set(rights.SENTENCES.values())) == len(Act)


@pytest.mark.parametrize("room", [LINK, ARCHIVED, LOCKED, DIRECT])
@pytest.mark.parametrize("standing", sorted(INSIDE))
def test_what_one_is_told_one_may_do_is_what_one_may_do(
    standing: Standing, room: rooms.Room
) -> None:
    told = [right for group in rights.of(standing, room) for right in group.rights]
    assert {right.act for right in told if right.may} == may(standing, room) - {Act.JOIN}
    for right in told:
        if not right.may:
            with pytest.raises(errors.Forbidden) as refused:
                permissions.require(standing, right.act, room)
            assert right.reason == refused.value.message


def test_the_table_in_the_documents_is_the_table() -> None:
    page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "rights.md"
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.read_text().splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    by_name = {name: standing for standing, name in rights.NAMES.items()}
    by_sentence = {sentence: act for act, sentence in rights.SENTENCES.items()}
    told: dict[tuple[Act, Standing], bool] = {}
    heads: list[str] = []
    for first, *cells in rows:
        if not first:
            heads = cells
            continue
        assert set(cells) <= {"yes", "–"}
        for name, cell in zip(heads, cells, strict=True):
            told[by_sentence[first], by_name[name]] = cell == "yes"
    assert told == drawn_table()
