"""Rules as documents, the same at the command line and over HTTP: the list of a day, one rule, one answer."""

from datetime import date
from typing import Any

from matching.rules.decision import Decision
from matching.rules.rulebook import Rulebook, RuleVersion


def list_document(book: Rulebook, on: date) -> dict[str, Any]:
    """Return every rule, and which of its versions is in force on a day."""
    rows = []
    for rule_id, read in sorted(book.rules.items()):
        version = read.rule.version_on(on)
        rows.append(
            {
                "rule_id": rule_id,
                "title": read.rule.title,
                "kind": read.rule.kind,
                "subject": read.rule.subject,
                "in_force": version is not None,
                "valid_from": version.valid_from.isoformat() if version else None,
                "valid_to": version.valid_to.isoformat() if version and version.valid_to else None,
                "source": version.cited.as_dict() if version else {},
                "status": version.source.status if version else None,
            }
        )
    return {"as_of": on.isoformat(), "rules_version": book.version, "rules": rows}


def rule_document(book: Rulebook, rule_id: str) -> dict[str, Any]:
    """Return one rule of the book: its versions, facts, conditions, parameters and sources."""
    rule = book.rule(rule_id).rule
    return {
        "rule_id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "subject": rule.subject,
        "payee": rule.payee,
        "handled_by": rule.handled_by,
        "versions": [_version_document(version) for version in rule.versions],
        "facts": [
            {"name": name, "label": book.facts[fact].label, "who_can_supply": book.facts[fact].who}
            for name, fact in rule.inputs.items()
        ],
        "conditions": [leaf.text for leaf in rule.body.conditions.leaves()] if rule.body.conditions else [],
        "parameters": _parameters_of(book, rule_id),
        "excludes": list(rule.excludes),
        "requires": list(rule.requires),
        "materials": list(rule.materials),
        "notes": list(rule.notes),
        "rules_version": book.version,
    }


def _version_document(version: RuleVersion) -> dict[str, Any]:
    return {
        "valid_from": version.valid_from.isoformat(),
        "valid_to": version.valid_to.isoformat() if version.valid_to else None,
        "force": version.force,
        "replaced_by": version.replaced_by or None,
        "source": version.cited.as_dict(),
        "quote": version.source.quote,
        "status": version.source.status,
    }


def _parameters_of(book: Rulebook, rule_id: str) -> list[dict[str, Any]]:
    names = [name for name, users in book.citing.items() if rule_id in users]
    return [
        {
            "parameter": name,
            "title": book.parameters[name].title,
            "unit": book.parameters[name].unit,
            "versions": [version.model_dump(mode="json") for version in book.parameters[name].versions],
        }
        for name in sorted(names)
    ]


def evaluated(decision: Decision) -> dict[str, Any]:
    """Return a decision with its results at the top, under the names of the worked examples."""
    document = decision.as_dict()
    results: dict[str, Any] = document.pop("results")  # type: ignore[assignment]  # an object by construction
    reserved = {"status": "source_status", "amount": "payment", "outcome": "outcome"}
    for name, other in reserved.items():
        if name in results and other != name:
            document[other] = document.pop(name)
    return results | {name: value for name, value in document.items() if name not in results}
