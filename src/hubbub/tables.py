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
    Column("guest_of", Id, index=True),  # the one room of a guest; NULL: has an account
    Column("preferences", Text, nullable=False, server_default=""),  # words between blanks
    Column("email", Text),  # confirmed; folded, and of one person only
    Column("disabled_at", BigInteger),
    Column("deleted_at", BigInteger),  # an account that is gone; its messages may have stayed
    Column("departing", Text, nullable=False, server_default=""),  # keeping, erasing; then again ''
    Index("ix_people_email", "email", unique=True),
    Index(
        "ix_people_departing",
        "departing",
        sqlite_where=text("departing <> ''"),
        postgresql_where=text("departing <> ''"),
    ),
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
    Column("confirmed_at", BigInteger, nullable=False, server_default="0"),  # with the password
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
    Column("first_number", BigInteger, nullable=False, server_default="1"),  # of what is kept
    # The end of the last run of messages by one author: the next message is grouped with it or not.
    Column("last_author_id", Id),
    Column("last_posted_at", BigInteger, nullable=False, server_default="0"),
    Column("last_run", SmallInteger, nullable=False, server_default="0"),
    Column("members", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("locked_at", BigInteger),  # only moderators write, nobody new enters
    Column("slow_seconds", Integer, nullable=False, server_default="0"),  # between one's messages
    Column("holds", SmallInteger, nullable=False, server_default="0"),  # newcomers' first messages
    Column("guests", SmallInteger, nullable=False, server_default="0"),  # come in by the link
    Column("direct_key", Text),  # the ids of a direct room's people: one room for each set
    Index("ix_rooms_direct_key", "direct_key", unique=True),
    Index("ix_rooms_access_title_key", "access", "title_key", "id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),  # owner, moderator, member, guest, reader
    Column("joined_at", BigInteger, nullable=False),
    # The read pointer: the number of the last message that was really seen.
    Column("read_number", BigInteger, nullable=False, server_default="0"),
    Column("notify", Text, nullable=False, server_default=""),  # all, mentions, nothing
    Column("link_id", Id, index=True),  # the invitation link they came through
    Column("cleared", SmallInteger, nullable=False, server_default="1"),  # a first message was read
    Column("said_at", BigInteger, nullable=False, server_default="0"),  # kept in slow rooms only
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
    Column("deleted_by_id", Id),  # who took it down, unless its author did
    Column("deleted_reason", Text, nullable=False, server_default=""),
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

# Who may not write for a while, and who may not come back. Lifted by removing the row.
mutes = Table(
    "mutes",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("by_id", Id, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("room_id", "person_id", name="pk_mutes"),
)

bans = Table(
    "bans",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("by_id", Id, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger),  # NULL: until it is lifted
    Column("reason", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),  # a guest's, as limits count it
    Column("address_until", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("room_id", "person_id", name="pk_bans"),
    Index("ix_bans_person_id", "person_id"),
)

# What those who look after a room did there; its members can read it.
acts = Table(
    "acts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by_id", Id, nullable=False),
    Column("act", Text, nullable=False),
    Column("person_id", Id),
    Column("number", BigInteger),  # of the message it was about
    Column("reason", Text, nullable=False, server_default=""),
    Column("until", BigInteger),
    Column("detail", Text, nullable=False, server_default=""),  # a role, a link's label, seconds
    Index("ix_acts_room_id_id", "room_id", "id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("by_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, nullable=False, server_default="0"),  # 0: the person as such
    Column("reason", Text, nullable=False, server_default=""),
    Column("at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by_id", Id),
    UniqueConstraint("room_id", "by_id", "person_id", "number"),
)

# First messages of newcomers, until a moderator has read them. They have no number yet.
held_messages = Table(
    "held_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("body", Text, nullable=False),
    Column("cid", Text),
    Column("digest", Text),
    Column("reply_to", BigInteger),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("person_id", "room_id", "cid", "digest"),
    Index("ix_held_messages_room_id", "room_id", "id"),
)

# Whom somebody does not want to hear.
blocks = Table(
    "blocks",
    metadata,
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("blocked_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "blocked_id", name="pk_blocks"),
    Index("ix_blocks_blocked_id", "blocked_id"),
)

# Links that admit to a room, beside its own. What opens one is made from `public_id` by a MAC.
invitation_links = Table(
    "invitation_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("maker_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),  # reader, member, moderator
    Column("label", Text, nullable=False, server_default=""),
    Column("knock", SmallInteger, nullable=False, server_default="0"),  # one asks to enter
    Column("expires_at", BigInteger),
    Column("uses", Integer),  # how many it admits; NULL: any number
    Column("used", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

# Who stands at the door and asks.
knocks = Table(
    "knocks",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("link_id", Id, ForeignKey("invitation_links.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("turned_away_at", BigInteger),
    PrimaryKeyConstraint("room_id", "person_id", name="pk_knocks"),
    Index("ix_knocks_person_id", "person_id"),
)

# People asked into a room by name.
invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("by_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("room_id", "person_id"),
    Index("ix_invitations_person_id", "person_id"),
)

# Whose inbox changed, numbered without holes like a room's log; `counters` holds its head.
inbox_changes = Table(
    "inbox_changes",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Secrets that are good for one use: setting up the site, a new password, an e-mail address.
tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),  # hex SHA-256
    Column("kind", Text, nullable=False),  # setup, password, email
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("detail", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# What an administrator decided on the page; what is not here is as the environment says.
site = Table(
    "site",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# Browsers that want to be told while nobody looks: https://www.rfc-editor.org/rfc/rfc8291
push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    # Whoever is signed out in a browser is told nothing there any more.
    Column(
        "session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("endpoint", Text, nullable=False, unique=True),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("server_key", Text, nullable=False),  # of ours that it was made for
    Column("created_at", BigInteger, nullable=False),
    Index("ix_push_subscriptions_person_id", "person_id"),
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
    Index("ix_security_events_kind", "kind", "id"),
    Index("ix_security_events_person_id", "person_id", "id"),
)
