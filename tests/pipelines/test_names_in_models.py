"""Names under which models keep histories: a key that is gone, and models from before there was one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from matching.components import COMPONENTS
from models.artefact import Artefact, pack_strings, save_artefact, to_bytes
from models.errors import ArtefactMismatch
from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.roles import COMMAND_LINE
from pipelines.access.vault import Vault
from pipelines.desk import Desk
from pipelines.names_in_models import UNKEYED, Names
from pipelines.ranking_model import NamesUnkeyed, RankingModel
from pipelines.registry import Registry
from pipelines.store.resealing import reseal_all
from pipelines.store.sealed import accept_keys
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS, VAULT
from tests.support.model_cards import LOOKED_AT
from tests.support.province import QUICK, TODAY, a_casebook, a_desk

NEW = f"k2:{'B' * 43}="
BOTH = f"{NEW}\n{KEYS}"


def test_a_name_is_another_under_another_key_and_the_same_under_the_same() -> None:
    one, same, other = Names.under(VAULT), Names.under(Vault.read(KEYS)), Names.under(Vault.read(NEW))
    assert one.of("c-1") == same.of("c-1") != other.of("c-1")
    assert UNKEYED.of("c-1") not in (one.of("c-1"), other.of("c-1"))
    assert one.key.hex() not in repr(one)


def test_a_sealed_part_opens_under_its_own_key_alone_and_not_when_altered() -> None:
    one, other = Names.under(VAULT), Names.under(Vault.read(NEW))
    sealed = one.seal(b"vectors")
    assert one.open(sealed) == b"vectors"
    for names, content in ((other, sealed), (one, sealed[:-1] + b"x")):
        with pytest.raises(VaultError):
            names.open(content)


def test_a_model_that_anybody_could_read_names_in_is_not_saved(tmp_path: Path) -> None:
    model = train(replace(a_casebook(), names=UNKEYED), until=TODAY, config=QUICK)
    with pytest.raises(NamesUnkeyed):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_whose_key_is_gone_says_so(tmp_path: Path) -> None:
    a_desk().model.save(tmp_path / "model")
    with pytest.raises(KeysMissing, match="k1"):
        RankingModel.load(tmp_path / "model", vault=Vault.read(NEW))


def _save_as_before(model: RankingModel, folder: Path, *, is_sealed: bool) -> None:
    """Write a model as it was before all that acts taught was sealed; before that nothing was, and no key named."""
    held = model.collaborative
    assert held is not None
    assert held.candidate_space is not None
    people = {
        "hybrid": held.model.to_artefact(),
        "candidate_space": held.candidate_space.to_artefact(),
        "vacancy_space": held.vacancy_space.to_artefact(),
    }
    ids = sorted(model.popularity)
    counts = {"ids": pack_strings(ids), "counts": np.array([model.popularity[i] for i in ids])}
    parts = {"text": model.text_space.to_artefact(), "popularity": Artefact(counts)}
    if is_sealed:
        sealed = np.frombuffer(held.names.seal(to_bytes(Artefact.of_parts(people))), dtype=np.uint8)
        parts["people"] = Artefact({"sealed": sealed})
    metadata = {
        "trained_until": model.trained_until.isoformat(),
        "weights": dict(zip(COMPONENTS, model.weights.values.tolist(), strict=True)),
        "scale": held.scale,
        "summary": dict(model.summary) if is_sealed else {"n_pairs": 1},
        "schooling": list(model.schooling),
    }
    save_artefact(Artefact.of_parts(parts if is_sealed else parts | people, metadata), folder)


@pytest.mark.parametrize("is_sealed", [True, False])
def test_models_from_before_are_read_and_know_their_people(tmp_path: Path, is_sealed: bool) -> None:
    casebook = a_casebook() if is_sealed else replace(a_casebook(), names=UNKEYED)
    model = train(casebook, until=TODAY, config=replace(QUICK, taste=None))
    _save_as_before(model, tmp_path / "before", is_sealed=is_sealed)
    back = RankingModel.load(tmp_path / "before", vault=VAULT)
    assert back.collaborative is not None
    assert back.collaborative.names.key_id == ("k1" if is_sealed else None)
    assert (back.popularity, back.schooling) == (model.popularity, model.schooling)
    people = list(casebook.candidates.values())[:20]
    index = model.index(casebook.stock(TODAY), casebook.texts)
    for person in people:
        before, after = (m.ask(person, [], index).vector for m in (model, back))
        assert (before is None and after is None) or (before is not None and (before == after).all())


def _weighs_own_vectors(model: RankingModel) -> RankingModel:
    values = model.weights.values.copy()
    values[COMPONENTS.index("collaborative")] = 0.5
    return replace(model, weights=replace(model.weights, values=values))


@pytest.mark.parametrize(("weighs", "has_taste"), [(False, False), (True, False), (True, True)])
def test_peoples_own_vectors_are_saved_only_where_they_weigh_and_lists_stay_the_same(
    tmp_path: Path, weighs: bool, has_taste: bool
) -> None:
    casebook = a_casebook()
    model = train(casebook, until=TODAY, config=QUICK if has_taste else replace(QUICK, taste=None))
    model = _weighs_own_vectors(model) if weighs else model
    assert model.keeps_people is weighs
    model.save(tmp_path / "model")
    back = RankingModel.load(tmp_path / "model", vault=VAULT)
    held = back.collaborative
    assert held is not None
    assert (held.candidate_space is not None) is weighs
    assert held.model.keeps_people is (weighs and not has_taste)
    assert (held.taste is not None) is has_taste
    desks = [Desk.open(casebook, one, "v", TODAY) for one in (model, back)]
    for candidate_id in sorted(casebook.candidates)[:15]:
        before, after = (
            [(line["vacancy_id"], line["score"]) for line in desk.document(candidate_id, k=10)["items"]]
            for desk in desks
        )
        assert before == after


def test_key_stays_needed_until_another_model_answers(own_town: Town) -> None:
    engine, since = engine_for(own_town.url, KEYS), datetime.now(UTC) - timedelta(days=1)
    with engine.begin() as connection:
        accept_keys(connection)
    engine.dispose()
    engine = engine_for(own_town.url, BOTH)
    held = reseal_all(engine, by=COMMAND_LINE, answers_since=since)
    assert (held.is_done, held.is_held_by_model) == (False, True)
    with engine.begin() as connection:
        registry = Registry(connection, own_town.models)
        casebook = replace(a_casebook(), names=Names.under(Vault.read(BOTH)))
        version = registry.save(train(casebook, until=TODAY, config=QUICK), by=COMMAND_LINE)
        registry.promote(version.version, by=COMMAND_LINE, despite=LOOKED_AT)
    assert reseal_all(engine, by=COMMAND_LINE, answers_since=since).is_done
    engine.dispose()
    engine = engine_for(own_town.url, NEW)
    with engine.begin() as connection:
        registry = Registry(connection, own_town.models)
        assert registry.champion()[0] == version.version
        with pytest.raises(KeysMissing, match="k1"):
            registry.load(next(v for v in registry.all() if v.version != version.version))
    engine.dispose()


def test_command_says_why_the_old_key_has_to_stay(own_town: Town, yougang: Yougang) -> None:
    (own_town.folder / "small.keys").write_text(f"{BOTH}\n", encoding="utf-8")
    said = yougang("accounts", "reseal", at=own_town)
    assert said.code == 0
    assert "现用模型" in said.out
    assert yougang("shortlist", "demo-c-00001", at=own_town).code == 0


def test_sealed_part_of_another_model_is_refused(tmp_path: Path) -> None:
    checksum = a_desk().model.save(tmp_path / "model")
    file = tmp_path / "model" / "arrays.npz"
    file.write_bytes(file.read_bytes()[:-9] + b"x" * 9)
    with pytest.raises(ArtefactMismatch):
        RankingModel.load(tmp_path / "model", expected=checksum, vault=VAULT)
