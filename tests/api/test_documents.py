"""Rows as JSON and back: every column has its own shape, and what is sent is what a sheet would have said."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from api.bodies import cells_of, new_row
from api.documents import row_document, shape_of
from api.row_models import NewCandidate
from matching.vocabulary import Accommodation, AccommodationState, DisabilityCategory, Function, WorkMode
from pipelines.schema import CANDIDATES, TABLES, VACANCIES, TableSpec
from tests.support.builders import certificate_number

FULL: dict[str, dict[str, Any]] = {
    "candidates": {
        "candidate_id": "c-1", "certificate_number": certificate_number(), "birth_date": date(1990, 1, 1),
        "category": DisabilityCategory.PHYSICAL, "grade": 2, "longitude": 103.82, "skills": ("打字", "缝纫"),
        "wished_regions": ("620102", "620103"), "wished_wage_min": Decimal("3000.55"),
        "work_modes": (WorkMode.REMOTE,), "functions": {Function.WALKING: 3, Function.HANDS: 0},
    },
    "vacancies": {
        "vacancy_id": "v-1", "title": "文员", "wage_min": Decimal("2500"), "openings": 3,
        "demands": {Function.SEEING: 2}, "accommodations": {Accommodation.RAMP: AccommodationState.VERIFIED},
        "welcomes": (DisabilityCategory.VISION,), "opens_on": date(2026, 1, 1),
    },
}  # fmt: skip


@pytest.mark.parametrize("spec", [CANDIDATES, VACANCIES], ids=lambda spec: spec.name)
def test_what_goes_out_comes_in_as_the_same_values(spec: TableSpec) -> None:
    values = FULL[spec.name]
    document = json.loads(json.dumps(row_document(spec, values)))
    assert set(document) == set(spec.by_name)
    body = new_row(spec, "Row").model_validate({name: value for name, value in document.items() if value is not None})
    parsed = {name: spec.column(name).parse(cell) for name, cell in cells_of(spec, body).items()}
    assert parsed == values


def test_every_column_of_every_table_has_a_shape_and_a_label_in_the_description() -> None:
    for spec in TABLES.values():
        described = new_row(spec, "Row").model_json_schema()["properties"]
        assert set(described) == set(spec.by_name)
        for column in spec.columns:
            assert described[column.name]["title"] == column.label
            assert shape_of(spec, column.name).kind
            if column.choices:
                assert set(column.choices) <= set(json.dumps(described[column.name]).split('"'))


def test_unknown_is_null_and_never_an_empty_list_or_no() -> None:
    document = row_document(CANDIDATES, {"candidate_id": "c-1", "skills": (), "functions": {}})
    assert {name for name, value in document.items() if value is not None} == {"candidate_id"}


@pytest.mark.parametrize(
    "odd",
    [
        {"skills": ["a;b"]}, {"skills": "a"}, {"skills": ["  "]}, {"name": "a\u0000b"}, {"name": "\ud800"},
        {"name": ""}, {"functions": {"walking": 5}}, {"functions": {"flying": 1}}, {"functions": {"walking": True}},
        {"grade": 5}, {"grade": "2"}, {"wished_wage_min": 3000}, {"wished_wage_min": "1e9"}, {"region": "兰州"},
        {"birth_date": "1990/01/01"}, {"job_wish": "是"}, {"longitude": 181}, {"longitude": "103"}, {"surname": "x"},
        {"work_modes": ["remote", "moon"]},
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewCandidate.model_validate({"candidate_id": "c-1", **odd})
