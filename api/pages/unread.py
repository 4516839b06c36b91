"""How many notices whoever looks has not read: for the head of every page."""

import logging

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from api.access import access_of
from api.settings import today
from pipelines.access.roles import Subject
from pipelines.notices.inbox import Inbox

logger = logging.getLogger(__name__)


def unread_of(request: Request, subject: Subject | None) -> int:
    """Return the number, 0 for who has none; a count that fails takes no page with it."""
    if subject is None or subject.client_id is not None:
        return 0
    try:
        with access_of(request).reading() as connection:
            return Inbox(connection, subject, on=today()).unread()
    except SQLAlchemyError as error:
        logger.warning("notices not counted kind=%s", type(error).__name__)
        return 0
