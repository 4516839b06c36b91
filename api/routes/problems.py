"""Pages that the types of problem documents lead to: what a kind of refusal means and what to do."""

from html import escape

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from api.access import OPEN, declare
from api.errors import kinds

router = APIRouter(tags=["problems"])
_ADVICE = {
    400: "请求缺少必需的内容。请按提示补充后重试。",
    401: "请先登录，或重新取得访问令牌后再试。",
    403: "您的角色或写明的目的不许可；答复中有 detail 的，请按它办理。如确有需要，请与本机构管理员联系。",
    404: "内容不存在，或不在您的范围之内；二者的答复相同。",
    405: "请求方式不对：答复的 Allow 写明这个地址支持哪些方式。",
    408: "内容没有完整送达。请检查网络后重试。",
    409: "请求与目前的状况不符。请重新读取后再决定。",
    412: "在您读取之后，他人修改了这条记录。请重新读取，核对后再提交，以免覆盖他人的修改。",
    413: "内容超过了允许的大小。请分批提交。",
    422: "请求中有不合要求的内容。答复的 errors 指明位置和应怎样填写，不复述所填的内容。",
    428: "修改之前须先读取，并在 If-Match 中写明读取到的 ETag。",
    429: "请求过于频繁。请等待 Retry-After 所示的秒数后再试。",
    500: "程序出错。请把 trace_id 告知管理员，以便查找日志。",
    503: "服务暂时不能答复。请稍后再试；如持续如此，请把 trace_id 告知管理员。",
    504: "处理时间过长。所请求的事可能仍会完成：请先查询结果，或用同一 Idempotency-Key 重试。",
}


@router.get("/problems/{kind}", include_in_schema=False)
@declare(OPEN)
def explain(kind: str) -> HTMLResponse:
    """Explain a kind of problem."""
    found = kinds().get(kind)
    if found is None:
        raise HTTPException(404)
    status, title = found
    heading = escape(title)
    page = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{heading}</title></head>'
        f"<body><main><h1>{heading}</h1><p>状态码：{status}</p><p>{escape(advised(status))}</p></main></body></html>"
    )
    return HTMLResponse(page, headers={"Cache-Control": "max-age=86400"})


def advised(status: int) -> str:
    """Return what to do after an answer with a status."""
    return _ADVICE[status]
