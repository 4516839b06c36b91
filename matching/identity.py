"""Citizen numbers, disability certificates and credit codes: checked by check digit, never repeated in a message.

The certificate number alone reveals category, grade, sex and birth date, so no error here contains what was given.
Check digits come from python-stdnum (GB 11643-1999, GB 32100-2015).
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from matching.vocabulary import DisabilityCategory, Sex

_CERTIFICATE = re.compile(r"(\d{17}[\dX])([1-7])([1-4])(B[1-9]\d*)?")
_MALE, _FEMALE = Sex.MALE.value, Sex.FEMALE.value
_CATEGORIES = {code: DisabilityCategory.from_code(code) for code in "1234567"}


class IdentityError(ValueError):
    """A number that cannot be right; the message says why and never what was given."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a disability certificate number (残疾人证号) says by itself."""

    category: DisabilityCategory
    grade: int
    birth_date: date
    sex: Sex

    @property
    def is_severe(self) -> bool:
        """Grades 1 and 2 (重度); small numbers are severe."""
        return self.grade <= 2


def check_citizen_number(number: str) -> None:
    """Raise `IdentityError` unless the 18-character citizen number has a real date and check digit."""
    if len(number) != 18:
        raise IdentityError(f"公民身份号码应为 18 位，实为 {len(number)} 位")
    # `ric.validate` would also refuse area codes that its list lacks (new districts); date and check digit decide here.
    try:
        ric.get_birth_date(number)
    except ValidationError as error:
        raise IdentityError("公民身份号码中的出生日期不存在") from error
    if not number[:17].isdigit() or ric.calc_check_digit(number) != number[-1]:
        raise IdentityError("公民身份号码校验位不符")


@lru_cache(maxsize=65_536)
def parse_certificate(number: str) -> Certificate:
    """Read a certificate number: 18-digit citizen number, category, grade, and B1, B2 … for a re-issue.

    Raises
    ------
    IdentityError
        When the layout, the birth date or the check digit is wrong.

    Source: 残疾人证管理办法; FACTS id.cert_number; GB/T 26341-2010 for the category digit.
    """
    match = _CERTIFICATE.fullmatch(number)
    if match is None:
        raise IdentityError("残疾人证号应为 18 位公民身份号码加 1 位类别（1—7）和 1 位等级（1—4），补发加 B1、B2…")
    citizen, category, grade, _ = match.groups()
    check_citizen_number(citizen)
    return Certificate(
        category=DisabilityCategory.from_code(category),
        grade=int(grade),
        birth_date=ric.get_birth_date(citizen),
        sex=Sex.MALE if int(citizen[16]) % 2 else Sex.FEMALE,
    )


def read_certificate(number: str) -> Certificate:
    """Return what a certificate number says that was checked when it was stored; its check digit is not worked out.

    Raises
    ------
    IdentityError
        When the layout or the birth date cannot be right.
    """
    match = _CERTIFICATE.fullmatch(number)
    if match is None:
        return parse_certificate(number)  # which says what is wrong
    citizen, category, grade, _ = match.groups()
    try:
        born = date(int(citizen[6:10]), int(citizen[10:12]), int(citizen[12:14]))
    except ValueError as error:
        raise IdentityError("公民身份号码中的出生日期不存在") from error
    sex = Sex.MALE if int(citizen[16]) % 2 else Sex.FEMALE
    return Certificate(_CATEGORIES[category], int(grade), born, sex)


def birth_and_sex_of(number: str) -> tuple[str, str]:
    """Return birth date (ISO 8601) and sex that a number says which was checked when it was stored.

    Texts, since hundreds of thousands are only compared; `read_certificate` says the same.

    Raises
    ------
    IdentityError
        When the layout cannot be right.
    """
    if _CERTIFICATE.fullmatch(number) is None:
        parse_certificate(number)  # which says what is wrong
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}", _MALE if number[16] in "13579" else _FEMALE


def normalise_certificate(number: str) -> str:
    """Drop spaces and hyphens and write the check character in capitals."""
    return re.sub(r"[\s-]", "", number).upper()


@lru_cache(maxsize=65_536)
def check_credit_code(code: str) -> None:
    """Raise `IdentityError` unless the 18-character 统一社会信用代码 has the right check character (GB 32100-2015)."""
    if len(code) != 18:
        raise IdentityError(f"统一社会信用代码应为 18 位，实为 {len(code)} 位")
    try:
        uscc.validate(code)
    except ValidationError as error:
        raise IdentityError("统一社会信用代码校验位或字符不符") from error
