"""Why not this one: where any vacancy stands for a person, by the same order and the same reasons as the list."""

from pipelines.desk import Desk
from pipelines.places_of_list import places_of
from pipelines.standing import posts_named, standings

PERSON = "demo-c-00001"


def test_every_vacancy_is_told_as_the_list_tells_it(desk: Desk) -> None:
    document = desk.document(PERSON, k=200)
    listed = {item["vacancy_id"]: item for item in document["items"]}
    everything = [str(item.vacancy.vacancy_id) for item in desk.index.stock.items]
    found = {one["vacancy_id"]: one for one in standings(desk, PERSON, everything)}
    assert set(found) == set(everything)
    states = [one["state"] for one in found.values()]
    assert states.count("ranked") == document["counts"]["ranked"]
    assert states.count("excluded") == document["counts"]["excluded"]
    assert states.count("ranked") + states.count("excluded") == document["counts"]["open"]
    for vacancy_id, item in listed.items():
        assert found[vacancy_id]["item"] == item
    reasons = {entry["reason"] for entry in document["excluded"]}
    assert {one["reason"] for one in found.values() if one["state"] == "excluded"} == reasons


def test_vacancies_are_found_by_id_title_and_employer_and_open_ones_come_first(desk: Desk) -> None:
    first = desk.index.stock.items[0]
    assert posts_named(desk, str(first.vacancy.vacancy_id), limit=5) == [first.vacancy.vacancy_id]
    assert str(first.vacancy.vacancy_id) in posts_named(desk, first.vacancy.title, limit=500)
    assert str(first.vacancy.vacancy_id) in posts_named(desk, first.employer_name, limit=500)
    assert posts_named(desk, "", limit=5) == []
    assert posts_named(desk, "没有这样的岗位", limit=5) == []
    states = [one["state"] for one in standings(desk, PERSON, posts_named(desk, "员", limit=500))]
    assert "not_open" not in states[: len(states) - states.count("not_open")]


def test_map_has_the_distances_of_the_list_and_never_the_address(desk: Desk) -> None:
    document = desk.document(PERSON, k=200)
    places = places_of(desk, PERSON, [item["vacancy_id"] for item in document["items"]])
    told = {
        item["vacancy_id"]: reason["facts"]["km"]
        for item in document["items"]
        for reason in item["reasons"]
        if reason["kind"] == "place" and "km" in reason["facts"]
    }
    assert told
    km = {post.vacancy_id: post.km for post in places.posts}
    for vacancy_id, stated in told.items():
        found = km[vacancy_id]
        assert found is not None
        assert abs(found - stated) < 0.06
    candidate = desk.ask(PERSON).candidate
    assert places.home != (candidate.longitude, candidate.latitude)
