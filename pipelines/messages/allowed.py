"""Whether a person may be sent a text message: agreed to, told what it is, not stopped, and a number to send it to."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from pipelines.access.roles import Subject
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.messages.words import TOLD_SINCE, ChoiceAct, Unsent
from pipelines.store.consents import ConsentRepository, Row
from pipelines.store.messages import ChoiceRepository

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_DIGITS, _LONG = re.compile(r"\d+", re.ASCII), 11
_BETWEEN = re.compile(r"[\s\-()（）]+")


def mobile_of(text: str | None) -> str | None:
    """Return the mobile number that a telephone column or a contact holds, or None: no message goes to a landline."""
    for run in _DIGITS.findall(_BETWEEN.sub("", text or "")):
        number = str(run)
        if len(number) > _LONG:
            number = number.removeprefix("0086").removeprefix("86")
        if _MOBILE.fullmatch(number):
            return number
    return None


def refusals(
    connection: Connection, subject: Subject, people: Mapping[str, Mapping[str, Any]], on: date
) -> dict[str, Unsent]:
    """Return why each of some visible people may not be sent one; who may is not there. `people` are rows by id."""
    latest = ConsentRepository(connection, subject).latest_of(ConsentPurpose.CONTACT, list(people))
    said = ChoiceRepository(connection, subject).last(list(people))
    found = {}
    for candidate_id, values in people.items():
        why = _why_not(latest.get(candidate_id), said.get(candidate_id), values.get("phone"), on)
        if why is not None:
            found[candidate_id] = why
    return found


def _why_not(consent: Row | None, said: str | None, phone: str | None, on: date) -> Unsent | None:
    if said == ChoiceAct.STOPPED:
        return Unsent.STOPPED
    if consent is None or (consent["act"] == ConsentAct.GIVEN and consent["ends_on"] and consent["ends_on"] < on):
        return Unsent.NOT_ASKED
    if consent["act"] != ConsentAct.GIVEN:
        return Unsent.REFUSED
    if (consent["text_version"] or "") < TOLD_SINCE:
        return Unsent.OLD_TEXT
    return Unsent.NO_MOBILE if mobile_of(phone) is None else None
