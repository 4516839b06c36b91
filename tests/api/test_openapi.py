"""The description of the API is the committed one, is true of each route, and a change that breaks somebody is told."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.openapi import FILE, breaks, current, main, written

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS_OF_ALL = {"401", "403", "404", "422", "429", "4XX", "5XX"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return current()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, o) for path, item in document["paths"].items() for method, o in item.items()]


def test_the_committed_description_is_the_applications_and_nothing_was_taken_away(document: dict[str, Any]) -> None:
    committed = (ROOT / FILE).read_text(encoding="utf-8")
    assert breaks(json.loads(committed), document) == []
    assert committed == written(document), "run python -m api.openapi"


def test_every_route_tells_its_problems_and_who_may_come_in(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = operations(document)
    assert len(found) >= 50
    for method, path, operation in found:
        assert set(operation["responses"]) >= PROBLEMS_OF_ALL, (method, path)
        problem = operation["responses"]["404"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}
    open_to_all = {(method, path) for method, path, operation in found if operation["security"] == []}
    assert open_to_all == {
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("post", "/api/v1/session"),
        ("post", "/api/v1/oauth/token"),
    }


def test_import_keys_open_imports_only(document: dict[str, Any]) -> None:
    opened = {path for _, path, operation in operations(document) if {"importKey": []} in operation["security"]}
    assert opened
    assert all(path.startswith("/api/v1/imports") for path in opened)


def test_what_makes_something_asks_for_a_key(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        is_making = method == "post" and "201" in operation["responses"]
        if is_making and any("client" in way for way in operation["security"]):
            keys = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
            assert [key["required"] for key in keys] == [True], path


def test_threat_31_no_route_takes_the_name_of_somebody_to_act_as(document: dict[str, Any]) -> None:
    words = ("act_as", "act-as", "impersonat", "on_behalf", "on-behalf", "sudo", "actor_id")
    for method, path, operation in operations(document):
        asked = json.dumps([operation.get("parameters", []), operation.get("requestBody", {}), path]).lower()
        assert not [word for word in words if word in asked], (method, path)
    fields = {f for s in document["components"]["schemas"].values() for f in s.get("properties", {})}
    assert not [field for field in fields if any(word in field for word in words)]


SMALL: dict[str, Any] = {
    "paths": {
        "/a": {
            "get": {
                "parameters": [
                    {"in": "query", "name": "q", "required": False, "schema": {"type": "string", "enum": ["x", "y"]}}
                ],
                "responses": {"200": {}, "404": {}},
            }
        }
    },
    "components": {
        "schemas": {
            "A": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["open", "shut"]},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                    "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            }
        }
    },
}
A = ("components", "schemas", "A")
GET = ("paths", "/a", "get")
BREAKING: dict[str, tuple[tuple[str | int, ...], Callable[[Any], None]]] = {
    "GET /a: gone": (("paths",), lambda paths: paths.pop("/a")),
    "GET /a: answer 404 gone": ((*GET, "responses"), lambda answers: answers.pop("404")),
    "GET /a: parameter q gone": (GET, lambda operation: operation.update(parameters=[])),
    "GET /a: parameter q now required": ((*GET, "parameters", 0), lambda q: q.update(required=True)),
    "GET /a: parameter q: value y gone": ((*GET, "parameters", 0, "schema", "enum"), lambda enum: enum.remove("y")),
    "A: gone": (("components", "schemas"), lambda schemas: schemas.pop("A")),
    "A.kind: gone": ((*A, "properties"), lambda fields: fields.pop("kind")),
    "A.kind: now required": (A, lambda schema: schema.update(required=["kind"])),
    "A.kind: value shut gone": ((*A, "properties", "kind", "enum"), lambda enum: enum.remove("shut")),
    "A.kind: another type": ((*A, "properties", "kind"), lambda kind: kind.update(type="integer")),
    "A.parts[].n: gone": ((*A, "properties", "parts", "items", "properties"), lambda fields: fields.pop("n")),
    "A.either: a kind is gone": ((*A, "properties", "either", "anyOf"), lambda kinds: kinds.pop()),
}


@pytest.mark.parametrize("told", BREAKING)
def test_a_change_that_breaks_somebody_is_told(told: str) -> None:
    where, change = BREAKING[told]
    after = copy.deepcopy(SMALL)
    place: Any = after
    for step in where:
        place = place[step]
    change(place)
    assert breaks(SMALL, after) == [told]


def test_what_is_added_breaks_nobody() -> None:
    after = copy.deepcopy(SMALL)
    after["paths"]["/b"] = after["paths"]["/a"]
    after["paths"]["/a"]["get"]["parameters"].append({"in": "query", "name": "r", "schema": {"type": "string"}})
    after["components"]["schemas"]["A"]["properties"]["kind"]["enum"].append("new")
    after["components"]["schemas"]["A"]["properties"]["more"] = {"type": "string"}
    assert breaks(SMALL, after) == []


def test_a_breaking_description_is_not_written_unless_somebody_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(SMALL), encoding="utf-8")
    smaller: dict[str, Any] = {"paths": {}, "components": {}}
    monkeypatch.setattr("api.openapi.current", lambda: smaller)
    assert main([str(file)]) == 1
    assert "GET /a: gone" in capsys.readouterr().err
    assert json.loads(file.read_text(encoding="utf-8")) == SMALL
    assert main([str(file), "--breaking"]) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == smaller
