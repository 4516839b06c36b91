"""What changed between two lists of one person: who came, who went, who moved, whose outcome is another."""

from collections.abc import Mapping
from typing import Any

_LEAST_MOVE = 3
"""Places by which a line has to move to be worth telling: one answer moves most lines by one or two."""


def list_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes from one list document to a later one, over the lines that both show.

    `listed` is how many more vacancies may be listed (negative where fewer), `settled` how many lines wait for one
    question fewer; `came`, `went`, `moved` and `outcomes` name lines with their places before and after.
    """
    old = {item["vacancy_id"]: item for item in before["items"]}
    new = {item["vacancy_id"]: item for item in after["items"]}
    both = [(old[key], item) for key, item in new.items() if key in old]
    return {
        "listed": after["counts"]["ranked"] - before["counts"]["ranked"],
        "settled": sum(len(one["missing"]) > len(two["missing"]) for one, two in both),
        "came": [_line(item, None, item["rank"]) for key, item in new.items() if key not in old],
        "went": [_line(item, item["rank"], None) for key, item in old.items() if key not in new],
        "moved": [
            _line(two, one["rank"], two["rank"]) for one, two in both if abs(one["rank"] - two["rank"]) >= _LEAST_MOVE
        ],
        "outcomes": [
            {**_line(two, one["rank"], two["rank"]), "from": one["outcome"], "to": two["outcome"]}
            for one, two in both
            if one["outcome"] != two["outcome"]
        ],
    }


def _line(item: Mapping[str, Any], before: int | None, after: int | None) -> dict[str, Any]:
    return {
        "vacancy_id": item["vacancy_id"],
        "title": item["title"],
        "employer": item["employer"],
        "before": before,
        "after": after,
    }
