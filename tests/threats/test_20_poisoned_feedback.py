"""20 | T: poisoned feedback (mass refusals or clicks) to move the ranking.

Per-source influence cap; injected campaign moves top-10 by less than the limit; retraining gate trips.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from matching.entities import Interaction, VacancyId
from matching.vocabulary import InteractionKind
from pipelines.casebook import Casebook
from pipelines.influence import influence_settings, within_influence
from pipelines.registry import PromotionRefused, Registry
from pipelines.retraining import moved, retraining_gate, some_people, top_lists
from pipelines.store.session import engine_for
from pipelines.train import train
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS
from tests.support.province import QUICK, TODAY
from tests.support.stores import PROGRAM

N = 500
LIMIT = influence_settings().moved_by_one_source


def _added(casebook: Casebook, acts: Sequence[Interaction]) -> Casebook:
    held = sorted([*casebook.interactions, *acts], key=lambda i: (i.at, i.candidate_id, i.vacancy_id, i.kind))
    return replace(casebook, interactions=held)


def by_one_employer(casebook: Casebook, kind: InteractionKind) -> list[Interaction]:
    """Return acts that the employer with most open posts made up about people who never heard of it."""
    open_posts = [v for v in casebook.vacancies if v.closes_on is None or v.closes_on >= TODAY]
    employer = Counter(v.employer_id for v in open_posts).most_common(1)[0][0]
    own = [v.vacancy_id for v in open_posts if v.employer_id == employer]
    asked = set(some_people(casebook, 60))
    others = [i for i in sorted(casebook.candidates) if i not in asked]
    return [
        Interaction(
            candidate_id=others[n % len(others)],
            vacancy_id=own[(n // len(others)) % len(own)],
            kind=kind,
            at=TODAY - timedelta(days=n % 20),
        )
        for n in range(N)
    ]


def by_one_person(casebook: Casebook, kind: InteractionKind) -> list[Interaction]:
    """Return acts of one person on one vacancy after another."""
    asked = set(some_people(casebook, 60))
    person = next(i for i in sorted(casebook.candidates) if i not in asked)
    posts: list[VacancyId] = [v.vacancy_id for v in casebook.vacancies]
    return [
        Interaction(candidate_id=person, vacancy_id=posts[n % len(posts)], kind=kind, at=TODAY - timedelta(days=n % 20))
        for n in range(N)
    ]


CAMPAIGNS = {
    "applications an employer made up": (by_one_employer, InteractionKind.APPLIED),
    "clicks of one person": (by_one_person, InteractionKind.VIEWED),
    "refusals of one employer": (by_one_employer, InteractionKind.DECLINED_BY_EMPLOYER),
}


def _moved_by(town: Town, campaign: str) -> float:
    """Return how far a campaign moves the lists of people who had no part in it."""
    make, kind = CAMPAIGNS[campaign]
    clean = town.casebook()
    people = some_people(clean, 60)
    poisoned = train(_added(clean, make(clean, kind)), until=TODAY, config=QUICK)
    share = moved(
        top_lists(clean, train(clean, until=TODAY, config=QUICK), TODAY, people),
        top_lists(clean, poisoned, TODAY, people),
    )
    assert share is not None
    return share


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_five_hundred_acts_of_one_source_move_the_first_ten_by_less_than_the_limit(town: Town, campaign: str) -> None:
    assert _moved_by(town, campaign) < LIMIT


def check_false_refusals_move_no_list(town: Town) -> None:
    """Let one employer refuse half of all people on each of its posts, and look at every single list."""
    clean, desk = town.casebook(), town.desk()
    open_posts = [v for v in clean.vacancies if v.closes_on is None or v.closes_on >= TODAY]
    employer = Counter(v.employer_id for v in open_posts).most_common(1)[0][0]
    own = [v.vacancy_id for v in open_posts if v.employer_id == employer]
    people = desk.active()
    refused = people[::2]
    acts = [
        Interaction(
            candidate_id=person,
            vacancy_id=post,
            kind=InteractionKind.DECLINED_BY_EMPLOYER,
            at=TODAY - timedelta(days=n % 20),
        )
        for person in refused
        for n, post in enumerate(own)
    ]
    poisoned = _added(clean, acts)
    before = top_lists(clean, desk.model, TODAY, people)
    after = top_lists(poisoned, train(poisoned, until=TODAY, config=QUICK), TODAY, people)
    held = {i: len(set(before[i]) & set(own)) for i in refused}
    assert max(held.values()) > LIMIT * 10  # else there would be nothing to empty
    share = {i: moved({i: before[i]}, {i: after[i]}) for i in people}
    assert max(share[i] or 0.0 for i in refused) <= LIMIT
    assert {share[i] for i in people if i not in set(refused)} <= {0.0, None}


def test_false_refusals_of_one_company_move_no_single_list_by_more_than_the_limit(town: Town) -> None:
    check_false_refusals_move_no_list(town)


@pytest.mark.parametrize(("make", "kind"), CAMPAIGNS.values(), ids=list(CAMPAIGNS))
def test_one_source_is_heard_no_louder_than_its_cap(town: Town, make: object, kind: InteractionKind) -> None:
    assert callable(make)
    clean = town.casebook()
    campaign = make(clean, kind)
    sent = {(act.candidate_id, act.vacancy_id) for act in campaign}
    heard = within_influence(_added(clean, campaign), TODAY).casebook
    left = {pair for act in heard.interactions if (pair := (act.candidate_id, act.vacancy_id)) in sent}
    bound = influence_settings().employer
    assert len(left) <= max(bound.floor_in_all, bound.share * len(heard.interactions))
    assert len(left) < len(sent)


def test_honest_sources_are_heard_whole(town: Town) -> None:
    clean = town.casebook()
    bounded = within_influence(clean, TODAY)
    assert sum(bounded.left_out.values()) == 0
    assert bounded.casebook.interactions == clean.interactions


def test_a_flooding_source_does_not_crowd_out_the_others(town: Town) -> None:
    clean = town.casebook()
    make, kind = CAMPAIGNS["applications an employer made up"]
    campaign = make(clean, kind)
    employer = {v.vacancy_id: v.employer_id for v in clean.vacancies}
    flooding = employer[campaign[0].vacancy_id]
    heard = within_influence(_added(clean, campaign), TODAY).casebook
    assert [i for i in clean.interactions if employer.get(i.vacancy_id) != flooding] == [
        i for i in heard.interactions if employer.get(i.vacancy_id) != flooding
    ]


# The gate before a new model answers


def _save(town: Town, casebook: Casebook) -> str:
    """Train on a casebook and save the version as `yougang train` does."""
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        registry = Registry(connection, town.models)
        _, in_use = registry.champion()
        earlier = replace(in_use, trained_until=TODAY - timedelta(days=28))
        fresh = train(casebook, until=TODAY, config=QUICK)
        found = retraining_gate(casebook, earlier, fresh, TODAY).as_dict()
        version = registry.save(fresh, by=PROGRAM.by, gate=found)
    engine.dispose()
    return version.version


def test_model_that_learned_from_a_flood_is_promoted_only_with_a_reason(own_town: Town, yougang: Yougang) -> None:
    clean = own_town.casebook()
    make, kind = CAMPAIGNS["applications an employer made up"]
    version = _save(own_town, _added(clean, make(clean, kind)))
    refused = yougang("models", "promote", version, at=own_town)
    assert refused.code == 4
    assert "来自一个单位" in refused.err
    engine = engine_for(own_town.url, KEYS)
    with pytest.raises(PromotionRefused), engine.begin() as connection:
        Registry(connection, own_town.models).promote(version, by=PROGRAM.by)
    reason = ("--despite", "已核实是招聘会的登记")
    assert yougang("models", "promote", version, *reason, at=own_town).code == 4
    assert yougang("--json", "models", "promote", version, *reason, "--by", "乙", at=own_town).code == 0
    shown = yougang("--json", "models", "show", version, at=own_town).document
    assert shown["status"] == "champion"
    assert (shown["promotions"][0]["reason"], shown["promotions"][0]["by"]) == ("已核实是招聘会的登记", "named:乙")
    engine.dispose()


def test_model_of_an_ordinary_month_passes_the_gate(own_town: Town, yougang: Yougang) -> None:
    version = _save(own_town, own_town.casebook())
    shown = yougang("--json", "models", "show", version, at=own_town).document
    assert shown["summary"]["gate"]["trips"] == []
    refused = yougang("models", "promote", version, at=own_town)
    assert "没有经过季度核查" in refused.err
    assert "来自一个单位" not in refused.err


def test_model_whose_lists_are_all_others_trips_the_gate(town: Town) -> None:
    clean = town.casebook()
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        _, in_use = Registry(connection, town.models).champion()
    engine.dispose()
    weights = replace(in_use.weights, values=-in_use.weights.values)
    found = retraining_gate(clean, in_use, replace(in_use, weights=weights), TODAY)
    assert found.churn is not None
    assert found.churn > influence_settings().gate.churn
    assert any("名单前十位" in trip for trip in found.trips)
