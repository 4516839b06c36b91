"""8 | I: 422 echoes the body.

Each write route with each field missing: response and log free of the canary.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from api.openapi import current
from api.rates import Rates
from pipelines.access.roles import Role
from tests.api.test_matrix import CALLS, Province, _filled
from tests.support.service import Service
from tests.threats.doors import CANARY, V1, by, listening

Body = dict[str, Any]


def _broken(body: Any, fields: list[str]) -> Iterator[Any]:
    """Yield bodies with the canary in every text, each field once missing, once of another kind, and unknown ones."""
    whole = {**dict.fromkeys(fields, CANARY), **(body if isinstance(body, dict) else {})}
    marked = dict.fromkeys(whole, CANARY)
    yield marked
    for name in whole:
        yield {field: value for field, value in marked.items() if field != name}
        yield {**whole, name: [{CANARY: CANARY}]}
    yield {**whole, CANARY: 1}
    yield [CANARY]
    yield CANARY


def _fields() -> Mapping[tuple[str, str], list[str]]:
    """Return the fields that the body of each writing route may have."""
    document = current()
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            name = schema.get("$ref", "").rpartition("/")[2]
            properties = document["components"]["schemas"].get(name, schema).get("properties", {})
            found[method.upper(), path] = sorted(properties)
    return found


def test_no_refusal_of_a_body_repeats_it(whole: Province, monkeypatch: pytest.MonkeyPatch) -> None:
    # There are more bodies to try than anybody may send in a minute; how often somebody may ask is tested elsewhere.
    monkeypatch.setattr(Rates, "take", lambda *_: None)
    fields = _fields()
    refused = Counter[int]()
    for role in (Role.CASEWORKER, Role.COMPANY_POSTER):
        headers = whole.enter(role)
        with listening() as lines:
            for (method, path), call in CALLS.items():
                if method == "GET" or call.form is not None:
                    continue
                for name, kind in call.names.items():
                    path = path.replace(f"{{{name}}}", whole.theirs[kind])
                for body in _broken(_filled(call.body, whole.theirs), fields.get((method, path), [])[:12]):
                    sent = {**headers, "Idempotency-Key": str(uuid4()), "If-Match": '"1"'}
                    answer = whole.client.request(method, path, json=body, headers=sent)
                    assert answer.status_code < 500, (method, path, answer.text)
                    if answer.status_code >= 400:
                        assert CANARY not in answer.text, (method, path)
                    refused[answer.status_code] += 1
        assert not [line for line in lines if CANARY in line]
    assert refused[422] > 200
    assert refused[429] == 0
    assert refused[200] + refused[201] < 20


def check_refused_person_is_not_repeated(house: Service) -> None:
    """Send a person who cannot be taken."""
    for body in ({"grade": CANARY}, {"name": CANARY, "sex": CANARY}, {CANARY: 1}, [CANARY]):
        with listening() as lines:
            answer = house.client.post(f"{V1}/candidates", json=body, headers=by(house))
        assert answer.status_code == 422
        assert CANARY not in answer.text
        assert CANARY not in json.dumps(lines)


def test_person_who_cannot_be_taken_is_not_repeated(house: Service) -> None:
    check_refused_person_is_not_repeated(house)
