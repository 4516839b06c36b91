"""What reasons are worth: they speak of what put a line where it stands; reasons of other lines do not."""

import pytest

from matching.vocabulary import ReasonKind
from pipelines.desk import Desk
from pipelines.quarter import worth as measuring
from pipelines.quarter.worth import FALLS_SHORT, SPOKEN_OF, worth


def test_a_line_falls_without_what_its_reasons_speak_of_and_they_foretell_the_order(desk: Desk) -> None:
    found = worth(desk, desk.active()[:60])
    assert found.n_people > 40
    assert found.said_lost is not None
    assert found.said_lost.low > 1
    assert found.predicted is not None
    assert found.predicted.low > 0.2
    assert found.kept is not None
    assert found.kept.mean > 0.8


def test_reasons_that_speak_of_something_else_are_found_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each kind of reason speak of what another kind is about: then what it says put no line anywhere."""
    kinds = list(ReasonKind)
    turned = {kind: SPOKEN_OF[kinds[(at + 2) % len(kinds)]] for at, kind in enumerate(kinds)}
    honest = worth(desk, desk.active()[:60])
    monkeypatch.setattr(measuring, "SPOKEN_OF", turned)
    decorated = worth(desk, desk.active()[:60])
    assert honest.said_lost is not None
    assert decorated.said_lost is not None
    assert decorated.said_lost.mean < honest.said_lost.mean / 2
    assert decorated.said_more is not None
    assert decorated.said_more.high < 0


def test_a_warning_of_what_is_lacking_is_told_apart_from_what_the_person_has_and_costs_places(desk: Desk) -> None:
    found = worth(desk, desk.active()[:80]).by_kind
    has, lacks = found["skill"], found[FALLS_SHORT]
    assert has is not None
    assert lacks is not None
    assert has.mean >= 0
    assert lacks.high < 0


def test_nobody_to_measure_on_is_no_measure(desk: Desk) -> None:
    found = worth(desk, [])
    assert (found.n_people, found.said_more, found.predicted) == (0, None, None)
