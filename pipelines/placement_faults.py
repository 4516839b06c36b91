"""What must hold between the columns of one placement: who dispatches to whom fits the record that says it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from matching.vocabulary import YesNo


def placement_faults(values: Mapping[str, Any], _on: date | None = None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a placement: the column, and what would be right."""
    unit, agency, host = (values.get(name) for name in ("employer_id", "dispatch_agency", "dispatch_host"))
    if values.get("is_dispatch") is YesNo.NO:
        for name, party in (("dispatch_agency", agency), ("dispatch_host", host)):
            if party is not None:
                yield name, "写明不是劳务派遣，就不应再写派遣单位或用工单位"
    elif agency is not None and agency == host:
        yield "dispatch_host", "派遣单位和用工单位不能是同一家"
    elif unit is not None and None not in (agency, host) and unit not in (agency, host):
        yield "employer_id", "派遣用工的，本条记录的单位应是派遣单位或用工单位"
