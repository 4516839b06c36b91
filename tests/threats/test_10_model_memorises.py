"""10 | I: model memorises or explanation leaks another person.

Model file and explanation store contain no identifiers; no id-valued features; nearest-person explanations forbidden by
schema.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from matching.components import COMPONENTS
from matching.entities import Candidate, CandidateId, Interaction
from matching.features import candidate_features, candidate_words
from matching.vocabulary import ReasonKind
from models.artefact import Artefact, from_bytes, load_artefact, unpack_strings
from models.errors import ArtefactMismatch
from models.features import FeatureSpace
from models.taste import TasteModel
from pipelines.access.errors import KeysMissing
from pipelines.casebook import Casebook
from pipelines.names_in_models import Names
from pipelines.quarter.extract import pseudonymised, save_extract, to_text
from pipelines.ranking_model import RankingModel
from pipelines.static import static_columns
from pipelines.store.repositories import CandidateRepository
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town
from tests.support.accounts import KEYS, VAULT
from tests.support.province import QUICK, TODAY
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


# Who was learned from? The attacker holds the roster with everybody's facts, the program, and files; not the key.


@dataclass(frozen=True)
class Learned:
    """A model, an extract and the people who are in them, beside those who might have been."""

    casebook: Casebook
    model: RankingModel
    members: Sequence[CandidateId]
    others: Sequence[CandidateId]
    folder: Path

    @property
    def files(self) -> dict[str, bytes]:
        """Everything that lies in files, packed arrays unpacked."""
        found: dict[str, bytes] = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    found |= {name: archive.read(name) for name in archive.namelist()}
            elif path.is_file():
                found[path.name] = path.read_bytes()
        return found


@pytest.fixture(scope="module")
def learned(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    """Learn from every other one of those who acted; the rest might as well have been learned from."""
    whole, folder = town.casebook(), tmp_path_factory.mktemp("learned")
    active = sorted(set(whole.acts(until=TODAY)["candidate_id"]) & set(whole.candidates))
    drawn = np.random.default_rng(5).permutation(len(active)) < len(active) // 2
    members = [i for i, is_in in zip(active, drawn, strict=True) if is_in]
    others = [i for i, is_in in zip(active, drawn, strict=True) if not is_in]
    casebook = replace(whole, not_learned_from=frozenset(others))
    model = train(casebook, until=TODAY, config=QUICK)
    model.save(folder / "model")
    own = pseudonymised(casebook)
    save_extract(own, folder / "extract.sealed", VAULT)
    # Even whoever could read the opened extract finds nobody by the id.
    (folder / "opened").write_text(to_text(replace(own, placements=[])), encoding="utf-8")
    return Learned(whole, model, members, others, folder)


def _auc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how often somebody of the first kind scores above somebody of the second; 0.5 is chance."""
    ranks = rankdata([*inside, *outside])
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _guesses(candidate_id: str, salts: Sequence[str]) -> Iterator[str]:
    """Yield what could stand for an id without a key: the id itself, and its hashes with what lies in sight."""
    yield candidate_id
    for salt in ("", *salts):
        for said in (f"{salt}{candidate_id}", f"{candidate_id}{salt}"):
            for made in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.sha512, hashlib.blake2b):
                yield made(said.encode()).hexdigest()[:20]


def test_who_holds_the_roster_cannot_tell_from_files_who_was_learned_from(learned: Learned) -> None:
    assert min(len(learned.members), len(learned.others)) > 60
    files = learned.files
    assert {"extract.sealed", "opened", "manifest.json"} <= set(files)
    in_sight = ["k1", "names in models", hashlib.sha256(files["manifest.json"]).hexdigest()]
    whole = b"".join(files.values())

    def found(candidate_id: str) -> float:
        return float(any(guess.encode() in whole for guess in _guesses(candidate_id, in_sight)))

    assert _auc([found(i) for i in learned.members], [found(i) for i in learned.others]) == 0.5


def _of(learned: Learned, say: Callable[[Candidate], float]) -> tuple[list[float], list[float]]:
    people = learned.casebook.candidates
    return [say(people[i]) for i in learned.members], [say(people[i]) for i in learned.others]


def _sought_nearby(learned: Learned) -> Callable[[Candidate], float]:
    """Are posts in somebody's places more sought if that person was learned from?"""
    posts = [(v.region, learned.model.popularity.get(v.vacancy_id, 0.0)) for v in learned.casebook.vacancies]

    def say(person: Candidate) -> float:
        places = {person.region, *person.wished_regions}
        return float(np.mean([sought for region, sought in posts if region in places] or [0.0]))

    return say


def _sought_by_words(learned: Learned) -> Callable[[Candidate], float]:
    """Are posts that say what somebody wishes more sought if that person was learned from?"""
    posts = [(set(learned.casebook.texts[i].words), n) for i, n in learned.model.popularity.items()]

    def say(person: Candidate) -> float:
        words = set(candidate_words(person))
        return float(np.mean([n * len(words & own) for own, n in posts]))

    return say


def _within_chance(learned: Learned, attack: Callable[[Learned], Callable[[Candidate], float]]) -> bool:
    inside, outside = _of(learned, attack(learned))
    spread = np.sqrt((len(inside) + len(outside) + 1) / (12 * len(inside) * len(outside)))
    return bool(abs(_auc(inside, outside) - 0.5) < 3 * spread)


def _fits_the_weights(learned: Learned) -> Callable[[Candidate], float]:
    """Do the weights, which lie open, like better what somebody did if that was learned from? Acts are known."""
    columns = static_columns(learned.model, learned.model.index(learned.casebook.stock(TODAY), learned.casebook.texts))
    acts: dict[CandidateId, list[Interaction]] = {}
    for act in learned.casebook.interactions:
        acts.setdefault(act.candidate_id, []).append(act)

    values = learned.model.weights.values.copy()
    values[COMPONENTS.index("collaborative")] = 0.0  # people's own vectors are sealed

    def say(person: Candidate) -> float:
        own = [columns(person, act.vacancy_id, act.at)[0] for act in acts[person.candidate_id][:5]]
        return float(np.mean([row.astype(np.float64) @ values for row in own]))

    return say


def test_what_lies_open_in_a_model_file_does_not_tell_who_acted_whom_it_learned_from(learned: Learned) -> None:
    """Even to somebody who knows everybody's acts: a firm knows who came to it."""
    arrays = {name for name in learned.files if name.endswith(".npy")}
    assert {name.partition("/")[0] for name in arrays} <= {"text", "address", "acts"}
    assert {name for name in arrays if name.startswith("acts")} == {"acts/sealed.npy"}
    opened = json.loads(learned.files["manifest.json"])["metadata"]
    assert set(opened) == {"names_key", "parts", "scale", "summary", "trained_until", "weights"}
    assert _within_chance(learned, _fits_the_weights)


def _surely_towards(learned: Learned) -> Callable[[Candidate], float]:
    """Do the vacancies' vectors lie more surely where somebody's wishes point if that person was learned from?"""
    held, casebook = learned.model.collaborative, learned.casebook
    assert held is not None
    units = held.vacancies(casebook.stock(TODAY), casebook.texts).units.astype(np.float64)

    def say(person: Candidate) -> float:
        scores = units @ held.model.profile_vectors(held.profile(person, candidate_words(person)))[0]
        return float(np.sort(scores)[-10:].mean() - scores.mean())

    return say


@pytest.mark.parametrize("attack", [_sought_nearby, _sought_by_words, _surely_towards])
def test_even_opened_the_vacancies_side_does_not_tell_who_knows_the_facts_whom_it_learned_from(
    learned: Learned, attack: Callable[[Learned], Callable[[Candidate], float]]
) -> None:
    """Of taste it is not so: whoever can open it is told more than chance (docs/retraining.md)."""
    assert _within_chance(learned, attack)


def _readable(artefact: Artefact) -> dict[str, Artefact]:
    """Return every part that can be read as it lies there: by its name, and by reading its bytes as a part."""
    found = {name: artefact.part(name) for name in artefact.parts}
    for part in list(found.values()):
        for array in part.arrays.values():
            if array.dtype == np.uint8:
                with suppress(ArtefactMismatch, ValueError):
                    found |= _readable(from_bytes(array.tobytes()))
    return found


def _to_their_taste(learned: Learned, parts: dict[str, Artefact]) -> Callable[[Candidate], float]:
    """Is what somebody did to the taste of people who state the same? 0 where nothing can be read of taste."""
    if not {"taste", "candidate_space", "vacancy_space"} <= set(parts):
        return lambda _: 0.0
    held, casebook = learned.model.collaborative, learned.casebook
    assert held is not None
    read = replace(
        held,
        taste=TasteModel.load(parts["taste"]),
        candidate_space=FeatureSpace.from_artefact(parts["candidate_space"]),
        vacancy_space=FeatureSpace.from_artefact(parts["vacancy_space"]),
    )
    stock = casebook.stock(TODAY)
    posts = read.vacancies(stock, casebook.texts)
    done: dict[CandidateId, list[int]] = {}
    for act in casebook.interactions:
        if act.vacancy_id in stock.position:
            done.setdefault(act.candidate_id, []).append(stock.position[act.vacancy_id])

    def say(person: Candidate) -> float:
        nobody = replace(person, candidate_id=CandidateId(""))  # without the key nobody knows a name
        scores = posts.vectors @ read.vector(nobody, candidate_words(person)) + posts.biases
        own = done.get(person.candidate_id)
        return float(scores[own].mean() - scores.mean()) if own else 0.0

    return say


def test_taste_tells_whom_it_was_learned_from_to_who_knows_acts_and_holds_the_key_and_to_nobody_else(
    learned: Learned,
) -> None:
    """The first half shows that the attack is one: what the file would tell were it not sealed."""
    held = load_artefact(learned.folder / "model")
    opened = from_bytes(_opened(learned.folder / "model"))
    told = {name: opened.part(name) for name in opened.parts}
    assert _auc(*_of(learned, _to_their_taste(learned, told))) > 0.7
    assert _auc(*_of(learned, _to_their_taste(learned, _readable(held)))) == 0.5


def _opened(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "arrays.npz") as archive:
        sealed = np.load(io.BytesIO(archive.read("acts/sealed.npy")), allow_pickle=False).tobytes()
    return Names.under(VAULT).open(sealed)


def test_where_own_vectors_weigh_nothing_an_opened_model_holds_nothing_of_any_one_person(
    learned: Learned, tmp_path: Path
) -> None:
    """People's own vectors tell whom was learned from to everybody who can open them."""
    casebook = replace(learned.casebook, not_learned_from=frozenset(learned.others))
    model = train(casebook, until=TODAY, config=replace(QUICK, taste=None))
    assert not model.keeps_people
    held = model.collaborative
    assert held is not None
    assert held.candidate_space is not None
    model.save(tmp_path / "model")
    opened = _opened(tmp_path / "model")
    assert not [i for i in learned.members if Names.under(VAULT).of(i).encode() in opened]
    assert not [name for name in held.candidate_space.names if name.startswith("wish") and name.encode() in opened]
    saved = RankingModel.load(tmp_path / "model", vault=VAULT)
    assert saved.collaborative is not None
    assert saved.collaborative.candidate_space is None


def test_where_own_vectors_weigh_people_lie_in_the_sealed_part_alone_and_by_keyed_names(learned: Learned) -> None:
    assert learned.model.keeps_people
    names = [Names.under(VAULT).of(i).encode() for i in learned.members]
    opened, saved = _opened(learned.folder / "model"), sorted((learned.folder / "model").iterdir())
    with zipfile.ZipFile(learned.folder / "model" / "arrays.npz") as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    whole = b"".join([*parts, *(path.read_bytes() for path in saved)])
    assert any(name in opened for name in names)
    assert not [name for name in names if name in whole]
    assert not [i for i in learned.members if i.encode() in opened]


def test_without_the_key_no_model_is_read(learned: Learned) -> None:
    with pytest.raises(KeysMissing):
        RankingModel.load(learned.folder / "model")


def test_no_order_in_a_model_leads_to_a_person(learned: Learned) -> None:
    """The row of a person among the rows is no more like the place of the id in the roster than chance has it."""
    held = learned.model.collaborative
    assert held is not None
    arrays = held.model.to_artefact().arrays
    known = unpack_strings(arrays["candidate.known"])
    own = {held.names.of(i): i for i in learned.members}
    assert set(known) == set(own)
    assert sum(own[name] == guess for name, guess in zip(known, sorted(learned.members), strict=True)) <= 5
    places = rankdata([own[name] for name in known])
    assert abs(np.corrcoef(places, np.arange(len(places)))[0, 1]) < 3 / np.sqrt(len(places))
