"""Taste: what is learned from choices beyond what is known of a pair already."""

import numpy as np
import pytest
from scipy import sparse

from models.arrays import Floats, Sparse, empty_rows
from models.artefact import from_bytes, to_bytes
from models.base import Dataset
from models.errors import InvalidInput, NotEnoughData
from models.ids import IdMap
from models.interactions import Interactions
from models.taste import Offered, TasteConfig, TasteModel

N_PEOPLE, N_POSTS, N_CHOICES, N_OTHERS = 120, 60, 12, 15


def _world(liking: Floats, known: Floats, seed: int = 3) -> Offered:
    """Let everybody choose a few times among some that are drawn."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(N_PEOPLE), N_CHOICES)
    rows = np.stack([rng.choice(N_POSTS, 1 + N_OTHERS, replace=False) for _ in person])
    score = np.take_along_axis(liking[person], rows, axis=1) + rng.gumbel(size=rows.shape)
    best = score.argmax(axis=1)
    rows[np.arange(len(rows)), best], rows[:, 0] = rows[:, 0].copy(), rows[np.arange(len(rows)), best]
    return Offered(person, rows, np.take_along_axis(known[person], rows, axis=1))


def _dataset(people: Sparse, posts: Sparse) -> Dataset:
    nothing = np.zeros(0, dtype=np.int64)
    ids = IdMap(f"p{i}" for i in range(N_PEOPLE)), IdMap(f"v{i}" for i in range(N_POSTS))
    acts = Interactions(nothing, nothing, np.zeros(0), np.zeros(0, dtype="datetime64[D]"), *ids)
    return Dataset(acts, people, posts)


def _kinds(n: int, kind: np.ndarray) -> Sparse:
    return sparse.csr_matrix((np.ones(n, dtype=np.float32), (np.arange(n), kind)), shape=(n, 3))


@pytest.fixture(scope="module")
def hidden() -> tuple[Floats, np.ndarray, np.ndarray]:
    """A liking that no feature states: people of kind k like posts of kind k."""
    rng = np.random.default_rng(1)
    person, post = rng.integers(0, 3, N_PEOPLE), rng.integers(0, 3, N_POSTS)
    return 3.0 * (person[:, None] == post[None, :]), person, post


def _scores(model: TasteModel, dataset: Dataset) -> Floats:
    vectors, biases = model.vacancy_vectors(dataset.vacancy_features, dataset.vacancy_ids.ids)
    people = model.candidate_vectors(dataset.candidate_features, dataset.candidate_ids.ids)
    return np.asarray(people @ vectors.T + biases, dtype=np.float64)


def test_a_liking_that_nothing_states_is_learned_from_choices(hidden: tuple[Floats, np.ndarray, np.ndarray]) -> None:
    liking, *_ = hidden
    bare = _dataset(empty_rows(N_PEOPLE, 1), empty_rows(N_POSTS, 1))
    model = TasteModel(TasteConfig(regularisation=1.0), _world(liking, np.zeros_like(liking))).fit(bare)
    scores = _scores(model, bare)
    assert scores[liking > 0].mean() > scores[liking == 0].mean() + 1.0
    stranger = model.candidate_vectors(empty_rows(1, 1), ["nobody"])
    assert not stranger.any()


def test_newcomers_like_what_people_of_their_kind_like(hidden: tuple[Floats, np.ndarray, np.ndarray]) -> None:
    liking, person, post = hidden
    dataset = _dataset(_kinds(N_PEOPLE, person), _kinds(N_POSTS, post))
    model = TasteModel(TasteConfig(), _world(liking, np.zeros_like(liking))).fit(dataset)
    newcomers = model.candidate_vectors(_kinds(3, np.arange(3)), ["a", "b", "c"])
    vectors, biases = model.vacancy_vectors(_kinds(3, np.arange(3)), ["x", "y", "z"])
    assert ((newcomers @ vectors.T + biases).argmax(axis=1) == np.arange(3)).all()


def test_what_is_known_already_is_not_learned_again(hidden: tuple[Floats, np.ndarray, np.ndarray]) -> None:
    liking, person, post = hidden
    dataset = _dataset(_kinds(N_PEOPLE, person), _kinds(N_POSTS, post))
    untold = TasteModel(TasteConfig(), _world(liking, np.zeros_like(liking))).fit(dataset)
    told = TasteModel(TasteConfig(), _world(liking, liking)).fit(dataset)

    def gap(model: TasteModel) -> float:
        scores = _scores(model, dataset)
        return float(scores[liking > 0].mean() - scores[liking == 0].mean())

    assert abs(gap(told)) < 0.2 * gap(untold)


def test_the_same_choices_give_the_same_vectors_saved_and_loaded(hidden: tuple[Floats, np.ndarray, np.ndarray]) -> None:
    liking, person, post = hidden
    dataset, offered = _dataset(_kinds(N_PEOPLE, person), _kinds(N_POSTS, post)), _world(liking, np.zeros_like(liking))
    model, again = (TasteModel(TasteConfig(rounds=5), offered).fit(dataset) for _ in range(2))
    loaded = TasteModel.load(from_bytes(to_bytes(model.to_artefact())))
    assert np.array_equal(_scores(model, dataset), _scores(again, dataset))
    assert np.array_equal(_scores(model, dataset), _scores(loaded, dataset))
    assert loaded.config == model.config


def test_a_feature_that_no_choice_saw_says_nothing(hidden: tuple[Floats, np.ndarray, np.ndarray]) -> None:
    liking, person, post = hidden
    dataset = _dataset(_kinds(N_PEOPLE, np.minimum(person, 1)), _kinds(N_POSTS, post))
    model = TasteModel(TasteConfig(rounds=5), _world(liking, np.zeros_like(liking))).fit(dataset)
    assert not model.candidate_vectors(_kinds(1, np.array([2])), ["new"]).any()


def test_without_choices_there_is_no_taste() -> None:
    dataset = _dataset(empty_rows(N_PEOPLE, 1), empty_rows(N_POSTS, 1))
    with pytest.raises(NotEnoughData):
        TasteModel().fit(dataset)
    with pytest.raises(InvalidInput):
        Offered(np.zeros(2, dtype=np.int64), np.zeros((2, 3), dtype=np.int64), np.zeros((2, 4)))
    with pytest.raises(InvalidInput):
        TasteConfig(regularisation=0.0)
