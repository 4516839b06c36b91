"""Finding people by what is sealed of them, within the own places alone; and an act of today taken back."""

from datetime import timedelta
from pathlib import Path

import pytest

from matching.vocabulary import InteractionKind
from pipelines.access.audit import events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Role
from pipelines.registers.acts import acts_of, undo
from pipelines.registers.errors import NothingToUndo
from pipelines.registers.finding import find_people
from tests.support.builders import certificate_number
from tests.support.firms import FIRM, somebody, two_firms
from tests.support.people import a_person, a_vacancy, acted
from tests.support.province import TODAY
from tests.support.stores import BACKENDS, a_store

NUMBER = certificate_number(sequence="411")


@pytest.mark.parametrize("backend", BACKENDS)
def test_people_are_found_by_name_phone_certificate_and_id_within_reach(backend: str, tmp_path: Path) -> None:
    with a_store(backend, tmp_path) as engine, engine.begin() as connection:
        two_firms(connection)
        a_person(connection, "c-1", name="王小明", phone="13900001111", certificate_number=NUMBER, birth_date=None)
        a_person(connection, "c-2", name="王大明", phone="13900002222")
        a_person(connection, "c-3", name="王小红", phone="13900001111", region="620502")
        worker = somebody(connection, "worker", Role.CASEWORKER)

        def found(text: str) -> list[str]:
            return [row.values["candidate_id"] for row in find_people(connection, worker, text, limit=10)]

        assert found("王") == ["c-1", "c-2"]
        assert found("小明") == ["c-1"]
        assert found("1111") == ["c-1"]
        assert found(NUMBER) == ["c-1"]
        assert found(f"{NUMBER[:6]} {NUMBER[6:]}") == ["c-1"]
        assert found("c-2") == ["c-2"]
        assert found("小红") == found("c-3") == found("") == found("没有这个人") == []
        assert len(find_people(connection, worker, "王", limit=1)) == 1
        read = [one["object_id"] for one in events(connection) if one["action"] == "candidates.read"]
        assert set(read) == {"c-1", "c-2"}


def test_who_has_nothing_to_do_with_people_finds_nobody(tmp_path: Path) -> None:
    with a_store("sqlite", tmp_path) as engine, engine.begin() as connection:
        two_firms(connection)
        a_person(connection)
        poster = somebody(connection, "poster", Role.COMPANY_POSTER, FIRM)
        with pytest.raises(Forbidden):
            find_people(connection, poster, "王", limit=10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_act_of_today_is_taken_back_and_the_audit_says_so(backend: str, tmp_path: Path) -> None:
    with a_store(backend, tmp_path) as engine, engine.begin() as connection:
        two_firms(connection)
        a_person(connection)
        a_vacancy(connection, "v-1", FIRM)
        before = TODAY - timedelta(days=1)
        acted(connection, "c-1", "v-1", InteractionKind.VIEWED, before)
        acted(connection, "c-1", "v-1", InteractionKind.REFERRED, TODAY)
        worker = somebody(connection, "worker", Role.CASEWORKER)
        undo(connection, worker, "c-1", "v-1", InteractionKind.REFERRED, on=TODAY)
        assert [act["kind"] for act in acts_of(connection, worker, "c-1")] == [InteractionKind.VIEWED]
        assert [one["object_id"] for one in events(connection) if one["action"] == "interactions.undo"] == ["c-1"]
        for kind in (InteractionKind.REFERRED, InteractionKind.VIEWED):  # gone already, and of another day
            with pytest.raises(NothingToUndo):
                undo(connection, worker, "c-1", "v-1", kind, on=TODAY)
        with pytest.raises(NoSuchPerson):
            undo(connection, worker, "c-9", "v-1", InteractionKind.REFERRED, on=TODAY)
