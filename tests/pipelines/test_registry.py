"""Versions of the model: which one answers, going back, and files that are not what was saved."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from models.errors import ArtefactMismatch
from pipelines.registry import NOT_GATED, Despite, NoModel, PromotionRefused, Registry, SecondPersonNeeded
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.model_cards import LOOKED_AT
from tests.support.stores import PROGRAM


@pytest.fixture
def registry(own_town: Town) -> Iterator[Registry]:
    engine = engine_for(own_town.url, KEYS)
    with engine.begin() as connection:
        yield Registry(connection, own_town.models)
    engine.dispose()


def champion(registry: Registry) -> str:
    return registry.champion()[0]


def test_versions_saved_in_one_second_have_names_and_folders_of_their_own(registry: Registry) -> None:
    model = registry.champion()[1]
    names = {registry.save(model, by=PROGRAM.by).version for _ in range(3)}
    assert len(names) == 3
    assert all((registry.folder / registry.get(name).folder).is_dir() for name in names)
    assert champion(registry) not in names


def test_there_is_one_champion_at_any_time(registry: Registry) -> None:
    model = registry.champion()[1]
    for name in [registry.save(model, by=PROGRAM.by).version for _ in range(2)]:
        registry.promote(name, by=PROGRAM.by, despite=LOOKED_AT)
        assert [v.version for v in registry.all() if v.status == "champion"] == [name]


def test_going_back_twice_goes_back_two_champions_and_then_no_further(registry: Registry) -> None:
    first, model = registry.champion()
    second, third = registry.save(model, by=PROGRAM.by).version, registry.save(model, by=PROGRAM.by).version
    registry.promote(second, by=PROGRAM.by, despite=LOOKED_AT)
    registry.promote(third, by=PROGRAM.by, despite=LOOKED_AT)
    assert registry.rollback(by=PROGRAM.by).version == second
    assert registry.rollback(by=PROGRAM.by).version == first
    with pytest.raises(NoModel):
        registry.rollback(by=PROGRAM.by)
    assert champion(registry) == first


def test_promoting_the_champion_again_changes_nothing_to_go_back_to(registry: Registry) -> None:
    first, model = registry.champion()
    second = registry.save(model, by=PROGRAM.by).version
    registry.promote(second, by=PROGRAM.by, despite=LOOKED_AT)
    registry.promote(second, by=PROGRAM.by, despite=LOOKED_AT)
    assert registry.rollback(by=PROGRAM.by).version == first


@pytest.mark.parametrize(
    ("despite", "refusal"),
    [
        (None, PromotionRefused),
        (Despite("  ", "named:乙", is_named=True), PromotionRefused),
        (Despite("已核对", "command-line"), SecondPersonNeeded),
        (Despite("已核对", "named:甲", is_named=True), SecondPersonNeeded),
    ],
    ids=["no reason", "an empty reason", "nobody by name", "who trained it"],
)
def test_version_that_no_cycle_gated_answers_only_for_a_reason_of_another(
    registry: Registry, despite: Despite | None, refusal: type[PromotionRefused]
) -> None:
    first, model = registry.champion()
    trained = registry.save(model, by=PROGRAM.by, made_by="named:甲").version
    with pytest.raises(refusal):
        registry.promote(trained, by=PROGRAM.by, despite=despite)
    assert (champion(registry), list(registry.promotions(trained))) == (first, [])


def test_it_is_kept_who_let_a_version_answer_that_no_cycle_gated(registry: Registry) -> None:
    trained = registry.save(registry.champion()[1], by=PROGRAM.by, made_by="named:甲").version
    registry.promote(trained, by=PROGRAM.by, despite=LOOKED_AT)
    (act,) = registry.promotions(trained)
    assert (act.failed, act.made_by, act.by, act.reason) == ((NOT_GATED,), "named:甲", "named:乙", LOOKED_AT.reason)


def test_first_version_of_a_store_answers_by_itself(registry: Registry) -> None:
    first, _ = registry.champion()
    assert (registry.card(first), list(registry.promotions(first))) == (None, [])


def test_a_promotion_of_no_version_leaves_the_champion(registry: Registry) -> None:
    before = champion(registry)
    with pytest.raises(NoModel):
        registry.promote("v9", by=PROGRAM.by)
    assert champion(registry) == before


def test_another_versions_files_in_its_place_are_refused(registry: Registry) -> None:
    """The files are whole in themselves; only the row knows that they are not its own."""
    first, model = registry.champion()
    other = registry.folder / "other"
    replace(model, summary={**model.summary, "n_pairs": -1}).save(other)
    folder = registry.folder / registry.get(first).folder
    shutil.rmtree(folder)
    other.rename(folder)
    with pytest.raises(ArtefactMismatch):
        registry.champion()


def test_a_version_whose_files_are_gone_is_refused(registry: Registry) -> None:
    shutil.rmtree(registry.folder / registry.get(champion(registry)).folder)
    with pytest.raises(ArtefactMismatch):
        registry.champion()
