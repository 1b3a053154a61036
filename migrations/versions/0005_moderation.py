"""Those who look after a room, and what they can do about it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("rooms", sa.Column("locked_at", sa.BigInteger))
    op.add_column(
        "rooms", sa.Column("slow_seconds", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("rooms", sa.Column("holds", sa.SmallInteger, nullable=False, server_default="0"))
    op.add_column("rooms", sa.Column("direct_key", sa.Text))
    op.create_index("ix_rooms_direct_key", "rooms", ["direct_key"], unique=True)
    op.add_column(
        "memberships", sa.Column("cleared", sa.SmallInteger, nullable=False, server_default="1")
    )
    op.add_column(
        "memberships", sa.Column("said_at", sa.BigInteger, nullable=False, server_default="0")
    )
    op.add_column("messages", sa.Column("deleted_by_id", Id))
    op.add_column(
        "messages", sa.Column("deleted_reason", sa.Text, nullable=False, server_default="")
    )
    op.create_table(
        "mutes",
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("room_id", "person_id", name="pk_mutes"),
    )
    op.create_table(
        "bans",
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("address_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("room_id", "person_id", name="pk_bans"),
    )
    op.create_index("ix_bans_person_id", "bans", ["person_id"])
    op.create_table(
        "acts",
        sa.Column("id", Id, primary_key=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("person_id", Id),
        sa.Column("number", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("until", sa.BigInteger),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_acts_room_id_id", "acts", ["room_id", "id"])
    op.create_table(
        "reports",
        sa.Column("id", Id, primary_key=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("by_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("closed_by_id", Id),
        sa.UniqueConstraint("room_id", "by_id", "person_id", "number"),
    )
    op.create_table(
        "held_messages",
        sa.Column("id", Id, primary_key=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("cid", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("reply_to", sa.BigInteger),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("person_id", "room_id", "cid", "digest"),
    )
    op.create_index("ix_held_messages_room_id", "held_messages", ["room_id", "id"])
    op.create_table(
        "blocks",
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("blocked_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "blocked_id", name="pk_blocks"),
    )
    op.create_index("ix_blocks_blocked_id", "blocks", ["blocked_id"])
