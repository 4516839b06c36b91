"""12 | I: anonymised archive re-linked by time or order.

Batch of 50 anonymised, try to re-join by any column: no better than chance.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import DateTime

from pipelines.store.consent_tables import archived_events, archived_people
from tests.pipelines.consent.test_erasure import batch

__all__ = ["batch"]
LUCK = 7  # of fifty, one hit is what chance gives; more than seven comes once in a million runs


def _hits(found: Sequence[str], truth: Sequence[str]) -> int:
    return sum(one == other for one, other in zip(found, truth, strict=True))


def check_order_leads_nobody_back(batch: Mapping[str, Any]) -> None:
    """Lay the archive beside the people in every order that either side has, forwards and backwards."""
    people, kept = batch["people"], batch["kept"]
    made = batch["made"][: batch["done"].n_people_kept]
    assert len(made) >= 40
    truth = dict(zip(made, people, strict=False))
    orders: list[Callable[[dict[str, Any]], Any]] = [lambda row: kept.index(row)]
    orders += [lambda row, name=name: str(row[name]) for name in kept[0]]  # type: ignore[misc]  # bound at once
    theirs: list[Callable[[Any], Any]] = [
        lambda person: person.candidate_id,
        lambda person: str(person.birth_date),
        lambda person: str(person.unemployed_since),
        lambda person: people.index(person),
    ]
    for own in orders:
        listed = [row["archive_id"] for row in sorted(kept, key=own)]
        for other in theirs:
            matched = [person.candidate_id for person in sorted(truth.values(), key=other)]
            for guess in (listed, listed[::-1]):
                assert _hits([truth[i].candidate_id for i in guess], matched) <= LUCK


def test_no_order_of_the_archive_leads_back_to_the_people(batch: dict[str, Any]) -> None:
    check_order_leads_nobody_back(batch)


def test_archive_has_months_and_no_moments_and_events_share_no_key_with_people(batch: dict[str, Any]) -> None:
    for table in (archived_people, archived_events):
        assert not [column.name for column in table.columns if isinstance(column.type, DateTime)]
    assert batch["events"]
    assert all(row["month"] is None or len(row["month"]) == 7 for row in batch["events"])
    assert not {row["archive_id"] for row in batch["kept"]} & {row["archive_id"] for row in batch["events"]}


def test_archive_holds_nothing_that_only_one_person_has(batch: dict[str, Any]) -> None:
    written = {str(value) for row in [*batch["kept"], *batch["events"]] for value in row.values() if value is not None}
    for person in batch["people"]:
        own = (person.candidate_id, person.birth_date, person.experience, person.household_id, person.region)
        assert not written & {str(value) for value in own if value is not None}
