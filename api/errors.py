"""One table from error to answer: RFC 9457 problem documents that never repeat what was sent."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from models.errors import ArtefactMismatch
from pipelines.access.errors import (
    AccountRefused,
    Forbidden,
    KeysMissing,
    LoginRefused,
    NoSuchPerson,
    NotSignedIn,
    PasswordChangeRequired,
    PasswordRefused,
    RequestRefused,
    SecondFactorRequired,
    TooManyRequests,
    UnknownPurpose,
    VaultError,
)
from pipelines.desk import NoSuchCandidate, NoSuchVacancy
from pipelines.errors import PipelineError
from pipelines.registry import NoModel

logger = logging.getLogger(__name__)
# The first that fits, so the narrower ones stand first.
PROBLEMS: dict[type[PipelineError], tuple[int, str, str]] = {
    NoSuchCandidate: (404, "no-such-candidate", "没有这个求职者"),
    NoSuchPerson: (404, "no-such-candidate", "没有这个求职者"),
    NoSuchVacancy: (404, "no-such-vacancy", "没有这个岗位"),
    NoModel: (503, "no-model", "还没有可用的模型"),
    NotSignedIn: (401, "not-signed-in", "请先登录"),
    LoginRefused: (401, "login-refused", "登录名、密码或动态口令不正确，或账号暂时不能使用"),
    PasswordChangeRequired: (403, "password-change-required", "请先修改一次性密码"),
    SecondFactorRequired: (403, "second-factor-required", "请先设置动态口令"),
    Forbidden: (403, "forbidden", "您的角色不能这样做"),
    RequestRefused: (403, "request-refused", "请求未通过来源校验，请从本系统页面重试"),
    UnknownPurpose: (422, "unknown-purpose", "没有这个使用目的"),
    PasswordRefused: (422, "password-refused", "新密码不合要求"),
    AccountRefused: (409, "account-refused", "账号操作无法执行"),
    TooManyRequests: (429, "too-many-requests", "尝试次数过多，请稍后再试"),
    KeysMissing: (503, "keys-missing", "服务没有配置加密密钥，请联系管理员"),
    VaultError: (503, "sealed-value-unreadable", "加密内容无法读取，请联系管理员"),
}
_HTTP_TITLES = {404: "没有这个地址", 405: "不支持这种请求方式"}


def problem(status: int, kind: str, title: str, **more: object) -> JSONResponse:
    """Return a problem document."""
    body = {"type": f"/problems/{kind}", "title": title, "status": status, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _known(fault: Mapping[str, Any]) -> Sequence[object]:
    """Return where a fault lies; the name of a field that is none of ours was sent, so it is left out."""
    place: Sequence[object] = fault["loc"]
    return place[:-1] if fault["type"] == "extra_forbidden" else place


def add_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(PipelineError)
    async def refused(_: Request, error: PipelineError) -> JSONResponse:
        for kind, (status, name, title) in PROBLEMS.items():
            if isinstance(error, kind):
                # What a password needs is told; every other message stays inside.
                more = {"detail": str(error)} if isinstance(error, PasswordRefused) else {}
                answer = problem(status, name, title, **more)
                if isinstance(error, TooManyRequests):
                    answer.headers["Retry-After"] = str(error.seconds)
                return answer
        return problem(409, "refused", "请求无法执行")

    @app.exception_handler(ArtefactMismatch)
    async def damaged(_: Request, __: ArtefactMismatch) -> JSONResponse:
        logger.error("the saved model is not the one that was trained")
        return problem(503, "model-unreadable", "模型文件已损坏或缺失")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what kind of fault, never the value: pydantic's own answer repeats the input.
        errors = [{"pointer": "/" + "/".join(map(str, _known(e))), "kind": e["type"]} for e in error.errors()]
        return problem(422, "invalid-request", "请求参数不合要求", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, "http", _HTTP_TITLES.get(error.status_code, "请求无法执行"))
        answer.headers.update(error.headers or {})  # a 405 has to say what is allowed
        return answer

    @app.middleware("http")
    async def last_door(request: Request, call_next: RequestResponseEndpoint) -> Response:
        # A handler of Exception would pass the error on to the server, which logs its words; they may hold anything.
        try:
            answer = await call_next(request)
            answer.headers["Cache-Control"] = "no-store"
            answer.headers["X-Content-Type-Options"] = "nosniff"
            return answer
        except Exception as error:
            logger.error("unexpected fault kind=%s", type(error).__name__)
            return problem(500, "fault", "程序内部错误")
