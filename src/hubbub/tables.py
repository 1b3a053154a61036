"""The whole schema on one page.

Times are integer milliseconds UTC. Text keys are compared by exact bytes; whatever must be unique
regardless of case is stored folded in a column of its own.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives row ids only to a column declared INTEGER; PostgreSQL wants 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")
# Terms between blanks: PostgreSQL has a type for just that.
Terms = Text().with_variant(TSVECTOR(), "postgresql")


people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False, unique=True),  # folded: see domain.accounts
    Column("display_name", Text, nullable=False),
    Column("password", Text, nullable=False),  # scheme$hash: see passwords
    Column("picture", Text, index=True),  # the digest an uploaded picture is stored under
    Column("is_admin", SmallInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("first_login_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),  # hex SHA-256 of the cookie's token
    Column(
        "person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
)

# The log of ended sessions, numbered without holes like a room's log, so that every process
# learns which of its sockets must close. `counters` holds its head.
counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

session_endings = Table(
    "session_endings",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("session_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("title", Text, nullable=False),
    Column("title_key", Text, nullable=False),  # folded, for search in the directory
    Column("topic", Text, nullable=False, server_default=""),
    Column("access", Text, nullable=False),  # listed, link, invited
    Column("handle", Text, unique=True),  # listed rooms only; folded
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("last_number", BigInteger, nullable=False, server_default="0"),
    # The end of the last run of messages by one author: the next message is grouped with it or not.
    Column("last_author_id", Id),
    Column("last_posted_at", BigInteger, nullable=False, server_default="0"),
    Column("last_run", SmallInteger, nullable=False, server_default="0"),
    Column("members", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
    Column("deleted_at", BigInteger),
    Index("ix_rooms_access_title_key", "access", "title_key", "id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),  # owner, moderator, member
    Column("joined_at", BigInteger, nullable=False),
    # The read pointer: the number of the last message that was really seen.
    Column("read_number", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("room_id", "person_id", name="pk_memberships"),
    Index("ix_memberships_person_id_room_id", "person_id", "room_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, nullable=False),  # 1, 2, 3 … in its room, without holes
    Column("seq", BigInteger, nullable=False),  # the event that posted it
    Column("author_id", Id, ForeignKey("people.id"), nullable=False),
    Column("body", Text, nullable=False),
    Column("run", SmallInteger, nullable=False),  # place in a run by one author; 0 starts one
    Column("posted_at", BigInteger, nullable=False),
    Column("cid", Text),  # the sender's idempotency key
    Column("digest", Text),  # of the body, so that another body is another message
    Column("reply_to", BigInteger),  # the number of another message of the room
    Column("mentions", Text, nullable=False, server_default=""),  # folded usernames, by blanks
    Column("reactions", Integer, nullable=False, server_default="0"),  # how many rows there are
    Column("attachments", SmallInteger, nullable=False, server_default="0"),  # … and of these
    Column("edited_at", BigInteger),
    Column("deleted_at", BigInteger),  # a tombstone: the body is erased, the number stays
    Column("pinned_at", BigInteger),
    Column("pinned_by_id", Id),
    # What search finds it by: see terms. The index over it, `message_words`, is the database's own
    # kind, and is kept by the database itself: see migrations/versions/0003_search.
    Column("words", Terms, nullable=False, server_default=""),
    UniqueConstraint("room_id", "number"),
    UniqueConstraint("author_id", "room_id", "cid", "digest"),
    Index(
        "ix_messages_room_id_reply_to",
        "room_id",
        "reply_to",
        sqlite_where=text("reply_to IS NOT NULL"),
        postgresql_where=text("reply_to IS NOT NULL"),
    ),
    Index(
        "ix_messages_room_id_pinned_at",
        "room_id",
        "pinned_at",
        sqlite_where=text("pinned_at IS NOT NULL"),
        postgresql_where=text("pinned_at IS NOT NULL"),
    ),
)

reactions = Table(
    "reactions",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
    Column("emoji", Text, nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("message_id", "emoji", "person_id", name="pk_reactions"),
    Index("ix_reactions_person_id_emoji", "person_id", "emoji", "at"),
)

# Who is called by a message, for the numbers beside rooms. One row calls everyone in the room, so
# that no message costs a row a member.
mentions = Table(
    "mentions",
    metadata,
    Column("person_id", Id, nullable=False),  # 0: everyone
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("author_id", Id, nullable=False),
    PrimaryKeyConstraint("person_id", "room_id", "number", name="pk_mentions"),
    Index("ix_mentions_room_id_number", "room_id", "number"),
)

# What was uploaded, and whether it was sent: the content itself lies in the store.
attachments = Table(
    "attachments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),  # 128 bits
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), index=True),
    Column("place", SmallInteger, nullable=False, server_default="0"),  # in its message
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),  # in bytes
    Column("width", Integer, nullable=False, server_default="0"),  # in pixels; 0: no picture
    Column("height", Integer, nullable=False, server_default="0"),
    Column("digest", Text, nullable=False, index=True),
    Column("previewed", SmallInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_attachments_person_id_created_at", "person_id", "created_at"),
    Index(
        "ix_attachments_created_at",
        "created_at",
        sqlite_where=text("message_id IS NULL"),
        postgresql_where=text("message_id IS NULL"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message_id", Id),
    Column("person_id", Id),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("room_id", "seq", name="pk_events"),
    Index("ix_events_at", "at"),  # for trimming what is beyond retention
)

# One lease a process; what a dead process wrote counts for nothing once its lease has run out.
leases = Table(
    "leases",
    metadata,
    Column("process", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),  # by the database's clock
)

presence = Table(
    "presence",
    metadata,
    Column("process", Text, ForeignKey("leases.process", ondelete="CASCADE"), nullable=False),
    Column("room_id", Id, nullable=False),
    Column("person_id", Id, nullable=False),
    Column("sockets", Integer, nullable=False),
    PrimaryKeyConstraint("process", "room_id", "person_id", name="pk_presence"),
    Index("ix_presence_room_id", "room_id"),
)

# What happened to accounts and rights. Only ever grows.
security_events = Table(
    "security_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person_id", Id),
    Column("room_id", Id),
    Column("address", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
)
