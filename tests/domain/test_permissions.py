"""The access table: what its docstring says is what it holds, and every may has its may-not."""

import dataclasses

import pytest

from hubbub import errors
from hubbub.domain import accounts, permissions, rooms
from hubbub.domain.permissions import Act, Standing

LINK = rooms.Room(1, "a" * 10, 0, "Talk", "", "link", None, 1, 0, 1, 0, None, None)
LISTED = dataclasses.replace(LINK, access="listed", handle="talk")
INVITED = dataclasses.replace(LINK, access="invited")
ARCHIVED = dataclasses.replace(LINK, archived_at=1)

ADA = accounts.Person(1, "ada", "Ada", False)
ROOT = accounts.Person(2, "root", "Root", True)
MEMBERS = {Standing.MEMBER, Standing.MODERATOR, Standing.OWNER}


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


def test_the_drawn_table_is_the_table() -> None:
    drawn = drawn_table()
    assert set(drawn) == {(act, standing) for act in Act for standing in Standing}
    assert drawn == {
        (act, standing): standing in permissions.TABLE[act] for act in Act for standing in Standing
    }


def test_every_act_is_open_to_someone_and_closed_to_someone() -> None:
    for act in Act:
        assert Standing.OWNER in permissions.TABLE[act]
        assert Standing.ANONYMOUS not in permissions.TABLE[act]


@pytest.mark.parametrize("room", [LINK, LISTED])
@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("standing", list(Standing))
def test_in_open_rooms_the_table_decides(room: rooms.Room, act: Act, standing: Standing) -> None:
    assert permissions.can(standing, act, room) == (standing in permissions.TABLE[act])


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("standing", sorted(set(Standing) - MEMBERS))
def test_an_invited_room_does_not_exist_for_others(act: Act, standing: Standing) -> None:
    assert not permissions.can(standing, act, INVITED)
    with pytest.raises(errors.NotFound):
        permissions.require(standing, act, INVITED)


@pytest.mark.parametrize("standing", sorted(MEMBERS))
def test_an_invited_room_is_like_any_other_for_its_members(standing: Standing) -> None:
    for act in Act:
        assert permissions.can(standing, act, INVITED) == permissions.can(standing, act, LINK)


@pytest.mark.parametrize("standing", sorted(MEMBERS))
def test_an_archived_room_is_read_and_not_written(standing: Standing) -> None:
    closed = {Act.POST, Act.EDIT, Act.REACT, Act.CALL, Act.PIN, Act.TOPIC, Act.ADD, Act.RENAME}
    for act in Act:
        may = standing in permissions.TABLE[act] and act not in closed
        assert permissions.can(standing, act, ARCHIVED) == may
    with pytest.raises(errors.Forbidden, match="archived"):
        permissions.require(standing, Act.POST, ARCHIVED)


def test_what_one_wrote_can_be_taken_back_even_where_nothing_can_be_changed() -> None:
    for standing in MEMBERS:
        permissions.require(standing, Act.ERASE, ARCHIVED)
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


def test_what_is_seen_but_not_allowed_is_forbidden_with_a_reason() -> None:
    with pytest.raises(errors.Forbidden, match="not a member"):
        permissions.require(Standing.OUTSIDER, Act.POST, LINK)
    with pytest.raises(errors.Forbidden, match="look after"):
        permissions.require(Standing.MEMBER, Act.DELETE, LINK)
    permissions.require(Standing.OWNER, Act.DELETE, LINK)


def test_a_standing_follows_from_person_and_membership() -> None:
    assert permissions.standing(None, None) is Standing.ANONYMOUS
    assert permissions.standing(ADA, None) is Standing.OUTSIDER
    assert permissions.standing(ROOT, None) is Standing.ADMIN
    for role in ("member", "moderator", "owner"):
        member = rooms.Member(ROOT, role, 0)
        assert permissions.standing(ROOT, member) == role


def test_an_act_may_be_named_by_its_word() -> None:
    assert permissions.can(Standing.OWNER, Act("hand_over"), LINK)
    with pytest.raises(ValueError, match="fly"):
        Act("fly")
