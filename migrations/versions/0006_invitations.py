"""Links that admit, people asked by name, and guests."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("rooms", sa.Column("guests", sa.SmallInteger, nullable=False, server_default="0"))
    op.add_column("memberships", sa.Column("link_id", Id))
    op.create_index("ix_memberships_link_id", "memberships", ["link_id"])
    op.add_column("people", sa.Column("guest_of", Id))
    op.create_index("ix_people_guest_of", "people", ["guest_of"])
    op.create_table(
        "invitation_links",
        sa.Column("id", Id, primary_key=True),
        sa.Column("public_id", sa.Text, nullable=False, unique=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("maker_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False, server_default=""),
        sa.Column("knock", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("uses", sa.Integer),
        sa.Column("used", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("ix_invitation_links_room_id", "invitation_links", ["room_id"])
    op.create_table(
        "knocks",
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "link_id", Id, sa.ForeignKey("invitation_links.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("turned_away_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("room_id", "person_id", name="pk_knocks"),
    )
    op.create_index("ix_knocks_person_id", "knocks", ["person_id"])
    op.create_table(
        "invitations",
        sa.Column("id", Id, primary_key=True),
        sa.Column("room_id", Id, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("by_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("room_id", "person_id"),
    )
    op.create_index("ix_invitations_person_id", "invitations", ["person_id"])
    op.create_table(
        "inbox_changes",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('inbox_changes', 0)")
