"""10 | I: model memorises or explanation leaks another person.

Model file and explanation store contain no identifiers; no id-valued features; nearest-person explanations forbidden by
schema.
"""

import json
import zipfile
from dataclasses import replace

from matching.entities import CandidateId
from matching.features import candidate_features, candidate_words
from matching.vocabulary import ReasonKind
from pipelines.store.repositories import CandidateRepository
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.stores import PROGRAM


def _identifiers(town: Town) -> list[str]:
    """Return every id, name, number and address of the people whom the model learned from."""
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        people = CandidateRepository(connection, PROGRAM).all(with_identity=True)
    engine.dispose()
    found = [(p.candidate_id, p.name, p.certificate_number, p.phone, p.address, p.household_id) for p in people]
    return sorted({str(value) for row in found for value in row if value is not None and len(str(value)) > 3})


def check_model_files_name_nobody(town: Town) -> None:
    """Look for every identifier in every file of the saved models, packed ones unpacked."""
    words = [word.encode() for word in _identifiers(town)]
    assert len(words) > 500
    files = [path for path in town.models.rglob("*") if path.is_file()]
    assert files
    for path in files:
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        # Numpy writes texts with four bytes a letter.
        whole = b"".join(part + part.replace(b"\x00", b"") for part in parts)
        assert [word for word in words if word in whole] == [], path.name


def test_model_files_hold_no_id_name_number_or_address(own_town: Town) -> None:
    check_model_files_name_nobody(own_town)


def test_no_feature_is_an_identifier(own_town: Town) -> None:
    people = own_town.casebook().candidates
    identifiers = set(_identifiers(own_town))
    for person in people.values():
        for name in candidate_features(person, candidate_words(person)):
            assert not identifiers & {name, *name.split("=")}


def test_features_of_two_people_alike_are_alike_whoever_they_are(own_town: Town) -> None:
    person = next(iter(own_town.casebook().candidates.values()))
    other = replace(
        person, candidate_id=CandidateId("somebody-else"), name="别人", phone="13800000000", household_id="h-9"
    )
    assert candidate_features(person, candidate_words(person)) == candidate_features(other, candidate_words(other))


def test_no_list_says_anything_of_another_person(town: Town) -> None:
    desk = town.desk()
    everybody = set(_identifiers(town))
    for candidate_id in list(desk.active())[:15]:
        own = town.casebook().candidates[candidate_id]
        text = json.dumps(desk.document(candidate_id, k=10), ensure_ascii=False, default=str)
        mine = {candidate_id, own.household_id, own.address}
        assert [word for word in everybody - mine if word in text and len(word) > 5] == []


def test_a_reason_speaks_of_the_own_record_the_vacancy_or_the_rules_and_of_nobody_like_you() -> None:
    assert {kind.value for kind in ReasonKind} == {
        "skill", "place", "wage", "function", "accommodation", "policy", "history", "preference",
    }  # fmt: skip


def test_stored_lists_hold_no_identity(own_town: Town) -> None:
    desk = own_town.desk()
    engine = engine_for(own_town.url, KEYS)
    with engine.connect() as connection:
        people = CandidateRepository(connection, PROGRAM).all(with_identity=True)
    engine.dispose()
    for person in people[:10]:
        text = json.dumps(desk.document(person.candidate_id, k=5), ensure_ascii=False, default=str)
        for value in (person.name, person.certificate_number, person.phone):
            assert value is None or value not in text
