"""Tokens of machines: OAuth 2 client credentials (RFC 6749, section 4.4)."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from api.access import OPEN, Access, AccessDep, caller, declare, refuse_readable_channel
from api.clock import moment
from pipelines.access.clients import Clients
from pipelines.access.oauth import TokenAnswer, token_answer

router = APIRouter(prefix="/oauth", tags=["oauth"])
_FORM = "application/x-www-form-urlencoded"
_FIELDS: dict[str, Any] = {
    "grant_type": {"type": "string", "const": "client_credentials"},
    "scope": {"type": "string", "description": "空格分隔的权限；不写则为该客户端的全部权限"},
    "client_id": {"type": "string", "description": "不用 HTTP Basic 时写在这里"},
    "client_secret": {"type": "string", "description": "不用 HTTP Basic 时写在这里"},
}
_ASKED = {
    "required": True,
    "content": {_FORM: {"schema": {"type": "object", "required": ["grant_type"], "properties": _FIELDS}}},
}
_GIVEN: dict[str, Any] = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "const": "Bearer"},
        "expires_in": {"type": "integer"},
        "scope": {"type": "string"},
    },
}
_REFUSED: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}


def _answers(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


@router.post(
    "/token",
    openapi_extra={"requestBody": _ASKED},
    responses={
        200: _answers("令牌，有效 15 分钟", _GIVEN),
        400: _answers("请求不合 RFC 6749 第 5.2 节", _REFUSED),
        401: _answers("客户端编号或密钥不正确，或客户端已停用", _REFUSED),
    },
    response_class=JSONResponse,
)
@declare(OPEN)
async def token(request: Request, access: AccessDep) -> JSONResponse:
    """Hand out a token; every refusal of a client says the same."""
    refuse_readable_channel(request)
    access.by_client.take(caller(request))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return JSONResponse({"error": "invalid_request", "error_description": "Form expected."}, status_code=400)
    body = (await request.body()).decode("utf-8", errors="replace")
    answer = await run_in_threadpool(_asked, access, body, request.headers.get("authorization"))
    return JSONResponse(answer.document, status_code=answer.status, headers=dict(answer.headers))


def _asked(access: Access, body: str, authorization: str | None) -> TokenAnswer:
    with access.engine.begin() as connection:
        clients = Clients(connection, vault=access.vault, now=moment())
        return token_answer(clients, body, authorization)
