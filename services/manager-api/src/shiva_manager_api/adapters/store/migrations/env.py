"""Alembic's entry: the connection, in a transaction already, is the caller's."""

from alembic import context

from shiva_manager_api.adapters.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
