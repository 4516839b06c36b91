"""The county's monthly minimum wage on a day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.rules.dated import Rules
from matching.source import Source


@dataclass(frozen=True, slots=True)
class MinimumWage:
    """An amount in yuan a month with its source; `to_confirm` where a newer value is likely (FACTS T14)."""

    amount: Decimal
    source: Source
    to_confirm: bool


def minimum_wage(region: str | None, rules: Rules) -> MinimumWage | None:
    """Return the minimum wage of a county, or None where the county or the class is not known (需人工核实).

    Source: 甘政办发〔2023〕83号 (2020, 1960, 1910, 1850 yuan by class from 2023-11-01).
    """
    classes, amounts = rules.find_or_none("wage.minimum.area_class"), rules.find_or_none("wage.minimum.monthly")
    if region is None or classes is None or amounts is None:
        return None
    area_class = classes.value.get(region)
    if area_class is None:
        return None
    review: date | None = amounts.review_after
    amount = {str(key): value for key, value in amounts.value.items()}[str(area_class)]
    return MinimumWage(Decimal(str(amount)), amounts.cited, review is not None and rules.on > review)
