"""Numbers are checked by check digit, and no message repeats them."""

from datetime import date

import pytest

from matching.identity import (
    IdentityError,
    birth_and_sex_of,
    check_citizen_number,
    check_credit_code,
    parse_certificate,
    read_certificate,
)
from matching.vocabulary import DisabilityCategory, Sex
from tests.support.builders import certificate_number


def test_category_code_1_is_vision_and_2_is_hearing() -> None:
    assert parse_certificate(certificate_number(category=1)).category is DisabilityCategory.VISION
    assert parse_certificate(certificate_number(category=2)).category is DisabilityCategory.HEARING
    assert [c.code for c in DisabilityCategory] == list("1234567")


def test_a_certificate_tells_grade_sex_and_birth_date() -> None:
    certificate = parse_certificate(certificate_number(grade=1, birth="19850228", sequence="124"))
    assert (certificate.grade, certificate.sex, certificate.birth_date) == (1, Sex.FEMALE, date(1985, 2, 28))
    assert certificate.is_severe


@pytest.mark.parametrize("sequence", ["123", "124", "001", "990"])
@pytest.mark.parametrize("birth", ["19850228", "20040229", "19640101", "20101231"])
@pytest.mark.parametrize("reissued", ["", "B3"])
def test_what_is_only_compared_says_what_the_certificate_says(sequence: str, birth: str, reissued: str) -> None:
    number = certificate_number(birth=birth, sequence=sequence) + reissued
    born, sex = birth_and_sex_of(number)
    told = parse_certificate(number)
    assert told == read_certificate(number)
    assert (date.fromisoformat(born), Sex(sex)) == (told.birth_date, told.sex)


@pytest.mark.parametrize("wrong", ["", "1", "6201021993041299844", "x" * 20])
def test_a_number_that_is_none_is_refused_where_it_is_only_compared(wrong: str) -> None:
    with pytest.raises(IdentityError):
        birth_and_sex_of(wrong)


def test_a_reissued_certificate_is_taken() -> None:
    assert parse_certificate(certificate_number() + "B2").grade == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda n: n[:17] + ("0" if n[17] != "0" else "1") + n[18:],  # check digit
        lambda n: n[:18] + "8" + n[19:],  # category
        lambda n: n[:19] + "5",  # grade
        lambda n: n[:10] + "1332" + n[14:],  # a date that does not exist
        lambda n: n[:-1],
        lambda n: n + "B0",
    ],
)
def test_a_wrong_certificate_is_refused_without_being_repeated(spoil) -> None:  # type: ignore[no-untyped-def]
    wrong = spoil(certificate_number())
    with pytest.raises(IdentityError) as refused:
        parse_certificate(wrong)
    assert wrong not in str(refused.value)
    assert wrong[6:14] not in str(refused.value)


def test_a_citizen_number_with_a_digit_changed_is_refused() -> None:
    number = certificate_number()[:18]
    check_citizen_number(number)
    with pytest.raises(IdentityError):
        check_citizen_number(number[:5] + str((int(number[5]) + 1) % 10) + number[6:])


def test_a_credit_code_is_checked_by_its_check_character() -> None:
    check_credit_code("91620100MA0000000A"[:17] + _credit_check("91620100MA0000000"))
    with pytest.raises(IdentityError):
        check_credit_code("91620100MA00000000"[:17] + "Z")


def _credit_check(body: str) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return alphabet[(31 - total % 31) % 31]
