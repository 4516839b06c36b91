"""What if a number of the law were another: amounts with their clause, what is supposed said, and what stays open."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from matching.rules.rulebook import rulebook
from pipelines.errors import PipelineError
from pipelines.quarter.study import Study, _amount
from pipelines.rule_preview import RuleChange
from tests.conftest import Town
from tests.support.accounts import KEYS

RATIO, FLOOR = "quota.ratio.required", "benefit.nursing_tier.tier_A_floor"
UNITS = {"local_social_avg_wage": "90000", "annual_count": "0"}


@pytest.fixture(scope="module")
def study(town: Town) -> Iterator[Study]:
    """The shared town as an analyst opens it."""
    opened = Study.open(town.url, town.models, KEYS)
    yield opened
    opened.engine.dispose()


def rows(shown: str) -> dict[str, list[str]]:
    """Return the cells of each line of a table, by the first."""
    found = {}
    for line in shown.split("</tr>"):
        cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", line, re.DOTALL)]
        if cells:
            found[cells[0].strip()] = [cell.strip() for cell in cells[1:]]
    return found


LEVY = rulebook().rule("levy.payable").rule.title


def test_without_what_nobody_stated_no_amount_is_told_and_the_table_says_how_many_stay_open(study: Study) -> None:
    clause, concerned, priced, difference, open_ = rows(study.what_if(RATIO, "0.016"))[LEVY]
    assert "财税〔2015〕72号" in clause
    assert concerned != "无"
    assert (priced, difference) == ("无", "—")
    assert int(open_) > 0


def test_what_is_supposed_is_said_and_a_higher_ratio_costs_units_more_by_year(study: Study) -> None:
    shown = study.what_if(RATIO, "0.016", suppose=UNITS)
    assert "由 0.015 改为 0.016" in shown
    assert "当地社会平均工资（年）按 90000" in shown
    more = {}
    for value in ("0.016", "0.02"):
        _, _, priced, difference, open_ = rows(study.what_if(RATIO, value, suppose=UNITS))[LEVY]
        assert priced != "无"
        assert int(open_) > 0  # units whose head count nobody stated, or whose placements nobody settled
        assert difference.endswith("（每年）")
        more[value] = float(re.sub(r"[^0-9.+-]", "", difference))
    assert 0 < more["0.016"] < more["0.02"]


def test_a_subsidy_changes_where_its_own_place_says_so_and_elsewhere_nothing(study: Study) -> None:
    held = rulebook().parameters[FLOOR]
    assert "620100" in held.regions
    shown = study.what_if(FLOOR, "150", region="620100")
    assert "兰州市" in shown
    assert "由 110 改为 150" in shown
    _, _, priced, difference, open_ = rows(shown)[rulebook().rule("benefit.nursing_tier").rule.title]
    assert priced != "无"
    if priced == "少于10":  # what all get more, divided by what one gets, would tell how many they are
        assert difference == "少于10人，不列出"
    else:
        assert re.fullmatch(r"约\+[1-9][0-9]?[0,]*（每月）", difference)
    assert open_ != "无"
    with pytest.raises(PipelineError, match="这个地区"):
        study.what_if(FLOOR, "150", region="620300")
    with pytest.raises(PipelineError, match="没有这个参数"):
        study.what_if("no.such.parameter", "1")


@pytest.mark.parametrize(
    ("priced", "told"), [(6, "少于10人，不列出"), (17, "约+680（每月）"), (1234, "约+49,000（每月）")]
)
def test_an_amount_of_people_does_not_tell_how_many_they_are(priced: int, told: str) -> None:
    change = RuleChange("benefit.nursing_tier", "护理补贴", priced=priced, difference=Decimal(40 * priced))
    assert _amount(rulebook(), change) == told
