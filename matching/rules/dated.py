"""Dated parameters: what the law said on a day, with its source; one YAML file for each.

Values are never extended past their end: on a day without a version the answer is `NotInForce`, not the last value.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from matching.errors import NotInForce, RuleError
from matching.source import Source

PARAMETERS = Path(__file__).parent / "parameters"


class _SourceModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    document: str
    clause: str
    status: str


class Version(BaseModel):
    """One value with its first and last day (both inclusive, no last day: still in force) and its source."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    valid_from: date
    valid_to: date | None = None
    review_after: date | None = None
    source: _SourceModel
    value: Any

    def holds_on(self, day: date) -> bool:
        """True on the days on which this value is in force."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def cited(self) -> Source:
        """Document and clause."""
        return Source(self.source.document, self.source.clause)


class Parameter(BaseModel):
    """A rule's number or table over time."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: str
    unit: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Every parameter as in force on one day; `version` names the rule files that were read."""

    on: date
    parameters: Mapping[str, Parameter]
    version: str

    def find(self, rule_id: str) -> Version:
        """Return the version in force.

        Raises
        ------
        NotInForce
            When the parameter has no version for the day.
        KeyError
            When there is no such parameter.
        """
        for version in self.parameters[rule_id].versions:
            if version.holds_on(self.on):
                return version
        raise NotInForce(rule_id, self.on)

    def find_or_none(self, rule_id: str) -> Version | None:
        """Return the version in force, or None on a day without one."""
        try:
            return self.find(rule_id)
        except NotInForce:
            return None


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.rglob("*.yaml")))


def load_parameters(folder: Path) -> dict[str, Parameter]:
    """Read every rule file of a folder.

    Raises
    ------
    RuleError
        For a file that is no rule, two files with one id, versions that overlap or run backwards.
    """
    found: dict[str, Parameter] = {}
    for path in _files(folder):
        try:
            parameter = Parameter.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, ValidationError) as error:
            raise RuleError(f"{path.name}: {error}") from error
        if parameter.id in found:
            raise RuleError(f"{path.name}: 规则编号 {parameter.id} 已在另一文件中")
        _check_order(parameter, path.name)
        found[parameter.id] = parameter
    return found


def _check_order(parameter: Parameter, file: str) -> None:
    previous: Version | None = None
    for version in parameter.versions:
        if version.valid_to is not None and version.valid_to < version.valid_from:
            raise RuleError(f"{file}: 自 {version.valid_from} 起的版本早于开始日即结束")
        if previous is not None and (previous.valid_to is None or previous.valid_to >= version.valid_from):
            raise RuleError(f"{file}: 自 {version.valid_from} 起的版本与前一版本重叠，应先写明前一版本的 valid_to")
        previous = version


@cache
def _loaded() -> tuple[Mapping[str, Parameter], str]:
    digest = hashlib.sha256()
    for path in _files(PARAMETERS):
        digest.update(path.relative_to(PARAMETERS).as_posix().encode())
        digest.update(path.read_bytes())
    return load_parameters(PARAMETERS), digest.hexdigest()[:12]


def rules_on(day: date) -> Rules:
    """Return the project's rules as in force on a day."""
    parameters, version = _loaded()
    return Rules(on=day, parameters=parameters, version=version)
