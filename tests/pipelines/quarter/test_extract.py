"""What a cycle learns from names nobody, holds nobody who refused, and is the one file that was written."""

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from matching.entities import CandidateId
from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.vault import Vault
from pipelines.names_in_models import Names
from pipelines.quarter.extract import ExtractChanged, load_extract, pseudonymised, save_extract, to_text
from pipelines.store.repositories import CandidateRepository
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.stores import PROGRAM

VAULT = Vault.read(KEYS)


def test_extract_holds_no_identity_and_nothing_that_somebody_wrote_of_themselves(town: Town) -> None:
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        people = CandidateRepository(connection, PROGRAM).all(with_identity=True)
    engine.dispose()
    text = to_text(pseudonymised(town.casebook()))
    written = 0
    for person in people:
        own = (person.candidate_id, person.name, person.certificate_number, person.phone, person.household_id)
        for value in (*own, person.experience):
            if value is not None and len(value) > 3:
                written += 1
                assert f'"{value}"' not in text
    assert written > 500


def test_days_of_a_persons_life_are_months_and_places_no_finer_than_a_kilometre(town: Town) -> None:
    for person in pseudonymised(town.casebook()).candidates.values():
        for day in (person.birth_date, person.unemployed_since, person.hard_to_employ_since, person.graduated_on):
            assert day is None or day.day == 1
        assert person.longitude is None or round(person.longitude, 2) == person.longitude


def test_who_refused_learning_is_not_in_it_at_all(town: Town) -> None:
    casebook = town.casebook()
    refusing = casebook.interactions[0].candidate_id
    text = to_text(pseudonymised(replace(casebook, not_learned_from=frozenset({refusing}))))
    name = casebook.names.stand_in(refusing)
    assert name in to_text(pseudonymised(casebook))
    assert f'"{name}"' not in _without_placements(text)


def _without_placements(text: str) -> str:
    """Placements say which posts are filled, whoever fills them."""
    head, _, rest = text.partition('"placements":[')
    return head + rest.partition("]]")[2]


def test_a_name_in_an_extract_is_the_name_in_the_model() -> None:
    one = CandidateId("demo-c-00001")
    names = Names.under(VAULT)
    assert names.of(names.stand_in(one)) == names.of(one)
    assert names.stand_in(names.stand_in(one)) == names.stand_in(one)


def test_what_was_sealed_comes_back_equal_and_says_the_same_hash(town: Town, tmp_path: Path) -> None:
    own = pseudonymised(town.casebook())
    first = save_extract(own, tmp_path / "a", VAULT)
    assert save_extract(pseudonymised(town.casebook()), tmp_path / "b", VAULT) == first
    held = load_extract(tmp_path / "a", VAULT)
    assert held.data_hash == first
    assert to_text(held.casebook) == to_text(own)
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_file_tells_nothing_without_the_key_and_is_refused_when_changed(town: Town, tmp_path: Path) -> None:
    own = pseudonymised(town.casebook())
    file = tmp_path / "extract"
    save_extract(own, file, VAULT)
    raw = file.read_bytes()
    for person in list(own.candidates)[:50]:
        assert person.encode() not in raw
    with pytest.raises((VaultError, KeysMissing)):
        load_extract(file, Vault.read(KEYS.replace(KEYS.partition(":")[0], "other", 1)))
    file.write_bytes(raw.replace(raw[:64], b"0" * 64))
    with pytest.raises((VaultError, ExtractChanged)):
        load_extract(file, VAULT)
    file.write_bytes(raw[:-40] + raw[-20:])
    with pytest.raises((VaultError, ExtractChanged, zlib.error)):
        load_extract(file, VAULT)
