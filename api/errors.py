"""One table from error to answer: RFC 9457 problem documents that never repeat what was sent."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from models.errors import ArtefactMismatch
from pipelines.desk import NoSuchCandidate, NoSuchVacancy
from pipelines.errors import PipelineError
from pipelines.registry import NoModel

logger = logging.getLogger(__name__)
PROBLEMS: dict[type[PipelineError], tuple[int, str, str]] = {
    NoSuchCandidate: (404, "no-such-candidate", "没有这个求职者"),
    NoSuchVacancy: (404, "no-such-vacancy", "没有这个岗位"),
    NoModel: (503, "no-model", "还没有可用的模型"),
}
_HTTP_TITLES = {404: "没有这个地址", 405: "不支持这种请求方式"}


def problem(status: int, kind: str, title: str, **more: object) -> JSONResponse:
    """Return a problem document."""
    body = {"type": f"/problems/{kind}", "title": title, "status": status, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def add_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(PipelineError)
    async def refused(_: Request, error: PipelineError) -> JSONResponse:
        for kind, (status, name, title) in PROBLEMS.items():
            if isinstance(error, kind):
                return problem(status, name, title)
        return problem(409, "refused", "请求无法执行")

    @app.exception_handler(ArtefactMismatch)
    async def damaged(_: Request, __: ArtefactMismatch) -> JSONResponse:
        logger.error("the saved model is not the one that was trained")
        return problem(503, "model-unreadable", "模型文件已损坏或缺失")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what kind of fault, never the value: pydantic's own answer repeats the input.
        errors = [{"pointer": "/" + "/".join(map(str, e["loc"])), "kind": e["type"]} for e in error.errors()]
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
            return await call_next(request)
        except Exception as error:
            logger.error("unexpected fault kind=%s", type(error).__name__)
            return problem(500, "fault", "程序内部错误")
