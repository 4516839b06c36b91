"""A shortlist as the JSON document of the fixed interface, the same at every door."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matching.explanation import derived_text, wage_text
from matching.line import Reason
from matching.matcher import Item, Shortlist, written
from matching.missing import MissingFact, Unlock
from matching.regions import region_name
from matching.source import Source
from matching.stock import StockItem
from matching.vocabulary import Education
from pipelines.consent.in_charge import in_charge_document
from pipelines.consent.texts import automated_decision_notice
from pipelines.store.in_charge import InCharge

NOBODY_NAMED = InCharge()


def shortlist_document(
    shortlist: Shortlist, head: Mapping[str, str], in_charge: InCharge = NOBODY_NAMED
) -> dict[str, Any]:
    """Return the document; `head` holds run_id, as_of, model_version and rules_version."""
    return {
        "run_id": head["run_id"],
        "candidate_id": shortlist.candidate.candidate_id,
        "as_of": head["as_of"],
        "model_version": head["model_version"],
        "rules_version": head["rules_version"],
        "notice": automated_decision_notice(),
        "in_charge": in_charge_document(in_charge),
        "items": [item_document(item) for item in shortlist.items],
        "excluded": [
            {
                "vacancies": counted.n_vacancies,
                "reason": counted.exclusion.text,
                "code": counted.exclusion.code,
                "ground": counted.exclusion.ground.value if counted.exclusion.ground else None,
                "source": _source(counted.exclusion.source) or {},
            }
            for counted in shortlist.excluded
        ],
        "unlock": unlock_documents(_on_list(shortlist.unlocks)),
        "notes": [
            {
                "code": note.code,
                "text": note.text,
                "source": _source(note.source) or {},
                "covers": list(note.covers),
            }
            for note in shortlist.notes
        ],
        "counts": {
            "open": shortlist.n_open,
            "ranked": shortlist.n_ranked,
            "shown": len(shortlist.items),
            "below_the_cut": shortlist.n_ranked - len(shortlist.items),
            "excluded": sum(counted.n_vacancies for counted in shortlist.excluded),
        },
    }


BESIDE = "beside"
"""Kept with a list and not handed out: the heads under both models, where the challenger is asked beside."""


def shown_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a list without what is kept beside it for a comparison of models."""
    return {name: value for name, value in document.items() if name != BESIDE}


BENEFITS_ONLY_SHOWN = 5
"""How many facts that only benefits ask for a list names; `yougang unlock` names all."""


def _on_list(unlocks: Sequence[Unlock]) -> list[Unlock]:
    with_vacancies = [unlock for unlock in unlocks if unlock.n_vacancies]
    return with_vacancies + [unlock for unlock in unlocks if not unlock.n_vacancies][:BENEFITS_ONLY_SHOWN]


def unlock_documents(unlocks: Sequence[Unlock]) -> list[dict[str, Any]]:
    """Return what missing facts hold up."""
    return [
        {
            **_fact(unlock.missing),
            "vacancies": unlock.n_vacancies,
            "vacancies_alone": unlock.n_alone,
            "benefits": [
                {"rule_id": wait.rule_id, "title": wait.title, "decides": wait.decides} for wait in unlock.benefits
            ],
        }
        for unlock in unlocks
    ]


def item_document(item: Item) -> dict[str, Any]:
    """Return one line."""
    vacancy = item.stock_item.vacancy
    return {
        "rank": item.rank,
        "vacancy_id": vacancy.vacancy_id,
        "title": vacancy.title,
        "employer": item.stock_item.employer_name,
        "vacancy": post_facts(item.stock_item),
        "outcome": item.outcome.value,
        "outlook": item.outlook.value if item.outlook else None,
        "policy_order": {"band": int(item.band), "label": item.band.label},
        "stands_behind": item.stands_behind,
        "crowding": _crowding_document(item),
        "fit": _written(item.fit, 4),
        "fit_parts": _rounded(item.fit_parts),
        "chance": None if item.chance is None else _written(item.chance.value, 4),
        "chance_interval": None
        if item.chance is None
        else [_written(item.chance.low, 4), _written(item.chance.high, 4)],
        "score": _written(item.score, 6),
        "score_parts": _rounded(item.score_parts),
        "reasons": [reason_document(reason) for reason in item.reasons],
        "missing": [_fact(missing) for missing in item.missing],
        "accommodations": [
            {"name": accommodation.value, "label": accommodation.label, "state": state.value}
            for accommodation, state in item.accommodations.items()
        ],
    }


def post_facts(item: StockItem) -> dict[str, str | None]:
    """Return what a caseworker reads out first of any vacancy; None is what the employer did not say."""
    vacancy = item.vacancy
    hours = f"每日{vacancy.hours_per_day.normalize():f}小时" if vacancy.hours_per_day is not None else None
    return {
        "region": region_name(vacancy.region) if vacancy.region else None,
        "wage": wage_text(vacancy.wage_min, vacancy.wage_max),
        "hours": hours,
        "night_shift": vacancy.night_shift.label if vacancy.night_shift else None,
        "work_mode": vacancy.work_mode.label if vacancy.work_mode else None,
        "education_min": _education(vacancy.education_min),
        "closes_on": vacancy.closes_on.isoformat() if vacancy.closes_on else None,
    }


def _education(least: Education | None) -> str | None:
    if least is None:
        return None
    return "学历不限" if least.rank == 0 else f"{least.label}及以上"


def reason_document(reason: Reason) -> dict[str, Any]:
    """Return one reason; one without a cited source says so with an empty source."""
    return {
        "kind": reason.kind.value,
        "text": reason.text,
        "facts": dict(reason.facts),
        "source": _source(reason.source) or {},
    }


def _fact(missing: MissingFact) -> dict[str, str]:
    return {"fact": missing.fact, "label": missing.label, "who_can_supply": missing.who_can_supply}


def _source(source: Source | None) -> dict[str, str] | None:
    return source.as_dict() if source else None


def _crowding_document(item: Item) -> dict[str, Any] | None:
    stepped = item.crowding
    if stepped is None:
        return None
    people, openings = max(1, round(stepped.looks)), max(1, round(stepped.openings))
    counted = f"{openings}个空缺" if item.stock_item.vacancy.openings else f"空缺数未写明，按{openings}个估计"
    if stepped.is_crowded:
        crowd = f"各人名单合起来每个空缺约有{people}人"
    else:
        crowd = "更拥挤的岗位顺延以后，这里的名额也会不够"
    return {
        "people_per_opening": round(stepped.looks, 1),
        "openings": openings,
        "rank_without": stepped.rank_without,
        "price": round(stepped.price, 4),
        "text": f"{counted}，{crowd}：本岗位由第{stepped.rank_without}位顺延，前面让给名额较宽的岗位",
    }


EXPOSURE_ATTRIBUTES = {
    "category": "残疾类别",
    "grade": "残疾等级",
    "sex": "性别",
    "hukou": "户籍性质",
    "county": "县区",
}


def exposure_document(rank: int, without: int, forward: Mapping[str, float]) -> dict[str, Any] | None:
    """Return what equal exposure moved about one person's place for a post; None where it moved nothing.

    Attributes are named, never which group of them: the person's file says that to whoever may read it.
    """
    if rank == without:
        return None
    named = [EXPOSURE_ATTRIBUTES[attribute] for attribute in forward]
    if rank < without:
        same = f"（按{'、'.join(named)}看，这类人此前较少排到单位面前）" if named else ""
        text = (
            f"没有填写的不等于不合适：为同等合意、同等露出，由第{without}位提前到第{rank}位{same}；"
            "得分、合意和入职可能都没有改"
        )
    else:
        text = (
            f"为同等合意、同等露出，因情况没有填全而排在后面的人提前了，本人由第{without}位到第{rank}位；"
            "得分、合意和入职可能都没有改"
        )
    return {"rank_without": without, "attributes": list(forward), "text": text}


def _written(number: float, digits: int) -> float:
    return float(written(np.array(number), digits))


def _rounded(parts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in parts.items()}


def document_lines(document: Mapping[str, Any], *, k: int | None = None) -> Sequence[str]:
    """Return a shortlist document as lines that a caseworker reads on a terminal."""
    lines = [
        f"求职者 {document['candidate_id']}  ·  {document['as_of']}  ·  模型 {document['model_version']}"
        f"  ·  规则 {document['rules_version']}"
    ]
    counts = document["counts"]
    lines.append(
        f"在招岗位 {counts['open']} 个：列出 {counts['shown']}，排在其后 {counts['below_the_cut']}，"
        f"不列入 {counts['excluded']}"
    )
    lines += [f"请先注意：{note['text']}{_cited(note['source'])}" for note in document["notes"]]
    if document["unlock"]:
        first = document["unlock"][:3]
        asked = "、".join(f"{entry['label']}（涉及{held_up_words(entry)}）" for entry in first)
        lines.append(f"先问这几件：{asked}。{_who(first)}")
    said = frozenset(name for note in document["notes"] for name in note["covers"])
    for item in document["items"][:k]:
        lines += _item_lines(item, said)
    if document["excluded"]:
        lines.append("不列入的岗位：")
        lines += [
            f"  {entry['vacancies']} 个：{entry['reason']}{_cited(entry['source'])}" for entry in document["excluded"]
        ]
    lines.append("合意：有多合本人所提的要求，0 到 1；入职可能：按以往结果估算，仅供参考。由人决定，不由系统决定。")
    lines.append(f"告知：{document['notice']['text']}{document['notice']['refusal']}{document['notice']['review']}")
    lines.append(f"负责人：{document['in_charge']['text']}。")
    return lines


def held_up_words(entry: Mapping[str, Any]) -> str:
    """Say how many vacancies and benefits a fact holds up."""
    parts = ((entry["vacancies"], "个岗位"), (len(entry["benefits"]), "项待遇"))
    return "、".join(f"{n}{words}" for n, words in parts if n)


def _who(missing: Sequence[Mapping[str, str]]) -> str:
    """Say who can supply facts, each source of help once."""
    return "可由" + "；".join(dict.fromkeys(entry["who_can_supply"] for entry in missing)) + "提供"


_OUTCOMES = {"fits": "功能适合", "fits_with_accommodation": "有便利即适合", "unknown": "待核实"}


def _item_lines(item: Mapping[str, Any], said: frozenset[str]) -> list[str]:
    head = f"{item['title']}（{item['employer']}）"
    facts = [item["vacancy"][name] for name in ("region", "wage", "hours", "work_mode", "education_min")]
    night = "含夜班" if item["vacancy"]["night_shift"] == "是" else None
    stated = f"      {item['vacancy_id']}  " + " · ".join(text for text in (*facts, night) if text)
    return [_head_line(item, head), stated, *_reason_lines(item, said)]


def person_lines(item: Mapping[str, Any]) -> list[str]:
    """Return one person's line of the other direction, by id; who it is, the caseworker looks up."""
    return [_head_line(item, item["candidate_id"]), *_reason_lines(item)]


def _head_line(item: Mapping[str, Any], name: str) -> str:
    band = "" if item["policy_order"]["band"] == 2 else f"  〔{item['policy_order']['label']}〕"
    numbers = f"合意 {item['fit']:.2f}  入职可能 {_chance_words(item['chance'])}"
    return f"{item['rank']:>3}. {name}  [{_OUTCOMES[item['outcome']]}]  {numbers}{band}"


def _reason_lines(item: Mapping[str, Any], said: frozenset[str] = frozenset()) -> list[str]:
    """Return what is said below a line's head; what the list's head says for all lines (`said`) is not said again."""
    lines = [f"      · {_reason_text(reason, said)}{_cited(reason['source'])}" for reason in item["reasons"]]
    if item.get("stands_behind"):
        lines.append(f"      ↓ 同一单位的相近岗位已列在第{item['stands_behind']}位，本岗位顺延")
    if item.get("crowding"):
        lines.append(f"      ↓ {item['crowding']['text']}")
    if item.get("exposure"):
        lines.append(f"      ↕ {item['exposure']['text']}")
    missing = [m for m in item["missing"] if m["fact"] not in said]
    if missing:
        named = "、".join(m["label"] for m in missing[:4])
        more = f" 等{len(missing)}项" if len(missing) > 4 else ""
        lines.append(f"      ? 缺：{named}{more}")
    in_reasons = {name for reason in item["reasons"] if reason["kind"] == "accommodation" for name in reason["facts"]}
    accommodations = [
        a
        for a in item["accommodations"]
        if a["name"] not in in_reasons and (a["state"] != "to_arrange" or a["name"] not in said)
    ]
    if accommodations:
        states = {"verified": "已核实", "declared": "单位自报", "to_arrange": "需安排"}
        named = "、".join(f"{a['label']}（{states[a['state']]}）" for a in accommodations)
        lines.append(f"      + 便利：{named}")
    return lines


def _reason_text(reason: Mapping[str, Any], said: frozenset[str]) -> str:
    if reason["facts"].get("derived"):
        return derived_text(reason["facts"], said)
    return str(reason["text"])


def _chance_words(chance: float | None) -> str:
    if chance is None:
        return "尚无足够结果"
    return "较低" if chance < 0.01 else f"{chance:.0%}"


def _cited(source: Mapping[str, str]) -> str:
    return f"〔{source['document']} {source['clause']}〕" if source else ""
