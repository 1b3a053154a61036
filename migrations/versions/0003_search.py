"""Search: the words of every message."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
