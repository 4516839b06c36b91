"""The description of the API: what each route lets whom do, its problem documents, and what a change would break.

`python -m api.openapi [FILE]` writes it; a change that would break who uses the API is refused without `--breaking`.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.access import CSRF_HEADER, KEY_HEADER, PURPOSE_HEADER, Policy, policy_of
from api.idempotency import HEADER
from pipelines.access.import_keys import ROUTES
from pipelines.access.roles import Action, Purpose

FILE = Path("docs/openapi.json")
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457；从不复述所发送的内容",
    "required": ["type", "title", "status", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "问题种类，也是说明页的地址"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "trace_id": {"type": ["string", "null"], "description": "日志中查找这次请求所用的编号"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "kind"],
                "properties": {
                    "pointer": {"type": "string"},
                    "kind": {"type": "string"},
                    "detail": {"type": "string", "description": "应怎样填写"},
                },
            },
        },
    },
}
_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"description": "没有登录，或令牌、密钥无效", "content": _CONTENT},
    403: {"description": "看得到，但不能这样做；或请求未通过来源校验", "content": _CONTENT},
    404: {"description": "不存在，或不在范围之内；二者的答复相同", "content": _CONTENT},
    422: {"description": "请求不合要求", "content": _CONTENT},
    429: {"description": "过于频繁或服务正忙；Retry-After 为须等待的秒数", "content": _CONTENT},
    "4XX": {"description": "请求被拒绝", "content": _CONTENT},
    "5XX": {"description": "服务暂时不能答复", "content": _CONTENT},
}
"""What every route may answer; given to the application once."""
_COOKIE = {"session": list[str]()}
_SCHEMES: dict[str, Any] = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-yougang"},
    "client": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/api/v1/oauth/token",
                "scopes": {action.value: action.name for action in Action},
            }
        },
    },
    "importKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
}


def describe(app: FastAPI) -> None:
    """Make the application give its description with who may come in where; called after the last router."""
    # Now, not when the description is asked for: the first request fixes what routes are known as.
    for route in routes(app.router):
        route.openapi_extra = {**(route.openapi_extra or {}), "security": _security(policy_of(route.endpoint))}

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way of changing it


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for item in found["paths"].values():
        for method, operation in item.items():
            operation["parameters"] = [*operation.get("parameters", []), *_headers(method, operation)]
    components = found.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = _SCHEMES
    return found


def _headers(method: str, operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the headers that the guard and `once` read by themselves."""
    ways, is_safe = operation["security"], method in ("get", "head")
    if _COOKIE in ways and not is_safe:
        yield _header(CSRF_HEADER, "页面校验码；带会话的请求必须有，程序不用", {"type": "string"})
    if not any("client" in way for way in ways):
        return
    purposes = {"type": "string", "enum": [purpose.value for purpose in Purpose]}
    yield _header(PURPOSE_HEADER, "使用目的；不写则为该角色通常的目的", purposes)
    if method == "post":
        key = {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]*$"}
        is_making = "201" in operation["responses"]
        yield _header(HEADER, "本次请求的编号；24 小时内重发得到同一答复", key, required=is_making)


def _header(name: str, description: str, schema: Mapping[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "required": required, "schema": schema}


def routes(router: Any) -> Iterator[APIRoute]:
    """Yield the routes of an application, also of the routers that it includes."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from routes(inner)


def _security(policy: Policy | None) -> list[dict[str, list[str]]]:
    if policy is None or not policy.needs_session:
        return []
    if policy.action is None:
        return [_COOKIE]
    ways = [_COOKIE, {"client": [policy.action.value]}]
    return [*ways, {"importKey": []}] if policy.action in ROUTES else ways


# ---- what a change would break --------------------------------------------------------------------------------------


def breaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what somebody who uses the API as it was described before could no longer do, in words."""
    return [*_lost_operations(before, after), *_lost_schemas(before, after)]


def _lost_operations(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for path, item in before["paths"].items():
        for method, operation in item.items():
            name, now = f"{method.upper()} {path}", after["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{name}: gone"
                continue
            yield from (f"{name}: answer {s} gone" for s in operation["responses"] if s not in now["responses"])
            yield from _lost_parameters(name, operation, now)


def _lost_parameters(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    was = {(p["in"], p["name"]): p for p in before.get("parameters", [])}
    now = {(p["in"], p["name"]): p for p in after.get("parameters", [])}
    for key, parameter in was.items():
        if key not in now:
            yield f"{name}: parameter {key[1]} gone"
        else:
            yield from _lost(f"{name}: parameter {key[1]}", parameter["schema"], now[key]["schema"])
    for key, parameter in now.items():
        if parameter.get("required") and not was.get(key, {}).get("required"):
            yield f"{name}: parameter {key[1]} now required"


def _lost_schemas(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    now = after.get("components", {}).get("schemas", {})
    for name, schema in before.get("components", {}).get("schemas", {}).items():
        if name not in now:
            yield f"{name}: gone"
        else:
            yield from _lost(name, schema, now[name])


def _lost(place: str, before: Any, after: Any) -> Iterator[str]:
    """Yield fields, values and types that are gone, and fields that are required where they were not."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return
    yield from (
        f"{place}: value {value} gone" for value in before.get("enum", []) if value not in after.get("enum", [])
    )
    yield from (f"{place}.{f}: now required" for f in after.get("required", []) if f not in before.get("required", []))
    if before.get("type") != after.get("type") or before.get("$ref") != after.get("$ref"):
        yield f"{place}: another type"
    for field, schema in before.get("properties", {}).items():
        if field not in after.get("properties", {}):
            yield f"{place}.{field}: gone"
        else:
            yield from _lost(f"{place}.{field}", schema, after["properties"][field])
    yield from _lost(f"{place}[]", before.get("items"), after.get("items"))
    for word in ("anyOf", "oneOf", "allOf"):
        gone = [part for part in before.get(word, []) if part not in after.get(word, [])]
        yield from (f"{place}: a kind is gone" for _ in gone)


# ---- the file -------------------------------------------------------------------------------------------------------


def current() -> dict[str, Any]:
    """Return the description of the application as it is, made over an empty database that is thrown away."""
    from api.app import create_app
    from api.settings import Settings
    from pipelines.access.vault import new_key

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        app = create_app(Settings(url, Path(folder) / "models", date(2026, 1, 1), keys=new_key("k1")))
        try:
            return app.openapi()
        finally:
            app.state.keeper.close()


def written(document: Mapping[str, Any]) -> str:
    """Return the description as it stands in the file."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write the description; 1 where that would break somebody and nobody said that it may."""
    named = [Path(argument) for argument in arguments if not argument.startswith("-")]
    file, document = named[0] if named else FILE, current()
    lost = breaks(json.loads(file.read_text(encoding="utf-8")), document) if file.exists() else []
    if lost and "--breaking" not in arguments:
        sys.stderr.write("\n".join([*lost, "会影响现有的使用方；确要如此请加 --breaking", ""]))
        return 1
    file.write_text(written(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
