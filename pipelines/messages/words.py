"""The words of text messages: which there are, how each stands, why one is not sent; and the numbers that hold them."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from matching.packaged import parsed
from matching.vocabulary import Term
from pipelines.consent.texts import Dated

TOLD_SINCE = "2026-12"
"""The first version of the texts of consent that speaks of text messages: what was agreed to before covers none."""
Limit = Literal["quiet_from_hour", "quiet_until_hour", "most_a_week", "given_up_after_days"]
_FILE = Path(__file__).resolve().parent.parent / "data" / "messages.yaml"


class Template(Term):
    """What a message says; the words are in the catalogue, plain and short, and speak of nobody's disability."""

    CALL_BACK = "call_back", "请回电"
    REFERRED = "referred", "推荐了岗位"
    INTERVIEW = "interview", "约定面试"
    FOLLOW_UP = "follow_up", "上岗后问候"
    PAPERS = "papers", "材料快到期"
    TRAINING = "training", "培训开班"
    COMPANY_ANSWER = "company_answer", "请单位答复推荐"


OF_COMPANY = frozenset({Template.COMPANY_ANSWER})
NEEDS_DAY = frozenset({Template.INTERVIEW, Template.PAPERS, Template.TRAINING})


class MessageStatus(Term):
    """Where a message stands."""

    QUEUED = "queued", "等待写入"
    WRITTEN = "written", "已写入发送文件"
    FAILED = "failed", "没有发出"
    CANCELLED = "cancelled", "已取消"


class Unsent(Term):
    """Why a message is not sent."""

    NOT_ASKED = "not_asked", "还没有问本人是否同意短信联系"
    REFUSED = "refused", "本人不同意或已撤回同意"
    OLD_TEXT = "old_text", "本人同意时的告知书没有写短信，须重新告知"
    STOPPED = "stopped", "本人说过不再收短信"
    NO_MOBILE = "no_mobile", "没有登记手机号码"
    GIVEN_UP = "given_up", "超过期限没有发出"
    SENDER = "sender", "发送渠道没有接收"


class ChoiceAct(Term):
    """What a person said of text messages."""

    STOPPED = "stopped", "不再收短信"
    RESUMED = "resumed", "恢复收短信"


@cache
def _limits() -> Mapping[str, tuple[Dated, ...]]:
    loaded = parsed(_FILE.read_text(encoding="utf-8"))
    return {name: tuple(Dated.model_validate(version) for version in versions) for name, versions in loaded.items()}


def limit_on(name: Limit, on: date) -> int:
    """Return a number as it holds on a day; before the first version the first one holds."""
    versions = sorted(_limits()[name], key=lambda version: version.valid_from)
    return next((v.value for v in reversed(versions) if v.valid_from <= on), versions[0].value)
