"""Publicity of a year as a list, and how often by medium and place; what nobody counted stays unknown."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.publicity import Medium
from matching.regions import region_name
from matching.source import Source
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.duties.places import Area
from pipelines.registers.rows import require
from pipelines.store.publicity import PublicityRows

SOURCE = Source("甘政办发〔2022〕97号", "三(四)")


def publicity_document(connection: Connection, subject: Subject, year: int, on: date, area: Area) -> dict[str, Any]:
    """Return the records of a year until a day in a place, with counts by medium; that it was read is recorded.

    Raises
    ------
    Forbidden
        When the role may not read campaigns and publicity for the stated purpose.
    """
    require(subject, Action.READ_INITIATIVES)
    rows = PublicityRows(connection, subject).between(
        date(year, 1, 1), min(on, date(year, 12, 31)), area.codes
    )  # fmt: skip
    record(connection, subject.by, Action.READ_INITIATIVES.value, object_kind="report", object_id="publicity")
    told = Counter(one["medium"] for one in rows)
    known = [one["reached"] for one in rows if one["reached"] is not None]
    return {
        "year": year,
        "as_of": on.isoformat(),
        "region": area.code,
        "region_name": area.name,
        "source": SOURCE.as_dict(),
        "count": len(rows),
        "reached": sum(known) if known else None,
        "reach_unknown": len(rows) - len(known),
        "media": [{"medium": one.value, "label": one.label, "count": told[one]} for one in Medium],
        "items": [_told(one) for one in rows],
    }


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "publicity_id": one["publicity_id"],
        "region": one["region"],
        "region_name": region_name(one["region"]),
        "on": one["on"].isoformat(),
        "medium": one["medium"].value,
        "medium_label": one["medium"].label,
        "topic_label": None if one["topic"] is None else one["topic"].label,
        **{name: one[name] for name in ("title", "place", "by", "reached")},
    }


def publicity_lines(document: Mapping[str, Any]) -> list[str]:
    """Return it in plain Chinese."""
    source = document["source"]
    counts = "，".join(f"{one['label']} {one['count']} 次" for one in document["media"] if one["count"])
    reached = "受众人数需人工核实" if document["reached"] is None else f"已登记受众 {document['reached']} 人次"
    unknown = f"，{document['reach_unknown']} 次没有登记受众" if document["reach_unknown"] else ""
    where, cited = document["region_name"], f"〔{source['document']} {source['clause']}〕"
    lines = [
        f"{where}，{document['year']} 年，宣传 {document['count']} 次{cited}",
        f"{counts}；{reached}{unknown}" if document["count"] else "没有登记",
    ]
    for one in document["items"]:
        what = one["title"] or one["topic_label"] or "主题未登记"
        lines.append(
            f"{one['on']} {one['region_name']} {one['medium_label']}：{what}"
            f"（{one['place'] or '媒体或地点未登记'}，{one['by'] or '开展单位未登记'}）"
        )
    return lines
