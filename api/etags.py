"""Versions of rows over HTTP: a strong ETag goes out, and what changes a row has to say which version it read."""

import re
from typing import Annotated, NoReturn

from fastapi import Depends, Header

from api.problems import StaleVersion, VersionMalformed, VersionMissing

_TAG = re.compile(r'"([1-9][0-9]{0,17})"', re.ASCII)


def etag(version: int) -> str:
    """Return the strong tag of a row's version."""
    return f'"{version}"'


async def if_match_version(if_match: Annotated[str | None, Header()] = None) -> int:
    """Return the version that a request means to change.

    Raises
    ------
    VersionMissing
        When the request has no If-Match.
    VersionMalformed
        When it is no single tag of ours; `*` is none, for it would overwrite whatever is there.
    """
    if if_match is None:
        raise VersionMissing("请求没有 If-Match")
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise VersionMalformed("If-Match 不是本系统的版本标记")
    return int(found[1])


def stale() -> NoReturn:
    """Refuse a change of a row that is no longer the one read.

    Raises
    ------
    StaleVersion
        Always.
    """
    raise StaleVersion("这条记录已被他人修改")


IfMatchVersion = Annotated[int, Depends(if_match_version)]
