"""A shortlist as the JSON document of the fixed interface, the same at every door."""

from collections.abc import Mapping, Sequence
from typing import Any

from matching.explanation import Reason
from matching.matcher import Item, Shortlist
from matching.missing import MissingFact
from matching.source import Source


def shortlist_document(shortlist: Shortlist, head: Mapping[str, str]) -> dict[str, Any]:
    """Return the document; `head` holds run_id, as_of, model_version and rules_version."""
    return {
        "run_id": head["run_id"],
        "candidate_id": shortlist.candidate.candidate_id,
        "as_of": head["as_of"],
        "model_version": head["model_version"],
        "rules_version": head["rules_version"],
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
        "unlock": [
            {
                **_fact(unlock.missing),
                "vacancies": unlock.n_vacancies,
                "vacancies_alone": unlock.n_alone,
            }
            for unlock in shortlist.unlocks
        ],
        "counts": {
            "open": shortlist.n_open,
            "ranked": shortlist.n_ranked,
            "shown": len(shortlist.items),
            "below_the_cut": shortlist.n_ranked - len(shortlist.items),
            "excluded": sum(counted.n_vacancies for counted in shortlist.excluded),
        },
    }


def item_document(item: Item) -> dict[str, Any]:
    """Return one line."""
    vacancy = item.stock_item.vacancy
    return {
        "rank": item.rank,
        "vacancy_id": vacancy.vacancy_id,
        "title": vacancy.title,
        "employer": item.stock_item.employer_name,
        "outcome": item.outcome.value,
        "outlook": item.outlook.value if item.outlook else None,
        "policy_order": {"band": int(item.band), "label": item.band.label},
        "fit": round(item.fit, 4),
        "fit_parts": _rounded(item.fit_parts),
        "chance": None if item.chance is None else round(item.chance.value, 4),
        "chance_interval": None if item.chance is None else [round(item.chance.low, 4), round(item.chance.high, 4)],
        "score": round(item.score, 6),
        "score_parts": _rounded(item.score_parts),
        "reasons": [reason_document(reason) for reason in item.reasons],
        "missing": [_fact(missing) for missing in item.missing],
        "accommodations": [
            {"name": accommodation.value, "label": accommodation.label, "state": state.value}
            for accommodation, state in item.accommodations.items()
        ],
    }


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
    for item in document["items"][:k]:
        lines += _item_lines(item)
    if document["excluded"]:
        lines.append("不列入的岗位：")
        lines += [
            f"  {entry['vacancies']} 个：{entry['reason']}{_cited(entry['source'])}" for entry in document["excluded"]
        ]
    if document["unlock"]:
        lines.append("补充以下信息可使更多岗位得到判断：")
        lines += [
            f"  {entry['label']}：涉及 {entry['vacancies']} 个岗位（可由{entry['who_can_supply']}提供）"
            for entry in document["unlock"][:6]
        ]
    return lines


_OUTCOMES = {"fits": "功能适合", "fits_with_accommodation": "有便利即适合", "unknown": "待核实"}


def _item_lines(item: Mapping[str, Any]) -> list[str]:
    chance = "尚无足够结果" if item["chance"] is None else f"{item['chance']:.0%}"
    lines = [
        f"{item['rank']:>3}. {item['title']}（{item['employer']}）  [{_OUTCOMES[item['outcome']]}]  "
        f"合意 {item['fit']:.2f}  入职可能 {chance}"
    ]
    if item["policy_order"]["band"] != 2:
        lines[0] += f"  〔{item['policy_order']['label']}〕"
    lines += [f"      · {reason['text']}{_cited(reason['source'])}" for reason in item["reasons"]]
    if item["missing"]:
        lines.append("      ? 缺：" + "；".join(f"{m['label']}（{m['who_can_supply']}）" for m in item["missing"][:3]))
    if item["accommodations"]:
        states = {"verified": "已核实", "declared": "单位自报", "to_arrange": "需安排"}
        named = "、".join(f"{a['label']}（{states[a['state']]}）" for a in item["accommodations"])
        lines.append(f"      + 便利：{named}")
    return lines


def _cited(source: Mapping[str, str]) -> str:
    return f"〔{source['document']} {source['clause']}〕" if source else ""
