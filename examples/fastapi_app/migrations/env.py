"""Runs the migrations with the app's database."""

from alembic import context
from notes.database import engine
from notes.models import Base

with engine().connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
