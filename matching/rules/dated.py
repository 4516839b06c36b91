"""The dated parameters as in force on one day, for code that asks for one number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from matching.errors import NotInForce
from matching.rules.parameters import Parameter, Version, load_parameters
from matching.rules.rulebook import HOME, fingerprint

PARAMETERS = HOME / "parameters"


@dataclass(frozen=True, slots=True)
class Rules:
    """Every parameter as in force on one day; `version` names the rule files that were read."""

    on: date
    parameters: Mapping[str, Parameter]
    version: str

    def find(self, parameter_id: str, region: str | None = None) -> Version:
        """Return the version in force, the nearest place first.

        Raises
        ------
        NotInForce
            When the parameter has no value for the day.
        KeyError
            When there is no such parameter.
        """
        version = self.parameters[parameter_id].on(self.on, region)
        if version is None or version.value is None:
            raise NotInForce(parameter_id, self.on)
        return version

    def find_or_none(self, parameter_id: str, region: str | None = None) -> Version | None:
        """Return the version in force, or None on a day without a value."""
        try:
            return self.find(parameter_id, region)
        except NotInForce:
            return None


@cache
def _loaded() -> tuple[Mapping[str, Parameter], str]:
    return load_parameters(PARAMETERS), fingerprint(HOME)


def rules_on(day: date) -> Rules:
    """Return the project's rules as in force on a day."""
    parameters, version = _loaded()
    return Rules(on=day, parameters=parameters, version=version)
