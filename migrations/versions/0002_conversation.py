"""What a message can become: edited, erased, pinned, a reply, reacted to; and who it calls."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    change_messages()
    create_reactions()
    create_mentions()
    op.add_column("people", sa.Column("picture", sa.Text))
    op.add_column(
        "memberships",
        sa.Column("read_number", sa.BigInteger, nullable=False, server_default="0"),
    )
    # Whoever is in a room already has read it, as far as anyone can tell.
    op.execute(
        "UPDATE memberships SET read_number ="
        " (SELECT last_number FROM rooms WHERE rooms.id = memberships.room_id)"
    )


def change_messages() -> None:
    for column in (
        sa.Column("reply_to", sa.BigInteger),
        sa.Column("mentions", sa.Text, nullable=False, server_default=""),
        sa.Column("reactions", sa.Integer, nullable=False, server_default="0"),
        sa.Column("edited_at", sa.BigInteger),
        sa.Column("deleted_at", sa.BigInteger),
        sa.Column("pinned_at", sa.BigInteger),
        sa.Column("pinned_by_id", Id),
    ):
        op.add_column("messages", column)
    for name in ("reply_to", "pinned_at"):
        only = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_messages_room_id_{name}",
            "messages",
            ["room_id", name],
            sqlite_where=only,
            postgresql_where=only,
        )


def create_reactions() -> None:
    op.create_table(
        "reactions",
        sa.Column(
            "message_id", Id, sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("emoji", sa.Text, nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "emoji", "person_id", name="pk_reactions"),
    )
    op.create_index("ix_reactions_person_id_emoji", "reactions", ["person_id", "emoji", "at"])


def create_mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "room_id", "number", name="pk_mentions"),
    )
    op.create_index("ix_mentions_room_id_number", "mentions", ["room_id", "number"])
