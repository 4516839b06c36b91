"""Whether what is stored agrees with itself: contradictions that no single row shows.

Errors are contradictions; the rest is advice to look at. Ids are named, never names or certificate numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from matching.identity import IdentityError, parse_certificate
from pipelines.access.audit import breaks
from pipelines.rule_release.gate import rule_findings
from pipelines.store import consistency_queries as queries
from pipelines.store.sealed import STEM


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: the table and id where it shows, and a Chinese sentence."""

    table: str
    id: str
    text: str
    is_error: bool


def check(connection: Connection, *, on: date | None = None) -> list[Finding]:
    """Return everything found, errors first, each kind by id; none when all agrees.

    `on` decides which placements with an end date still run; without it, only those without an end do.
    """
    found = [
        *_overfilled(connection, on),
        *_certificates(connection),
        *_several_employers(connection, on),
        *_interactions_outside(connection),
        *_unknown(connection),
        *(Finding("audit", str(found.sequence), found.text, is_error=True) for found in breaks(connection)),
        *(Finding("rule_releases", *found) for found in rule_findings(connection, at=datetime.now(UTC))),
    ]
    return sorted(found, key=lambda finding: not finding.is_error)


def _overfilled(connection: Connection, on: date | None) -> Iterator[Finding]:
    for vacancy_id, openings, placed in queries.overfilled_vacancies(connection, on):
        yield Finding("vacancies", vacancy_id, f"招聘 {openings} 人，在岗安置已有 {placed} 人", is_error=True)


def _certificates(connection: Connection) -> Iterator[Finding]:
    """What is stated must be what the certificate number says, and a certificate has one holder.

    Source: 残疾人证管理办法 (the number contains citizen number, category and grade).
    """
    first: dict[str, str] = {}
    for stated in queries.certificates(connection):
        holder = first.setdefault(stated.certificate_number[:STEM], stated.candidate_id)
        if holder != stated.candidate_id:
            text = f"残疾人证号与求职者 {holder} 相同，可能是同一人"
            yield Finding("candidates", stated.candidate_id, text, is_error=True)
        try:
            differing = _differing(stated)
        except IdentityError:
            yield Finding("candidates", stated.candidate_id, "残疾人证号校验不通过", is_error=True)
            continue
        if differing:
            text = f"所填{'、'.join(differing)}与残疾人证号不符"
            yield Finding("candidates", stated.candidate_id, text, is_error=True)


def _differing(stated: queries.Stated) -> list[str]:
    certificate = parse_certificate(stated.certificate_number)
    pairs = (
        ("残疾类别", stated.category, certificate.category.value),
        ("残疾等级", stated.grade, certificate.grade),
        ("出生日期", stated.birth_date, certificate.birth_date),
        ("性别", stated.sex, certificate.sex.value),
    )
    return [label for label, own, told in pairs if own is not None and own != told]


def _several_employers(connection: Connection, on: date | None) -> Iterator[Finding]:
    for candidate_id, count in queries.counted_at_several_employers(connection, on):
        text = f"同时在 {count} 个单位计入安排就业，请核实哪一处有效"
        yield Finding("candidates", candidate_id, text, is_error=False)


def _interactions_outside(connection: Connection) -> Iterator[Finding]:
    for vacancy_id, before, after in queries.interactions_outside(connection):
        parts = [f"开始招聘前有 {before} 条互动记录"] if before else []
        parts += [f"截止后有 {after} 条浏览或应聘记录"] if after else []
        yield Finding("vacancies", vacancy_id, "，".join(parts) + "，请核对日期", is_error=False)


def _unknown(connection: Connection) -> Iterator[Finding]:
    for table, own_id, employer_id in queries.unknown_employers(connection):
        yield Finding(table, own_id, f"用人单位 {employer_id} 不在单位表中", is_error=False)
    for placement_id, vacancy_id in queries.placements_on_unknown_vacancies(connection):
        yield Finding("placements", placement_id, f"岗位 {vacancy_id} 不在岗位表中", is_error=False)
