"""Cards of model versions for tests: one that a cycle could have kept, with gates passed or not."""

from typing import Any

from pipelines.registry import Despite, Registry
from tests.support.stores import PROGRAM

_LOW, _HIGH = {"mean": 0.30, "low": 0.25, "high": 0.35, "n": 100}, {"mean": 0.40, "low": 0.34, "high": 0.46, "n": 100}
_SEGMENTS = ("all", "warm_people", "cold_people", "cold_vacancies")
_GROUP = {"n_asked": 40, "covered": {"mean": 1.0, "low": 0.91, "high": 1.0, "n": 40}, "exposure": 1.1}
LOOKED_AT = Despite("没有经过季度核查，已逐份核对名单", "named:乙", is_named=True)
"""What another person says for a version that no cycle has held against any gate, and the same at the command line."""
ANOTHERS_REASON = ("--despite", LOOKED_AT.reason, "--by", "乙")


def a_gate(name: str, label: str, outcome: str) -> dict[str, Any]:
    """Return how one gate came out."""
    words = {"met": "通过", "not_met": "未通过", "unknown": "需人工核实"}
    group = {"attribute": "sex", "group": "female", "outcome": outcome, "reason": "变差"}
    return {
        "id": name, "label": label, "outcome": outcome, "word": words[outcome], "reason": f"{label}的依据",
        "why": "界限这样定", "groups": [group] if outcome == "not_met" else [],
    }  # fmt: skip


def a_card(*, is_passed: bool) -> dict[str, Any]:
    """Return a card as a cycle keeps it."""
    gates = [a_gate("recall", "召回率不低于现用版本", "met")]
    if not is_passed:
        gates += [a_gate("group_success", "各人群的召回率", "not_met"), a_gate("level", "登记的水平", "unknown")]
    row = {"n_people": 100, "recall@10": _HIGH, "ndcg@10": _LOW}
    return {
        "as_of": "2026-11-23",
        "data_hash": "d" * 64,
        "counts": {"people": 250, "vacancies": 120, "acts": 900},
        "parameters": {"no_components": 48, "epochs": 12, "prior_strength": 100.0},
        "code": "0.1.0+abc",
        "rules_version": "r1",
        "gates_from": "2026-01-01",
        "champion": "v0",
        "split": {"split_at": "2026-09-22", "champion_as_is": True},
        "metrics": {kind: dict.fromkeys(_SEGMENTS, row) for kind in ("popularity", "content", "hybrid", "shortlist")},
        "fairness": {
            "sex": {
                "female": {**_GROUP, "n_tested": 60, "recall": _LOW},
                "male": {**_GROUP, "n_tested": 60, "recall": _HIGH},
                "unknown": {**_GROUP, "n_tested": None, "recall": None, "exposure": None},
            }
        },
        "off_policy": {
            "assumption": "按互动人数",
            **{
                name: {"plain": 0.4, "snips": 0.39, "by_person": {"mean": 0.4, "low": 0.3, "high": 0.5}}
                for name in ("challenger", "champion")
            },
        },
        "gates": {"results": gates, "failed": [gate["id"] for gate in gates if gate["outcome"] != "met"]},
    }


def a_challenger(registry: Registry, *, is_passed: bool, made_by: str = "named:甲") -> str:
    """Store the champion's model once more as what a cycle made, and return the version."""
    model = registry.champion()[1]
    return registry.save(model, by=PROGRAM.by, card=a_card(is_passed=is_passed), made_by=made_by).version
