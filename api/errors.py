"""One table from error to answer: RFC 9457 problem documents that never repeat what was sent.

Each document carries the id of its trace, by which the log of the request is found; its type leads to a page.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.access import PURPOSE_HEADER
from api.problems import (
    AnswerTooSlow,
    Busy,
    CursorRefused,
    RequestKeyMissing,
    RequestKeyRefused,
    RequestTooLarge,
    RequestTooSlow,
    StaleVersion,
    VersionMalformed,
    VersionMissing,
)
from models.errors import ArtefactMismatch
from pipelines.access.errors import (
    AccountRefused,
    Forbidden,
    KeysMissing,
    LoginRefused,
    NoSuchAccount,
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
from pipelines.access.roles import Purpose
from pipelines.caseload.errors import CaseworkRefused, NoSuchMerge, NoSuchNote, NoSuchPlan, NoSuchTask
from pipelines.claims.errors import ClaimOverlaps, ClaimRefused, NoSuchClaim
from pipelines.consent.errors import (
    AlreadyDecided,
    ContactRefused,
    ErasureHeld,
    MatchingRefused,
    NamedPersonNeeded,
    NoSuchReport,
    NoSuchRequest,
    NotTold,
    NotYetStated,
    UnknownRecipient,
    WitnessNeeded,
)
from pipelines.desk import NoSuchCandidate, NoSuchVacancy
from pipelines.duties.errors import NoSuchRegion
from pipelines.effects.errors import EffectNotAsked, NoSuchMeasure
from pipelines.errors import PipelineError
from pipelines.exchange.errors import NoSuchFile
from pipelines.inspections.errors import InspectionRefused, NoSuchInspection
from pipelines.notices.inbox import NoSuchNotice
from pipelines.registers.errors import (
    AlreadyRegistered,
    AssignmentRefused,
    CertificateTaken,
    NoSuchEmployer,
    NoSuchModel,
    NoSuchRecord,
    NoSuchRule,
    NothingToRestore,
    NothingToUndo,
    RowRefused,
    UploadRefused,
)
from pipelines.registry import NoModel, PromotionRefused, SecondPersonNeeded
from pipelines.rule_release.errors import ReleaseRefused, RulesNotReleased
from pipelines.vacancy_workflow.errors import (
    AlreadyVerified,
    CheckFails,
    DraftQuota,
    NotPossible,
    OfficeNotNeeded,
    OfficeOnly,
    OutdatedWork,
    OwnWork,
    WorkflowError,
)

logger = logging.getLogger(__name__)
# The first that fits, so the narrower ones stand first.
PROBLEMS: dict[type[PipelineError], tuple[int, str, str]] = {
    NoSuchCandidate: (404, "no-such-candidate", "没有这个求职者"),
    NoSuchPerson: (404, "no-such-candidate", "没有这个求职者"),
    NoSuchVacancy: (404, "no-such-vacancy", "没有这个岗位"),
    NoSuchRecord: (404, "no-such-record", "没有这条记录"),
    NoSuchEmployer: (404, "no-such-employer", "没有这个用人单位"),
    NoSuchClaim: (404, "no-such-claim", "没有这项申领"),
    ClaimOverlaps: (409, "claim-overlaps", "同一时期已申领过这项待遇，或与之不能同时享受的待遇"),
    ClaimRefused: (409, "claim-refused", "这项申领不能这样办理：已办结，或须由提出人以外的具名工作人员决定并写明理由"),
    SecondPersonNeeded: (
        409,
        "second-person-needed",
        "核查未通过的版本，须由制作人以外、写明姓名的另一人说明理由后启用",
    ),
    PromotionRefused: (
        409,
        "promotion-refused",
        "没有经过季度核查、核查未通过或需人工核实，须由制作人以外的另一人写明理由后启用",
    ),
    RulesNotReleased: (503, "rules-not-released", "磁盘上的规则文件未经两人签发，暂不据以答复，请联系管理员"),
    ReleaseRefused: (409, "release-refused", "规则不能这样签发"),
    NoSuchRule: (404, "no-such-rule", "没有这条规则"),
    NoSuchModel: (404, "no-such-model", "没有这个模型版本"),
    RowRefused: (422, "row-refused", "这条记录不能接收"),
    AlreadyRegistered: (409, "already-registered", "这个编号已登记"),
    CertificateTaken: (409, "certificate-taken", "这个残疾人证号已登记"),
    AssignmentRefused: (409, "assignment-refused", "不能建立这个服务关系"),
    UploadRefused: (422, "upload-refused", "文件不能接收：应为 .csv 或 .xlsx，对照表应为随附的名称"),
    NothingToRestore: (409, "nothing-to-restore", "没有可以恢复的上一版本"),
    NothingToUndo: (409, "nothing-to-undo", "只能撤销今天登记的经过；更早的请更正记录"),
    NoSuchRequest: (404, "no-such-record", "没有这条记录"),
    NoSuchAccount: (404, "no-such-record", "没有这条记录"),
    NoSuchFile: (404, "no-such-record", "没有这条记录"),
    NoSuchInspection: (404, "no-such-record", "没有这条记录"),
    InspectionRefused: (
        409,
        "inspection-refused",
        "这项核查不能这样办理：已有结论，或须由具名的工作人员写明理由和材料",
    ),
    NoSuchNote: (404, "no-such-record", "没有这条记录"),
    NoSuchTask: (404, "no-such-record", "没有这条记录"),
    NoSuchNotice: (404, "no-such-record", "没有这条记录"),
    NoSuchPlan: (404, "no-such-record", "没有这条记录"),
    NoSuchMerge: (404, "no-such-record", "没有这条记录"),
    CaseworkRefused: (409, "casework-refused", "不能这样办理"),
    NoSuchRegion: (404, "no-such-region", "没有这个地区，或没有机构负责它"),
    NoSuchMeasure: (404, "no-such-measure", "没有这项补贴或措施"),
    EffectNotAsked: (422, "effect-not-asked", "这样的问题不能比较"),
    NoSuchReport: (404, "no-such-report", "没有这个报表"),
    MatchingRefused: (409, "matching-refused", "本人已撤回或不同意参与匹配，不再生成推荐名单"),
    ContactRefused: (409, "contact-refused", "本人已撤回或不同意电话、上门联系，不为此提供身份信息"),
    NotTold: (422, "not-told", "须写明本人听读的现行告知书版本和同意的项目"),
    UnknownRecipient: (422, "unknown-recipient", "向用人单位提供信息须写明一家已登记的单位"),
    WitnessNeeded: (422, "witness-needed", "须由监护人同意，或有见证人确认本人理解"),
    NotYetStated: (422, "not-yet-stated", "表示或申请的时间不能晚于登记的时间，也不能早得不可能"),
    AlreadyDecided: (412, "already-decided", "这项申请已有决定或已有变化，请重新读取"),
    ErasureHeld: (409, "erasure-held", "安置就业的证据仍在保存期内，期满前只存储、不作其他使用"),
    NamedPersonNeeded: (422, "named-person-needed", "须由写明姓名的工作人员决定"),
    NoModel: (503, "no-model", "还没有可用的模型"),
    NotSignedIn: (401, "not-signed-in", "请先登录"),
    LoginRefused: (401, "login-refused", "登录名、密码或动态口令不正确，或账号暂时不能使用"),
    PasswordChangeRequired: (403, "password-change-required", "请先修改一次性密码"),
    SecondFactorRequired: (403, "second-factor-required", "请先设置动态口令"),
    OwnWork: (403, "own-work", "不能复核本人编写的岗位，请由另一人复核"),
    OfficeNotNeeded: (403, "company-approves", "该单位有其他复核人，应由单位自己复核"),
    OfficeOnly: (403, "office-only", "这些内容只能由工作人员更改"),
    Forbidden: (403, "forbidden", "不能这样做：您的角色或所写明的目的不许可"),
    RequestRefused: (403, "request-refused", "请求未通过来源校验，请从本系统页面重试"),
    UnknownPurpose: (422, "unknown-purpose", "没有这个使用目的"),
    PasswordRefused: (422, "password-refused", "新密码不合要求"),
    AccountRefused: (
        409,
        "account-refused",
        "不能这样设置动态口令：已经设置（更换须由管理员重置），或还没有取得密钥",
    ),
    NotPossible: (409, "not-possible", "岗位目前的状态不能这样做"),
    CheckFails: (409, "check-fails", "岗位未通过今天的检查，请先修改"),
    OutdatedWork: (412, "stale-version", "这条记录已被他人修改，请重新读取后再提交"),
    AlreadyVerified: (409, "verification-unchanged", "核验状态没有可改变的"),
    DraftQuota: (429, "draft-quota", "今天新建或修改岗位的次数已到上限"),
    TooManyRequests: (429, "too-many-requests", "尝试次数过多，请稍后再试"),
    KeysMissing: (503, "keys-missing", "服务没有配置加密密钥，请联系管理员"),
    VaultError: (503, "sealed-value-unreadable", "加密内容无法读取，请联系管理员"),
    VersionMissing: (428, "version-missing", "请在 If-Match 中写明要修改的版本"),
    VersionMalformed: (422, "version-malformed", "If-Match 应为读取时得到的一个 ETag"),
    StaleVersion: (412, "stale-version", "这条记录已被他人修改，请重新读取后再提交"),
    CursorRefused: (422, "cursor-refused", "这个翻页位置不能用于此次查询，请从第一页重新开始"),
    RequestKeyMissing: (400, "idempotency-key-missing", "请在 Idempotency-Key 中写明本次请求的编号"),
    RequestKeyRefused: (422, "idempotency-key-refused", "这个 Idempotency-Key 不合格式，或已用于另一个请求"),
    RequestTooLarge: (413, "request-too-large", "请求内容过大"),
    RequestTooSlow: (408, "request-too-slow", "请求内容没有完整、及时地送达"),
    AnswerTooSlow: (504, "answer-too-slow", "处理时间过长，请稍后查询结果或用同一编号重试"),
    Busy: (429, "busy", "服务正忙，请稍后再试"),
}
OTHERS: dict[str, tuple[int, str]] = {
    "refused": (409, "请求无法执行"),
    "conflict": (409, "与已有记录冲突"),
    "clock-behind": (503, "服务器的时间早于已有记录的时间，未作任何更改，请管理员校准时钟后再试"),
    "model-unreadable": (503, "模型文件已损坏或缺失"),
    "database-busy": (503, "数据库暂时不可用，请稍后再试"),
    "invalid-request": (422, "请求参数不合要求"),
    "fault": (500, "程序内部错误"),
    "no-such-address": (404, "没有这个地址"),
    "method-not-offered": (405, "这个地址不支持这种请求方式"),
    "http": (400, "请求无法执行"),
}
"""What stands in no row above: one kind each, with its status and title."""
_HTTP_KINDS = {404: "no-such-address", 405: "method-not-offered"}
TELLING = (
    Forbidden, RequestRefused, PasswordRefused, AssignmentRefused, UploadRefused, AlreadyVerified, ClaimRefused,
    NotTold, UnknownRecipient, WitnessNeeded, NamedPersonNeeded, CaseworkRefused,
    EffectNotAsked, AlreadyRegistered,
)  # fmt: skip
"""Whose own words say more than the title, and are written in the program: nothing of what was sent is in them."""
_FAULTS = {
    "missing": "没有给出这一项，须填写",
    "extra_forbidden": "有一项不是这里的项目，请删去或改正名称",
    "json_invalid": "内容不是有效的 JSON",
    "model_attributes_type": "内容应为一个 JSON 对象",
    "model_type": "内容应为一个 JSON 对象",
    "dict_type": "内容应为一个 JSON 对象",
    "list_type": "应为列表",
    "string_type": "应为文字",
    "string_too_short": "不能为空或过短",
    "string_too_long": "过长",
    "string_pattern_mismatch": "格式不符",
    "too_long": "项数过多",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "timezone_aware": "时间须带时区，如 2026-11-30T09:00:00+08:00",
}
_BOUNDS = {"ge": "不能小于", "gt": "应大于", "le": "不能大于", "lt": "应小于"}
_BUSY_SECONDS = 2
_OUT_OF_ORDER = re.compile(r"ck_\w+_(moments_in_order|after_it_was_proposed)\b")
"""Constraints that only a clock set back can break: each compares a moment of now with one that is stored."""
_CHALLENGE = 'Bearer realm="yougang"'


def problem(status: int, kind: str, title: str, trace_id: str | None, **more: object) -> JSONResponse:
    """Return a problem document."""
    body = {"type": f"/problems/{kind}", "title": title, "status": status, "trace_id": trace_id, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def problem_of(error: PipelineError, trace_id: str | None) -> JSONResponse:
    """Return the problem document of an error; the words of `TELLING` are told, other messages stay inside."""
    for kind, (status, name, title) in PROBLEMS.items():
        if isinstance(error, kind):
            more: dict[str, object] = {"detail": str(error)} if isinstance(error, TELLING) else {}
            if isinstance(error, UnknownPurpose):
                more = {"detail": f"{PURPOSE_HEADER} 可以写：{'、'.join(Purpose)}"}
            if isinstance(error, ClaimOverlaps):
                more = {"claims": list(error.others), "claims_not_shown": error.n_not_shown}
            if isinstance(error, WorkflowError):
                more = dict(error.told)
            if isinstance(error, RowRefused):
                # The words of the import's checks: what would be right, never what was sent.
                more = {
                    "errors": [
                        {"pointer": f"/body/{one.column}", "kind": "refused", "detail": one.reason}
                        for one in error.faults
                    ]
                }
            answer = problem(status, name, title, trace_id, **more)
            if isinstance(error, TooManyRequests | Busy):
                answer.headers["Retry-After"] = str(error.seconds)
            if isinstance(error, NotSignedIn):
                answer.headers["WWW-Authenticate"] = _CHALLENGE
            return answer
    return other("refused", trace_id)


def problem_title(error: PipelineError) -> str:
    """Return the title under which an error is told, with its own words where those say more."""
    if isinstance(error, TELLING):
        return str(error)
    title = next((title for kind, (_, __, title) in PROBLEMS.items() if isinstance(error, kind)), OTHERS["refused"][1])
    return f"{title}：{error.words}" if isinstance(error, ClaimOverlaps) and error.words else title


def other(kind: str, trace_id: str | None, **more: object) -> JSONResponse:
    """Return the problem document of a kind in `OTHERS`."""
    status, title = OTHERS[kind]
    return problem(status, kind, title, trace_id, **more)


def kinds() -> dict[str, tuple[int, str]]:
    """Return every kind of problem with its status and title."""
    return {kind: (status, title) for status, kind, title in PROBLEMS.values()} | OTHERS


def trace_of(request: Request) -> str | None:
    """Return the id of a request's trace."""
    found: str | None = getattr(request.state, "trace_id", None)
    return found


def _known(fault: Mapping[str, Any]) -> Sequence[object]:
    """Return where a fault lies; the name of a field that is none of ours was sent, so it is left out."""
    place: Sequence[object] = fault["loc"]
    return place[:-1] if fault["type"] == "extra_forbidden" else place


def _said(fault: Mapping[str, Any]) -> str:
    """Return what would be right, from the description of the field alone."""
    kind, described = str(fault["type"]), fault.get("ctx") or {}
    if kind in ("literal_error", "enum"):
        return "应为下列之一：" + str(described["expected"]).replace(" or ", ", ").replace("'", "").replace(", ", "、")
    bounds = [f"{words}{described[name]}" for name, words in _BOUNDS.items() if name in described]
    if bounds:
        return "，".join(bounds)
    if kind.startswith(("date_", "datetime_", "time_")):
        return "应为实有的日期或时间"
    return _FAULTS.get(kind, "不合要求")


def add_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(PipelineError)
    async def refused(request: Request, error: PipelineError) -> JSONResponse:
        return problem_of(error, trace_of(request))

    @app.exception_handler(ArtefactMismatch)
    async def damaged(request: Request, __: ArtefactMismatch) -> JSONResponse:
        logger.error("the saved model is not the one that was trained")
        return other("model-unreadable", trace_of(request))

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeout)
    async def away(request: Request, error: Exception) -> JSONResponse:
        # Locked, restarted, full or out of connections; the statement and its values are not told to anybody.
        logger.error("database not available kind=%s", type(getattr(error, "orig", error)).__name__)
        answer = other("database-busy", trace_of(request))
        answer.headers["Retry-After"] = str(_BUSY_SECONDS)
        return answer

    @app.exception_handler(IntegrityError)
    async def conflicting(request: Request, error: IntegrityError) -> JSONResponse:
        # Of two that make the same at the same time one comes here; which constraint it was stays in the log.
        is_clock = _OUT_OF_ORDER.search(str(error.orig)) is not None
        logger.error("database refused a write kind=%s clock=%s", type(error.orig).__name__, is_clock)
        return other("clock-behind" if is_clock else "conflict", trace_of(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what kind of fault, never the value: pydantic's own answer repeats the input.
        errors = [
            {"pointer": "/" + "/".join(map(str, _known(e))), "kind": e["type"], "detail": _said(e)}
            for e in error.errors()
        ]
        return other("invalid-request", trace_of(request), errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        kind = _HTTP_KINDS.get(error.status_code, "http")
        answer = problem(error.status_code, kind, OTHERS[kind][1], trace_of(request))
        answer.headers.update(error.headers or {})  # a 405 has to say what is allowed
        return answer
