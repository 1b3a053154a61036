"""Runs the migrations over the connection that `hubbub.migrations` hands in."""

from alembic import context

from hubbub import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    # SQLite alters a table only by making it anew.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
