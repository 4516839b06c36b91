"""Alembic's entry: runs on the connection that `pipelines.store.session` hands over, or on a URL given with -x url=…"""

from alembic import context

from pipelines.store.session import engine_for
from pipelines.store.whole import metadata


def run() -> None:
    """Run the migrations."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run_on(connection)
        return
    engine = engine_for(context.get_x_argument(as_dictionary=True)["url"])
    with engine.begin() as opened:
        _run_on(opened)


def _run_on(connection) -> None:  # type: ignore[no-untyped-def]  # Alembic hands it on untyped
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
