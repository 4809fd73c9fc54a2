"""Durable transactions on the journal's database: one for each method, or one for all that a block writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from etl.errors import JournalError
from etl.messages import text


class Transactions:
    """Gives connections of one engine, for one thread. All of it raises JournalError when the database refuses."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._joint: Connection | None = None

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction, durable when the block ends without error; within `together`, a part of that one."""
        return self._joined(self._engine.begin)

    def read(self) -> AbstractContextManager[Connection]:
        """Read what is committed; within `together`, also what it has written."""
        return self._joined(self._engine.connect)

    @contextmanager
    def _joined(self, own: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
        with _translated(), nullcontext(self._joint) if self._joint is not None else own() as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all that the block writes, durable when it ends; whatever error ends it undoes it.

        Within another such block it is a part of that one.
        """
        if self._joint is not None:
            yield
            return
        with _translated(), self._engine.connect() as connection:
            self._joint = connection
            try:
                yield
                connection.commit()
            finally:
                self._joint = None

    def make_durable(self) -> None:
        """Commit what `together` has written so far: nobody waits for others while a transaction is open."""
        if self._joint is not None:
            with _translated():
                self._joint.commit()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise JournalError(
            text("The journal could not be written or read: {cause}. Nothing more is sent.", cause=str(cause)),
            hint=text("Check the free space and the permissions of the journal's folder, then run etl resume."),
        ) from error
