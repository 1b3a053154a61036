"""Pictures of people, and files that go with messages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index("ix_people_picture", "people", ["picture"])
    op.add_column(
        "messages",
        sa.Column("attachments", sa.SmallInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", Id, primary_key=True),
        sa.Column("public_id", sa.Text, nullable=False, unique=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("message_id", Id, sa.ForeignKey("messages.id", ondelete="CASCADE")),
        sa.Column("place", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False, server_default="0"),
        sa.Column("height", sa.Integer, nullable=False, server_default="0"),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("previewed", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_attachments_message_id", "attachments", ["message_id"])
    op.create_index("ix_attachments_digest", "attachments", ["digest"])
    op.create_index(
        "ix_attachments_person_id_created_at", "attachments", ["person_id", "created_at"]
    )
    unsent = sa.text("message_id IS NULL")
    op.create_index(
        "ix_attachments_created_at",
        "attachments",
        ["created_at"],
        sqlite_where=unsent,
        postgresql_where=unsent,
    )
