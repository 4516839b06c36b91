"""`yougang extract|erase|retention`: a person's own record, its erasure by a named human, and the terms of keeping."""

from pathlib import Path
from typing import Annotated

import typer

from api.clock import moment
from api.session import answer, current_engine, say, session_of
from pipelines.access.roles import COMMAND_LINE, Purpose, program_subject
from pipelines.consent.extract import extract_lines, own_extract
from pipelines.consent.requests import RIGHTS, Answered, Asked, Requests
from pipelines.consent.retention import carry_out, plan
from pipelines.consent.words import RequestKind

_SUBJECT = program_subject("command-line", Purpose.PERSONS_REQUEST)
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE_ID", help="求职者编号")]


def extract(
    context: typer.Context,
    candidate_id: Candidate,
    out: Annotated[Path | None, typer.Option("--out", help="写入文件；不写则输出到屏幕")] = None,
) -> None:
    """出具一个人的本人档案：登记的情况与来源、同意、申请、名单、谁查看过；出具本身有记录。"""
    with current_engine(context).begin() as connection:
        document = own_extract(connection, _SUBJECT, candidate_id, now=moment())
    if out is None:
        answer(context, document, lambda: extract_lines(document))
        return
    out.write_text("\n".join(extract_lines(document)) + "\n", encoding="utf-8")
    answer(context, {"candidate_id": candidate_id, "file": str(out)}, lambda: [f"已写入 {out}"])


def erase(
    context: typer.Context,
    candidate_id: Candidate,
    by: Annotated[str, typer.Option("--by", help="作出决定的工作人员姓名")],
    reason: Annotated[str, typer.Option("--reason", help="理由")],
) -> None:
    """按本人的申请删除其全部记录；仍须保存的安置证据期满前只存储，不作其他使用。"""
    on, now = session_of(context).settings.as_of, moment()
    with current_engine(context).begin() as connection:
        requests = Requests(connection, _SUBJECT, RIGHTS)
        asked = requests.ask(candidate_id, Asked(RequestKind.ERASURE, on), now=now)
        answered = Answered(is_granted=True, reason=reason, named=by)
        done = requests.decide(candidate_id, asked["request_id"], answered, version=1, now=now, on=on)
    document = {"candidate_id": candidate_id, "is_erased": done["is_erased"], "held": done["held"]}
    answer(context, document, lambda: ["已删除" if done["is_erased"] else f"未删除：{done['held']}"])


def retention(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不执行")] = False,
) -> None:
    """按保存期限：提示久未往来的人，撤销已恢复往来者的提示，到期的匿名化；清除过期的提醒。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found = plan(connection, on)
        erased = None if dry_run else carry_out(connection, found, by=COMMAND_LINE)
    say("名单只有编号；请由负责的机构在到期前联系本人。")
    document = {**found.as_dict(), "is_dry_run": dry_run, "anonymised": 0 if erased is None else erased.n_people}
    answer(
        context,
        document,
        lambda: [
            f"新提示 {len(found.to_warn)} 人，撤销提示 {len(found.active_again)} 人，到期 {len(found.due)} 人，"
            f"到期但须保存证据 {len(found.held)} 人，不知最后往来日期 {len(found.without_a_day)} 人",
            f"过期的提醒 {found.n_notices} 条",
            "仅试算，未执行" if erased is None else f"已匿名化 {erased.n_people} 人",
        ],
    )
