"""The states of a vacancy, the acts between them, and what the day makes of a published one.

One table says everything: `TRANSITIONS`. That confirmation is due, or that a vacancy is paused because nobody
confirmed it, is never stored: it follows from the day.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from matching.vocabulary import Term

CONFIRM_AFTER = timedelta(days=90)
"""After so many days the company is asked whether the vacancy still stands (a convention)."""
PAUSE_AFTER = timedelta(days=14)
"""Unconfirmed for so many days more, it is shown to nobody until it is confirmed; it is not closed (a convention)."""


class State(Term):
    """Where the newest version of a vacancy stands."""

    DRAFT = "draft", "草稿"
    CHECKED = "checked", "检查通过"
    APPROVED = "approved", "已复核"
    PUBLISHED = "published", "已发布"
    CLOSED = "closed", "已关闭"


class Act(Term):
    """What may be done with a vacancy."""

    CHANGE = "change", "修改"
    CHECK = "check", "检查"
    SEND_BACK = "send_back", "退回"
    APPROVE = "approve", "复核"
    PUBLISH = "publish", "发布"
    CONFIRM = "confirm", "确认仍在招聘"
    CLOSE = "close", "关闭"


class Live(Term):
    """What the published version is on a day; only the first two are shown to people."""

    PUBLISHED = "published", "招聘中"
    CONFIRMATION_DUE = "confirmation_due", "待单位确认"
    PAUSED = "paused", "已暂停（未确认）"
    ENDED = "ended", "已过截止日期"
    CLOSED = "closed", "已关闭"


class CloseReason(Term):
    """Why a vacancy was closed."""

    FILLED = "filled", "已招满"
    WITHDRAWN = "withdrawn", "单位取消招聘"
    EMPLOYER_CLOSED = "employer_closed", "单位停业或注销"
    UNLAWFUL = "unlawful", "岗位内容违法"
    OTHER = "other", "其他"


# Every change of whatever content begins anew: a new version has to be checked and approved before people see it.
TRANSITIONS: Mapping[tuple[State, Act], State] = {
    **{(state, Act.CHANGE): State.DRAFT for state in State if state is not State.CLOSED},
    (State.DRAFT, Act.CHECK): State.CHECKED,
    (State.CHECKED, Act.CHECK): State.CHECKED,
    (State.CHECKED, Act.SEND_BACK): State.DRAFT,
    (State.APPROVED, Act.SEND_BACK): State.DRAFT,
    (State.CHECKED, Act.APPROVE): State.APPROVED,
    (State.APPROVED, Act.PUBLISH): State.PUBLISHED,
    **{(state, Act.CLOSE): State.CLOSED for state in State if state is not State.CLOSED},
}


def possible(state: State, *, is_live: bool) -> tuple[Act, ...]:
    """Return the acts that a state allows; confirming is for what is published, also while a change is on its way."""
    found = [act for act in Act if (state, act) in TRANSITIONS]
    if is_live and state is not State.CLOSED:
        found.append(Act.CONFIRM)
    return tuple(act for act in Act if act in found)


def confirm_from(published_on: date) -> date:
    """Return the day from which confirmation is asked for."""
    return published_on + CONFIRM_AFTER


def last_day_unconfirmed(confirm_from: date) -> date:
    """Return the last day on which an unconfirmed vacancy is shown."""
    return confirm_from + PAUSE_AFTER


def shown_until(stated: date | None, confirm_from: date) -> date:
    """Return the last day that the published row says: the stated one, or earlier where nobody confirms."""
    unconfirmed = last_day_unconfirmed(confirm_from)
    return unconfirmed if stated is None else min(stated, unconfirmed)


def live_on(state: State, confirm_from: date | None, closes_on: date | None, on: date) -> Live | None:
    """Return what the published version is on a day; None where none was published."""
    if state is State.CLOSED:
        return Live.CLOSED
    if confirm_from is None:
        return None
    if last_day_unconfirmed(confirm_from) < on:
        return Live.PAUSED
    if closes_on is not None and closes_on < on:
        return Live.ENDED
    return Live.CONFIRMATION_DUE if confirm_from <= on else Live.PUBLISHED
