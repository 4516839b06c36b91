"""A model version as a document, the same at every door."""

import json
from typing import Any

from pipelines.registry import Registry
from pipelines.store.model_records import Promotion
from pipelines.store.repositories import ModelVersion


def version_document(version: ModelVersion) -> dict[str, Any]:
    """Return one version with the summary of its training."""
    since = version.champion_since
    return {
        "version": version.version,
        "status": version.status,
        "trained_until": version.trained_until.isoformat(),
        "created_at": version.created_at.isoformat(),
        "champion_since": None if since is None else since.isoformat(),
        "summary": json.loads(version.summary),
    }


def shown_version(registry: Registry, version: str) -> dict[str, Any]:
    """Return a version with its card and the acts by which it came to answer."""
    held = registry.get(version)
    challenger, card = registry.challenger(), registry.card(version)
    aliases = [held.status] if held.status == "champion" else []
    if challenger is not None and challenger.version == version:
        aliases.append("challenger")
    return {
        **version_document(held),
        "aliases": aliases,
        "made_by": registry.made_by(version),
        "card": None if card is None else card.document,
        "promotions": [promotion_document(one) for one in registry.promotions(version)],
    }


def promotion_document(act: Promotion) -> dict[str, Any]:
    """Return one act by which a version came to answer."""
    return {
        "act": act.act,
        "by": act.by,
        "at": act.at.isoformat(),
        "failed": list(act.failed),
        "reason": act.reason,
    }
