"""Finding a visible person again by what people say of themselves: id, name, certificate, the end of the telephone."""

import re

from sqlalchemy import Connection

from matching.identity import normalise_certificate
from pipelines.access.roles import Action, Subject
from pipelines.registers.rows import Register, Row, require
from pipelines.schema import CANDIDATES
from pipelines.store.finding import PeopleFinder

_CERTIFICATE = re.compile(r"\d{17}[\dX][1-7][1-4](B\d+)?", re.ASCII)
_DIGITS = re.compile(r"\d{4,11}", re.ASCII)
_LONGEST = 64


def find_people(connection: Connection, subject: Subject, text: str, *, limit: int) -> list[Row]:
    """Return the visible people that a text speaks of, the first few by id; each is recorded as read.

    Raises
    ------
    Forbidden
        When the role may not read people for the stated purpose.
    """
    require(subject, Action.READ_CANDIDATES)
    register = Register(connection, CANDIDATES, subject)
    keys = [(one,) for one in _ids(PeopleFinder(connection, subject), text, limit)]
    # The version first: where somebody writes in between, an answer with it is refused and nothing is written over.
    versions = register.repository.versions(keys)
    found = register.repository.find(keys)
    register.note_read(Action.READ_CANDIDATES, [str(key[0]) for key in found])
    return [Row(found[key], versions[key]) for key in sorted(found) if key in versions]


def _ids(finder: PeopleFinder, text: str, limit: int) -> list[str]:
    wanted = text.strip().replace("\x00", "\ufffd")
    if not wanted or len(wanted) > _LONGEST:
        return []
    number = normalise_certificate(wanted)
    if _CERTIFICATE.fullmatch(number):
        return finder.certified(number)
    by_id = [key[0] for key in finder.find([(wanted,)])]
    if by_id:
        return by_id
    return finder.phoned(wanted, limit) if _DIGITS.fullmatch(wanted) else finder.named(wanted, limit)
