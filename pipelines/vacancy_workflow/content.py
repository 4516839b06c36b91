"""What one version of a vacancy says: the columns of the table, its tasks, and whom to ask about accommodations.

A version is kept as the cells of a sheet, so that it comes back as an import or an export would have it. The tasks tie
demands to the work; `accommodation_contact` is where somebody asks for what they need before they apply.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from matching.entities import Vacancy
from matching.vocabulary import AccommodationState, Function
from pipelines.registers.errors import Fault, RowRefused
from pipelines.schema import VACANCIES, CellError
from pipelines.vacancy_workflow.links import leads_astray

NOT_CONTENT = frozenset({"vacancy_id", "employer_id"})
"""The vacancy's own id and its employer's never change."""
OWN_COLUMNS = tuple(column for column in VACANCIES.columns if column.name not in NOT_CONTENT)
_PLACE = ("region", "address", "longitude", "latitude")


@dataclass(frozen=True, slots=True)
class Task:
    """One essential task: in words, which functions it needs, and which kinds of body condition it explains."""

    text: str
    functions: tuple[Function, ...] = ()
    explains: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the task as it travels."""
        return {"text": self.text, "functions": [f.value for f in self.functions], "explains": list(self.explains)}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Task":
        """Return the task that `as_dict` wrote."""
        return cls(told["text"], tuple(Function(f) for f in told.get("functions", ())), tuple(told.get("explains", ())))


@dataclass(frozen=True)
class Content:
    """One version: parsed values by column, without the ids; None is unknown."""

    values: Mapping[str, Any]
    tasks: tuple[Task, ...] = ()
    accommodation_contact: str | None = None

    @classmethod
    def of_cells(
        cls, cells: Mapping[str, str], tasks: Sequence[Task] = (), accommodation_contact: str | None = None
    ) -> "Content":
        """Read the cells of a sheet.

        Raises
        ------
        RowRefused
            When a cell cannot be taken, or a text holds a link that leads astray; never repeats the text.
        """
        content = cls(_parsed(cells), tuple(tasks), accommodation_contact)
        content.refuse_links()
        return content

    @classmethod
    def of_row(cls, values: Mapping[str, Any]) -> "Content":
        """Return the content of a stored row."""
        return cls({column.name: values.get(column.name) for column in OWN_COLUMNS})

    @classmethod
    def unpacked(cls, packed: str) -> "Content":
        """Return the content that `packed` wrote."""
        told = json.loads(packed)
        tasks = tuple(Task.of(task) for task in told["tasks"])
        return cls(_parsed(told["row"]), tasks, told["accommodation_contact"])

    @cached_property
    def packed(self) -> str:
        """The content in the one writing that is kept."""
        row = {column.name: column.format(self.values.get(column.name)) for column in OWN_COLUMNS}
        told = {
            "row": {name: cell for name, cell in row.items() if cell},
            "tasks": [task.as_dict() for task in self.tasks],
            "accommodation_contact": self.accommodation_contact,
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True)

    def changed(
        self,
        cells: Mapping[str, str],
        tasks: Sequence[Task] | None = None,
        contact: str | None = None,
        *,
        contact_named: bool = False,
    ) -> "Content":
        """Return the content with the named cells over it; an empty cell is unknown again, what is not named stays.

        Raises
        ------
        RowRefused
            When a cell cannot be taken.
        """
        merged = Content(
            {**self.values, **_parsed(cells)},
            self.tasks if tasks is None else tuple(tasks),
            contact if contact_named else self.accommodation_contact,
        )
        merged.refuse_links()
        return merged

    def with_values(self, **values: Any) -> "Content":
        """Return the content with other values in some columns."""
        return replace(self, values={**self.values, **values})

    def as_a_company_may_say(self, before: "Content | None") -> "Content":
        """Return the content with every accommodation declared that nobody of an office verified at this place.

        What an office verified stays verified as long as the place is the same.
        """
        offered = self.values.get("accommodations") or {}
        same_place = before is not None and all(before.values.get(c) == self.values.get(c) for c in _PLACE)
        known = (before.values.get("accommodations") or {}) if before is not None and same_place else {}
        told = {
            name: state if state is known.get(name) else AccommodationState.DECLARED for name, state in offered.items()
        }
        return self.with_values(accommodations=told or None)

    def row(self, vacancy_id: str, employer_id: str | None) -> dict[str, Any]:
        """Return the content as a row of the table."""
        return {**self.values, "vacancy_id": vacancy_id, "employer_id": employer_id}

    def vacancy(self, vacancy_id: str, employer_id: str | None) -> Vacancy:
        """Return the content as the entity that is matched."""
        built: Vacancy = VACANCIES.build(self.row(vacancy_id, employer_id))
        return built

    def task_text(self) -> str:
        """Return the tasks in one text, a line each."""
        return "\n".join(task.text for task in self.tasks)

    def refuse_links(self) -> None:
        """Refuse links that lead astray, in whatever text.

        Raises
        ------
        RowRefused
            Where there is one; names the column only.
        """
        wrong = dict.fromkeys(name for name, text in self._texts() if leads_astray(text))
        if wrong:
            raise RowRefused([Fault(name, "不能含有指向内部地址、仿冒网址或脚本的链接") for name in wrong])

    def _texts(self) -> Iterator[tuple[str, str]]:
        for column in OWN_COLUMNS:
            value = self.values.get(column.name)
            parts = value if isinstance(value, tuple) else (value,)
            yield from ((column.name, part) for part in parts if isinstance(part, str))
        yield from (("tasks", task.text) for task in self.tasks)
        yield ("accommodation_contact", self.accommodation_contact or "")


def _parsed(cells: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    wrong: list[Fault] = []
    for name, text in cells.items():
        if name in NOT_CONTENT:
            continue
        try:
            values[name] = VACANCIES.column(name).parse(text)
        except CellError as error:
            wrong.append(Fault(name, str(error)))
    if wrong:
        raise RowRefused(wrong)
    return values
