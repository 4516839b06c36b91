"""Names under which models keep histories: a key that is gone, and models from before there was one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.artefact import Artefact
from models.errors import ArtefactMismatch
from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.roles import COMMAND_LINE
from pipelines.access.vault import Vault
from pipelines.names_in_models import UNKEYED, Names
from pipelines.ranking_model import NamesUnkeyed, RankingModel
from pipelines.registry import Registry
from pipelines.store.resealing import reseal_all
from pipelines.store.sealed import accept_keys
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS, VAULT
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


def _as_before(model: RankingModel) -> Any:
    """Return what a model saved before names were keyed looked like: nothing sealed, and no key named."""
    held = model.collaborative
    assert held is not None
    return {
        "hybrid": held.model.to_artefact(),
        "candidate_space": held.candidate_space.to_artefact(),
        "vacancy_space": held.vacancy_space.to_artefact(),
    }


def test_a_model_from_before_there_were_keys_is_read_and_knows_its_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    casebook = replace(a_casebook(), names=UNKEYED)
    model = train(casebook, until=TODAY, config=replace(QUICK, taste=None))
    own, of_parts = _as_before(model), Artefact.of_parts

    def parts_before(parts: Any, metadata: Any = None) -> Artefact:
        return of_parts({**{k: v for k, v in parts.items() if k != "people"}, **own}, metadata)

    with monkeypatch.context() as patched:
        keyed = replace(model, collaborative=replace(model.collaborative, names=Names.under(VAULT)))  # type: ignore[type-var]
        patched.setattr("pipelines.ranking_model.Artefact.of_parts", parts_before)
        patched.setattr("pipelines.ranking_model.to_bytes", lambda _: b"")
        keyed.save(tmp_path / "before")
    back = RankingModel.load(tmp_path / "before", vault=VAULT)
    assert back.collaborative is not None
    assert back.collaborative.names.key_id is None
    people = list(casebook.candidates.values())[:20]
    index = model.index(casebook.stock(TODAY), casebook.texts)
    for person in people:
        before, after = (m.ask(person, [], index).vector for m in (model, back))
        assert (before is None and after is None) or (before is not None and (before == after).all())


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
        registry.promote(version.version, by=COMMAND_LINE)
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
