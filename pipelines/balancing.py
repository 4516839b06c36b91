"""Balances everybody's lists: what a whole province's lists send to each post, and by how much crowded posts step back.

The prices are stored, so that a single list, the batch and the service all step back alike until they are made anew.
With them is kept equal exposure at equal fit (`pipelines.exposure`): how far posts step back, and who comes forward in
lists of people for a post.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.entities import CandidateId
from matching.exposure import exposure_rule
from matching.matcher import Lines
from matching.settings import ranking_settings
from models.crowding import Crowding, CrowdingConfig, balance
from pipelines.batch import TOGETHER_FROM
from pipelines.batch_blocks import TOGETHER, lists_together
from pipelines.desk import Desk
from pipelines.exposure import Looks, ShownFit, looks_of, shown_fit
from pipelines.groups import with_county
from pipelines.store.crowding import CrowdedPost, GroupLift

_SEED = 0


@dataclass(frozen=True, slots=True)
class Balanced:
    """What balancing found: the posts that step back, and over how many people, posts and openings it looked.

    `looks` and `shown` are exposure at equal fit by group; None where no rule of exposure is in force.
    """

    posts: tuple[CrowdedPost, ...]
    n_people: int
    n_sampled: int
    n_posts: int
    bound: float
    counts_placements: bool
    looks: Looks | None = None
    shown: ShownFit | None = None
    lifts: tuple[GroupLift, ...] = ()

    @property
    def most_looks(self) -> float:
        """Return the most people per opening that any post would be looked at by."""
        return max((post.looks for post in self.posts), default=0.0)


def openings_reckoned_with(desk: Desk) -> NDArray[np.float64]:
    """Return the openings left of every post, float64 (n,); the median of those stated where none are."""
    left = desk.index.stock.openings_left.astype(np.float64)
    stated = left[left > 0]
    return np.where(left > 0, left, float(np.median(stated)) if len(stated) else 1.0)


def balanced(desk: Desk, *, progress: Callable[[int, int], None] | None = None) -> Balanced:
    """Return which posts step back on the desk's day, from the lists of its people without any stepping back."""
    settings = ranking_settings().crowding
    plain = replace(desk, index=replace(desk.index, crowding=None))
    people = plain.active()
    sample = people
    if len(people) > settings.people:
        drawn = np.random.default_rng(_SEED).choice(len(people), settings.people, replace=False)
        sample = [people[i] for i in np.sort(drawn)]
    rows, scores, chances, bands, heads = [], [], [], np.array(settings.bands), []
    for n_done, found in enumerate(_lists_of(plain, sample, k=settings.lines), 1):
        heads.append(found)
        rows.append(found.rows)
        scores.append(found.score + bands[found.band])
        if found.chance is not None:
            chances.append(found.chance)
        if progress is not None:
            progress(n_done, len(sample))
    knows_chances = desk.model.weights.chance is not None
    openings = openings_reckoned_with(desk)
    least = settings.least_placements if knows_chances else settings.least_looks
    config = CrowdingConfig(settings.attention, settings.slack, least, settings.temperature)
    share = len(sample) / len(people) if people else 1.0
    crowding = balance(rows, scores, openings * share, config, chances=chances if knows_chances else None)
    looks, shown, rule = None, None, exposure_rule(desk.rules.on)
    if rule is not None and heads:
        groups = [with_county(desk.casebook.candidates[one]) for one in sample]
        shown = shown_fit(heads, groups, crowding.price, openings * share, rule, knows_chances=knows_chances)
        crowding = replace(crowding, price=np.round(crowding.price * shown.scale, 6))
        looks = looks_of(plain, openings, rule)
    return Balanced(
        posts=_posts(desk, crowding, openings),
        n_people=len(people),
        n_sampled=len(sample),
        n_posts=len(np.unique(np.concatenate(rows))) if rows else 0,
        bound=crowding.bound,
        counts_placements=knows_chances,
        looks=looks,
        shown=shown,
        lifts=() if looks is None else _lifts(desk, looks),
    )


def _lifts(desk: Desk, looks: Looks) -> tuple[GroupLift, ...]:
    return tuple(
        GroupLift(attribute, value, desk.model_version, desk.rules.on, lift)
        for attribute, of in sorted(looks.forward.lifts.items())
        for value, lift in sorted(of.items())
    )


def _lists_of(desk: Desk, people: Sequence[CandidateId], *, k: int) -> Iterator[Lines]:
    if len(people) < TOGETHER_FROM:
        yield from (desk.lines(one, k=k) for one in people)
        return
    lists = lists_together(desk)
    for start in range(0, len(people), TOGETHER):
        yield from lists.of(desk.ask_many(people[start : start + TOGETHER]), k=k)


def _posts(desk: Desk, crowding: Crowding, openings: NDArray[np.float64]) -> tuple[CrowdedPost, ...]:
    items = desk.index.stock.items
    return tuple(
        CrowdedPost(
            vacancy_id=items[row].vacancy.vacancy_id,
            model_version=desk.model_version,
            as_of=desk.rules.on,
            price=float(crowding.price[row]),
            looks=float(crowding.looks[row]),
            expected=float(crowding.expected[row]),
            openings=float(openings[row]),
            bound=crowding.bound,
        )
        for row in np.flatnonzero(crowding.price > 0).tolist()
    )
