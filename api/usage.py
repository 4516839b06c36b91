"""What is wrong with a command as it was typed: one line in Chinese, without the value that was typed."""

import re
from typing import Any

from pydantic import ValidationError
from typer.exceptions import TyperException

_OWN_WORDS = re.compile(r"[\u4e00-\u9fff]")
_CHOICES = re.compile(r"'([^']*)'")
_BOUNDS = {"ge": "不能小于", "gt": "应大于", "le": "不能大于", "lt": "应小于"}
_KINDS = {"int_parsing": "应为整数", "float_parsing": "应为数字", "bool_parsing": "应为 true 或 false"}
_ASK = "，加 --help 可查看用法"


def usage_line(error: TyperException) -> str:
    """Return what to mend, for any fault of usage."""
    text, kind = error.format_message().strip(), type(error).__name__
    if "\n" in text:  # called without a command the message is the whole help
        return text
    return f"用法错误：{_fault(error, kind, text)}"


def _fault(error: TyperException, kind: str, text: str) -> str:
    own = str(getattr(error, "message", ""))
    if _OWN_WORDS.search(own) and "is not one of" not in own and kind != "NoSuchOption":
        return own
    name = _name(error)
    if kind == "MissingParameter":
        return f"缺少 {name}{_ASK}"
    if kind == "NoSuchOption":
        return f"没有这个选项{_ASK}"
    if kind == "BadOptionUsage":
        return f"{getattr(error, 'option_name', '选项')} 后面须写一个值{_ASK}"
    if kind == "BadParameter":
        return f"{name} 的值不合要求：{_expected(error, own)}"
    if text.startswith("No such command"):
        return "没有这个命令，加 --help 可查看有哪些"
    if text.startswith("Missing command"):
        return "缺少命令，加 --help 可查看有哪些"
    if text.startswith("Got unexpected extra argument"):
        return f"多写了内容{_ASK}"
    return f"命令写得不对{_ASK}"


def _name(error: TyperException) -> str:
    parameter: Any = getattr(error, "param", None)
    return "参数" if parameter is None else str(max(parameter.opts, key=len))


def _expected(error: TyperException, own: str) -> str:
    if "is not one of" in own:
        return "应为下列之一：" + "、".join(_CHOICES.findall(own.rsplit("is not one of", 1)[1]))
    if "does not match the formats" in own:
        return "日期应写作 YYYY-MM-DD，且当日存在"
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        fault = cause.errors(include_input=False, include_url=False)[0]
        given = fault.get("ctx") or {}
        bounds = [f"{words} {given[bound]}" for bound, words in _BOUNDS.items() if bound in given]
        return "，".join(bounds) or _KINDS.get(fault["type"], "写法不对")
    return "写法不对"
