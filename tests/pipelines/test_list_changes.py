"""What an answer changed in a list, told from the two documents alone."""

from typing import Any

from pipelines.list_changes import list_changes


def a_list(*lines: tuple[str, str, int], ranked: int = 10) -> dict[str, Any]:
    """Return a list document of vacancy, outcome and number of missing facts, in their order."""
    return {
        "counts": {"ranked": ranked},
        "items": [
            {
                "vacancy_id": vacancy, "rank": place, "title": vacancy, "employer": "", "outcome": outcome,
                "missing": [{}] * n_missing,
            }
            for place, (vacancy, outcome, n_missing) in enumerate(lines, 1)
        ],
    }  # fmt: skip


def test_same_list_has_no_changes() -> None:
    one = a_list(("a", "fits", 0), ("b", "unknown", 1))
    told = list_changes(one, one)
    assert (told["listed"], told["settled"]) == (0, 0)
    assert not [told[name] for name in ("came", "went", "moved", "outcomes") if told[name]]


def test_who_came_went_moved_and_was_settled_is_named_with_both_places() -> None:
    before = a_list(("a", "unknown", 2), ("b", "fits", 0), ("c", "fits", 0), ("d", "fits", 0), ranked=10)
    after = a_list(("b", "fits", 0), ("c", "fits", 0), ("e", "fits", 0), ("a", "fits", 0), ranked=12)
    told = list_changes(before, after)
    assert told["listed"] == 2
    assert told["settled"] == 1
    assert [(one["vacancy_id"], one["after"]) for one in told["came"]] == [("e", 3)]
    assert [(one["vacancy_id"], one["before"]) for one in told["went"]] == [("d", 4)]
    assert [(one["vacancy_id"], one["before"], one["after"]) for one in told["moved"]] == [("a", 1, 4)]
    assert [(one["vacancy_id"], one["from"], one["to"]) for one in told["outcomes"]] == [("a", "unknown", "fits")]
