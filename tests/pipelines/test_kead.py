"""Real disabled job seekers of Korea: read as facts and a wish, and the wish told from the facts in every category."""

import gzip
import os
from pathlib import Path

import pytest

from bench.wishes import WishConfig, document, ranked
from pipelines.errors import SheetError
from pipelines.sources.kead import CATEGORIES, SEEKERS, Seekers, read_seekers

HEAD = "연번,구직등록일,연령,희망지역,희망직종,희망임금,장애유형,중증여부,기관분류"


def a_source(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / SEEKERS, "wt", encoding="utf-8") as handle:
        handle.write("\n".join((HEAD, *lines)) + "\n")
    return folder


def some_seekers(folder: Path) -> Seekers:
    """Return people of two places, each of which wishes its own work, with a little of the other's."""
    lines = []
    for i in range(400):
        place, wish = (("부산 동래구", "포장원"), ("제주 제주시", "안마사"))[i % 2]
        wish = "경비원" if i % 10 < 2 else wish
        day = f"2025-{1 + i // 40:02d}-{1 + i % 28:02d}"
        lines.append(
            f"{i},{day},{25 + i % 30},{place},{wish},(시급)10030,{'시각장애' if i % 3 else '신장장애'},중증,공단"
        )
    return read_seekers(a_source(folder, lines))


def test_a_registration_becomes_facts_a_wish_and_groups_apart(tmp_path: Path) -> None:
    found = read_seekers(
        a_source(
            tmp_path,
            [
                "2,2025-01-02,80,제주 제주시,안마사,(시급)10030,시각장애,중증,공단",
                "1,2025-01-01,,부산,웹 디자이너,()0,신장장애,경증,공단",
                "3,2025-01-03,30,부산,,(시급)10030,지적장애,중증,공단",
            ],
        )
    )
    assert len(found) == 2
    assert list(found.wish) == ["웹 디자이너", "안마사"]
    assert found.facts[0] == ("province:부산", "place:부산")
    assert found.facts[1] == (
        "age:16",
        "province:제주",
        "place:제주 제주시",
        "wage:시급10030",
        "wage_kind_and_age:시급8",
    )
    assert list(found.category) == ["other", "vision"]
    assert list(found.severity) == ["mild", "severe"]
    told = " ".join(fact for facts in found.facts for fact in facts)
    assert not any(word in told for word in (*CATEGORIES, "중증", "경증"))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with gzip.open(tmp_path / SEEKERS, "wt", encoding="utf-8") as handle:
        handle.write("구직등록일,연령\n")
    with pytest.raises(SheetError, match="희망직종"):
        read_seekers(tmp_path)
    with pytest.raises(SheetError, match="seekers"):
        read_seekers(tmp_path / "nowhere")


def test_what_a_place_wishes_comes_first_for_its_people_and_later_wishes_are_not_known(tmp_path: Path) -> None:
    seekers = some_seekers(tmp_path)
    found = ranked(seekers, WishConfig())
    first = {name: float((places == 1).mean()) for name, places in found.places.items()}
    assert first["facts"] > 0.7 > first["popularity"]
    assert min(found.tested) == len(seekers) - len(found.tested)
    earlier = ranked(seekers, WishConfig(), until=300)
    assert max(earlier.tested) == 299


def test_groups_are_measured_apart_and_small_ones_joined(tmp_path: Path) -> None:
    told = document(some_seekers(tmp_path), WishConfig(), k=1)
    assert set(told["groups"]["category"]) == {"other", "vision"}
    assert sum(one["n"] for one in told["groups"]["category"].values()) == told["tested"]
    assert 0 <= told["gap_between_categories"] < 1


def test_real_wishes_are_told_better_than_by_popularity_and_likeness_in_every_category() -> None:
    shared = Path(os.environ.get("YOUGANG_SHARED", Path(__file__).parents[2].parent / "shared"))
    source = shared / "data" / "kead_disabled_jobseekers_2025"
    if not source.is_dir():
        pytest.skip("the people of kead_disabled_jobseekers_2025 are not here (YOUGANG_SHARED)")
    told = document(read_seekers(source), WishConfig())
    assert told["learned_from"] + told["tested"] == 35606
    assert {"vision", "hearing", "physical", "intellectual", "mental"} <= set(told["groups"]["category"])
    for name, group in told["groups"]["category"].items():
        for other in ("popularity", "tfidf"):
            assert group["ndcg"]["facts"]["mean"] > group["ndcg"][other]["mean"], (name, other)
            assert group["recall"]["facts"]["mean"] >= group["recall"][other]["mean"], (name, other)
