"""People, their sessions, rooms, messages, and the log of each room."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_people()
    create_rooms()
    create_messages()
    create_presence()
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"name": "session_endings", "value": 0}])


def create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", Id, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_key", sa.Text, nullable=False, unique=True),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("is_admin", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("first_login_at", sa.BigInteger),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_table(
        "session_endings",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "security_events",
        sa.Column("id", Id, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("person_id", Id),
        sa.Column("room_id", Id),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
    )


def create_rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", Id, primary_key=True),
        sa.Column("public_id", sa.Text, nullable=False, unique=True),
        sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_key", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False, server_default=""),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("handle", sa.Text, unique=True),
        sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_number", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_author_id", Id),
        sa.Column("last_posted_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_run", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("members", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("archived_at", sa.BigInteger),
        sa.Column("deleted_at", sa.BigInteger),
    )
    op.create_index("ix_rooms_access_title_key", "rooms", ["access", "title_key", "id"])
    op.create_table(
        "memberships",
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "person_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_person_id_room_id", "memberships", ["person_id", "room_id"])


def create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", Id, primary_key=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("author_id", Id, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("run", sa.SmallInteger, nullable=False),
        sa.Column("posted_at", sa.BigInteger, nullable=False),
        sa.Column("cid", sa.Text),
        sa.Column("digest", sa.Text),
        sa.UniqueConstraint("room_id", "number"),
        sa.UniqueConstraint("author_id", "room_id", "cid", "digest"),
    )
    op.create_table(
        "events",
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("message_id", Id),
        sa.Column("person_id", Id),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "seq", name="pk_events"),
    )
    op.create_index("ix_events_at", "events", ["at"])


def create_presence() -> None:
    op.create_table(
        "leases",
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "presence",
        sa.Column(
            "process", sa.Text, sa.ForeignKey("leases.process", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("room_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("sockets", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("process", "room_id", "person_id", name="pk_presence"),
    )
    op.create_index("ix_presence_room_id", "presence", ["room_id"])
