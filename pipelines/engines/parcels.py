"""What a machine beside this one is given of a desk, and how its answer becomes the block that this one would write.

Once for all: the stock under the model, the rules, and what changed among the vacancies. With each block: its people.
Of a person only what lists are made from goes (`SENT`, `READ_HERE`), never what says who it is (`STAYS`). The id stays
here too: a person goes as a number within the block, with what the model learned of the person under that number.
The home address goes only where the model holds addresses against each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

import pyarrow as pa

from matching.components import PastAct
from matching.entities import Candidate, CandidateId, VacancyId
from matching.stock import StockItem
from models.two_sided import Owned, TwoSided
from pipelines.batch_blocks import Office, Task, block_of, held_block, lists_together
from pipelines.batch_changes import Changes
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.live_tests import LiveTests
from pipelines.names_in_models import UNKEYED
from pipelines.ranking_model import Collaborative, RankingModel

STAYS = (
    "name",
    "certificate_number",
    "phone",
    "household_id",
    "consent_matching_on",
    "consent_disclosure",
    "sources",
)
"""Facts that no list is made from; those that say who somebody is are among them."""
READ_HERE = ("category", "grade", "sex", "birth_date")
"""Facts that go as the certificate's number says them, which stays: rules of working age and of policy ask for them."""
ON_ITS_OWN = ("candidate_id", "address")
SENT = tuple(f.name for f in fields(Candidate) if f.name not in (*STAYS, *READ_HERE, *ON_ITS_OWN))
"""Facts that go as they are: what ranking looks at, and what the rules of the day may ask."""
_EMPTY = Casebook(candidates={}, vacancies=(), employers={}, interactions=(), placements=(), courses=(), texts={})


def without_identity(person: Candidate, number: int, *, with_address: bool) -> Candidate:
    """Return what lists are made from, under a number in place of the id."""
    return Candidate(
        candidate_id=stand_in(number),
        category=person.known_category,
        grade=person.certificate.grade if person.certificate else person.grade,
        sex=person.known_sex,
        birth_date=person.known_birth_date,
        address=person.address if with_address else None,
        **{name: getattr(person, name) for name in SENT},
    )


def stand_in(number: int) -> CandidateId:
    """Return what stands for the id of a person of a block, in the form that `Names.of` takes for a name."""
    return CandidateId(f"~{number:020x}")


def without_contact(item: StockItem) -> StockItem:
    """Return a vacancy without the person to speak with."""
    return item if item.employer is None else replace(item, employer=replace(item.employer, contact=None))


@dataclass(frozen=True, slots=True)
class GivenLots(LiveTests):
    """The lots that were drawn where the ids are."""

    lots: Mapping[str, float] = field(default_factory=dict)

    def lot_of(self, candidate_id: str, on: date) -> float | None:
        """Return the lot of a person's list; None for one that takes no part."""
        return self.lots.get(candidate_id)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What all blocks share; `together` says whether the lists of many people are made at once."""

    desk: Desk
    changes: Changes | None
    together: bool

    @classmethod
    def of(cls, desk: Desk, changes: Changes | None, *, together: bool) -> "Broadcast":
        """Take it of a desk, without anybody's facts or name, and without the key that names are made with."""
        items = tuple(without_contact(item) for item in desk.index.stock.items)
        bare = replace(
            desk,
            casebook=_EMPTY,
            model=replace(_knowing(desk.model, {}), popularity={}, summary={}),
            index=replace(desk.index, stock=replace(desk.index.stock, items=items)),
            history={},
            past={},
            employed={},
            placements={},
            tests=GivenLots(),
            beside=None,
        )
        return cls(bare, None if changes is None else replace(changes, people=frozenset()), together)

    def open(self) -> Office:
        """Make ready for blocks."""
        return Office(self.desk, lists_together(self.desk) if self.together else None, self.changes)


@dataclass(frozen=True, slots=True)
class Parcel:
    """The people of a block, in its order, by number; `own` is what each part of the model learned of them."""

    people: Sequence[Candidate]
    history: Mapping[CandidateId, Sequence[tuple[VacancyId, float]]]
    past: Mapping[CandidateId, Mapping[int, PastAct]]
    lots: Mapping[str, float]
    own: Mapping[str, Owned]
    changed: frozenset[CandidateId]
    before: pa.Table | None
    k: int
    with_reasons: bool

    @classmethod
    def of(cls, desk: Desk, task: Task, changes: Changes | None) -> "Parcel":
        """Pack a block's people."""
        numbers = {own: stand_in(number) for number, own in enumerate(task.people)}
        with_address, learned = desk.model.address_space is not None, desk.model.collaborative
        lots = {numbers[i]: desk.tests.lot_of(i, desk.rules.on) for i in task.people}
        before = held_block(task)
        own: dict[str, Owned] = {}
        if learned is not None:
            names = {learned.names.of(i): numbers[i].removeprefix("~") for i in task.people}
            for part, model in _parts(learned).items():
                known = model.people(list(names))
                own[part] = replace(known, ids=[names[name] for name in known.ids])
        return cls(
            people=[
                without_identity(desk.casebook.candidates[i], number, with_address=with_address)
                for number, i in enumerate(task.people)
            ],
            history={numbers[i]: desk.history[i] for i in task.people if i in desk.history},
            past={numbers[i]: desk.past[i] for i in task.people if i in desk.past},
            lots={number: lot for number, lot in lots.items() if lot is not None},
            own=own,
            changed=frozenset(numbers[i] for i in task.people if changes is not None and i in changes.people),
            before=None if before is None else _renamed(before, numbers),
            k=task.k,
            with_reasons=task.with_reasons,
        )


def worked_out(office: Office, parcel: Parcel) -> tuple[pa.Table, int]:
    """Return the lines of a parcel's people, by number, and for how many of them lists were made."""
    desk = office.desk
    staffed = replace(
        desk,
        casebook=replace(desk.casebook, candidates={person.candidate_id: person for person in parcel.people}),
        model=_knowing(desk.model, parcel.own),
        history=parcel.history,
        past=parcel.past,
        tests=GivenLots(lots=parcel.lots),
    )
    changes = None if office.changes is None else replace(office.changes, people=parcel.changed)
    people = [person.candidate_id for person in parcel.people]
    own = Office(staffed, office.lists, changes)
    return block_of(own, people, parcel.before, k=parcel.k, with_reasons=parcel.with_reasons)


def with_ids(table: pa.Table, task: Task) -> pa.Table:
    """Return a parcel's lines under the ids of its people."""
    return _renamed(table, {stand_in(number): own for number, own in enumerate(task.people)})


def _renamed(table: pa.Table, names: Mapping[CandidateId, CandidateId]) -> pa.Table:
    """Return lines under other names; those of people who have none are left out."""
    ids = table["candidate_id"].to_pylist()
    if not all(own in names for own in ids):
        table = table.filter(pa.array([own in names for own in ids]))
        ids = [own for own in ids if own in names]
    column = pa.array([names[own] for own in ids], pa.string())
    return table.set_column(table.schema.get_field_index("candidate_id"), table.field("candidate_id"), column)


def _parts(learned: Collaborative) -> dict[str, TwoSided]:
    """Return the models that keep people's histories, by name; those for comparison are left out."""
    held = {f.name: getattr(learned, f.name) for f in fields(learned) if f.name != "factors"}
    return {name: model for name, model in held.items() if isinstance(model, TwoSided) and model.keeps_people}


def _knowing(model: RankingModel, people: Mapping[str, Owned]) -> RankingModel:
    """Return a model that knows the histories of these people alone, and holds no key."""
    learned = model.collaborative
    if learned is None:
        return replace(model, names=UNKEYED)
    parts: dict[str, Any] = {
        name: part.knowing(people.get(name) or part.people([])) for name, part in _parts(learned).items()
    }
    held = replace(learned, names=UNKEYED, factors=None, **parts)
    return replace(model, collaborative=held, names=UNKEYED)
