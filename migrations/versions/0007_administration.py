"""What is decided for the site and for an account."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("people", sa.Column("preferences", sa.Text, nullable=False, server_default=""))
    op.add_column("people", sa.Column("email", sa.Text))
    op.add_column("people", sa.Column("disabled_at", sa.BigInteger))
    op.add_column("people", sa.Column("deleted_at", sa.BigInteger))
    op.add_column("people", sa.Column("departing", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_people_email", "people", ["email"], unique=True)
    op.create_index(
        "ix_people_departing",
        "people",
        ["departing"],
        sqlite_where=sa.text("departing <> ''"),
        postgresql_where=sa.text("departing <> ''"),
    )
    op.add_column(
        "sessions", sa.Column("confirmed_at", sa.BigInteger, nullable=False, server_default="0")
    )
    op.add_column(
        "rooms", sa.Column("first_number", sa.BigInteger, nullable=False, server_default="1")
    )
    op.create_index("ix_security_events_kind", "security_events", ["kind", "id"])
    op.create_index("ix_security_events_person_id", "security_events", ["person_id", "id"])
    op.add_column("memberships", sa.Column("notify", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE")),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"])
    op.create_table(
        "site",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "session_id", Id, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("endpoint", sa.Text, nullable=False, unique=True),
        sa.Column("p256dh", sa.Text, nullable=False),
        sa.Column("auth", sa.Text, nullable=False),
        sa.Column("server_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_push_subscriptions_person_id", "push_subscriptions", ["person_id"])
    op.create_index("ix_push_subscriptions_session_id", "push_subscriptions", ["session_id"])
