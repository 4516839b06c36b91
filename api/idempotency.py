"""Repeats of a request: the same Idempotency-Key does the work once and answers alike for 24 hours.

The key's row is written first, in the transaction of the work: of requests at the same time the others wait for the
first and then find its answer; where the work fails, nothing of it stays. What is kept is hashed or sealed.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import Response
from sqlalchemy import Connection

from api.access import Access, policy_of
from api.clock import moment
from api.problems import RequestKeyMissing, RequestKeyRefused
from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.kept_answers import KeptAnswers
from pipelines.access.roles import Subject
from pipelines.access.scope import ScopedCandidates

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{8,128}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: status, document, more headers; `about` names what it tells of, for the audit."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    about: tuple[str, str] | None = None


def once(
    request: Request,
    access: Access,
    subject: Subject,
    work: Callable[[Connection], Answer],
    *,
    said: str | None = None,
    key: str | None = None,
) -> Response:
    """Do the work of a request that makes something, or give the answer that the same request was given.

    `said` is a digest of what the body says, for bodies whose writing differs between repeats (multipart); `key` is
    the request's key where a form carries it in a field.

    Raises
    ------
    RequestKeyMissing
        When the request has no key.
    RequestKeyRefused
        When the key cannot be one, or stands for another request.
    NoSuchPerson
        When a kept answer speaks of a person who is no longer there or visible.
    Forbidden
        When the subject may no longer do what was answered.
    """
    key = _accepted(request.headers.get(HEADER) if key is None else key)
    _forget_old(access)
    asked = [request.method, request.url.path, request.url.query, said or request.state.body_digest]
    with access.engine.begin() as connection:
        kept = KeptAnswers(connection, access.vault, now=moment(), kept_for=KEPT_FOR)
        name = json.dumps([subject.by.actor, subject.organisation_id, subject.role, key])
        before = kept.begin(name, json.dumps(asked))
        if before is not None:
            if not before.is_same:
                raise RequestKeyRefused("这个 Idempotency-Key 已用于另一个请求")
            told = json.loads(before.answer)
            _refuse_what_was_lost(request, connection, subject, told)
            return _replayed(connection, subject, told)
        done = work(connection)
        told = _told(done)
        kept.finish(name, done.status, json.dumps(told, ensure_ascii=False))
    return _response(told)


def _forget_old(access: Access) -> None:
    """Forget what was kept long enough, once an hour; before the work, for what is done must not fail afterwards."""
    if not access.is_time_to_sweep():
        return
    with access.engine.begin() as connection:
        KeptAnswers(connection, access.vault, now=moment(), kept_for=KEPT_FOR).sweep()


def _accepted(key: str | None) -> str:
    if key is None:
        raise RequestKeyMissing("请求没有 Idempotency-Key")
    if not _KEY.fullmatch(key):
        raise RequestKeyRefused("Idempotency-Key 应为 8 至 128 个可见字符")
    return key


def _told(done: Answer) -> dict[str, Any]:
    """Return the answer in the one writing that is both sent and kept."""
    body = json.dumps(jsonable_encoder(done.document), ensure_ascii=False, separators=(",", ":"))
    return {"status": done.status, "body": body, "headers": dict(done.headers), "about": done.about}


def _refuse_what_was_lost(request: Request, connection: Connection, subject: Subject, told: Mapping[str, Any]) -> None:
    """Look at role, scopes and reach anew: a day is long enough to lose them, or for a person to be erased."""
    policy = policy_of(request.scope.get("endpoint"))
    if policy is None or policy.action is None:
        raise Forbidden("这个地址没有声明访问规则")
    kind, object_id = told["about"] or ("", "")
    if kind == "candidate":
        ScopedCandidates(connection, subject).visible(object_id, policy.action)
    if not subject.may(policy.action):
        raise Forbidden("您的角色不能为这一目的这样做")


def _replayed(connection: Connection, subject: Subject, told: Mapping[str, Any]) -> Response:
    """Hand the answer out again; it may speak of a person, so this is a read as well."""
    kind, object_id = told["about"] or ("kept_answer", None)
    record(connection, subject.by, "answer.replay", object_kind=kind, object_id=object_id)
    answer = _response(told)
    answer.headers[REPLAYED] = "true"
    return answer


def _response(told: Mapping[str, Any]) -> Response:
    return Response(
        told["body"], status_code=told["status"], headers=dict(told["headers"]), media_type="application/json"
    )
