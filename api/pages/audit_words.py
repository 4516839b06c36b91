"""What stands in the audit, in words: acts, what they were done to, and their details.

The audit holds words of the program, as they were on the day; whoever checks it reads sentences. What has no word here
is told as it stands in the audit, never left out.
"""

from collections.abc import Mapping
from typing import Any

from api.pages.words import words
from pipelines.access.roles import Action

OTHER_ACTS = (
    "answer.replay", "candidates.answer.undo", "candidates.assign", "candidates.assign.end", "candidates.charge",
    "candidates.distinct", "candidates.hand-over", "candidates.unmerge", "client.create", "client.disable",
    "client.limit", "client.list", "client.refused", "client.rotate", "client.token", "consents.given",
    "consents.refused", "consents.withdrawn", "database.backed_up", "duplicates.scan", "employer.verify",
    "employer.verify.withdraw", "employers.review_items",
    "handovers.run", "import_key.create", "import_key.list", "import_key.revoke",
    "imports.end", "interactions.undo", "keys.reseal", "membership.grant", "membership.withdraw", "messages.cancel",
    "messages.queue", "messages.resumed", "messages.stopped", "messages.write", "metrics.token", "models.live_test",
    "models.promote", "models.rollback", "notices.made", "notices.seen", "notices.unseen", "organisation.add",
    "organisation.list", "requests.correction", "requests.erasure", "requests.extract", "requests.granted",
    "requests.refused", "requests.review", "retention.run", "session.accepted", "session.end", "session.open",
    "session.refused", "user.create", "user.list", "user.lock", "user.password", "user.reset",
    "user.second_factor.begin", "user.second_factor.confirm", "user.unlock", "vacancies.balance",
    "vacancies.preview", "vacancy.approve", "vacancy.change", "vacancy.check", "vacancy.close", "vacancy.confirm",
    "vacancy.draft", "vacancy.publish", "vacancy.send_back", "vacancy.take_over",
)  # fmt: skip
"""Acts of the audit that are no permission of a role."""
OBJECTS = (
    "audit", "candidate", "client", "course", "employer", "exchange", "import_key", "interaction", "membership",
    "message", "model", "notice", "organisation", "placement", "report", "rule_book", "service", "upload", "user",
    "vacancy",
)  # fmt: skip
"""What an auditor can ask for by name; whatever else stands in the audit is told too."""


def acts() -> Mapping[str, str]:
    """Return the acts that an auditor can ask for, each with its words, in the order of the words' kinds."""
    return {one: act_word(one) for one in [*(action.value for action in Action), *OTHER_ACTS]}


def objects() -> Mapping[str, str]:
    """Return what an auditor can ask for, each with its word."""
    return {one: object_word(one) for one in OBJECTS}


def act_word(action: str) -> str:
    """Return an act in words: one of its own, or what is always done to such things, as looking at them."""
    t = words()
    done = action.removesuffix(".refused") if action not in OTHER_ACTS else action
    name = done.replace(".", "_").replace("-", "_")
    noun, _, verb = done.rpartition(".")
    label = done
    if f"act_of.{name}" in t:
        label = t(f"act_of.{name}")
    elif f"act_on.{noun}" in t and f"act_verb.{verb}" in t:
        label = t(f"act_verb.{verb}", what=t(f"act_on.{noun}"))
    return t("audit.refused", act=label) if done != action else label


def purpose_word(purpose: str) -> str:
    """Return a purpose in words."""
    t = words()
    return t(f"purpose_of.{purpose}") if f"purpose_of.{purpose}" in t else purpose


def object_word(kind: str) -> str:
    """Return what an act was done to."""
    t, name = words(), kind.replace("-", "_")
    return t(f"object_of.{name}") if f"object_of.{name}" in t else kind


def details_in_words(details: Mapping[str, Any]) -> list[str]:
    """Return the details of an act, one text each; what was only not asked for says nothing."""
    t = words()
    told = []
    for name, value in details.items():
        label = _detail(name.removeprefix("by-"))
        if not name.startswith("by-"):
            told.append(f"{label}{t('form.colon')}{_value(value)}")
        elif value:
            told.append(t("audit.asked_by", what=label))
    return told


def _detail(name: str) -> str:
    t, key = words(), name.replace("-", "_")
    return t(f"detail_of.{key}") if f"detail_of.{key}" in t else name


def _value(value: Any) -> str:
    t = words()
    if isinstance(value, bool):
        return t("audit.yes") if value else t("audit.no")
    if isinstance(value, int):
        return str(value)
    word = str(value).replace("-", "_")
    if f"detail_word.{word}" in t:
        return t(f"detail_word.{word}")
    if f"role.{word}" in t:
        return t(f"role.{word}")
    return t(f"act_on.{word}") if f"act_on.{word}" in t else purpose_word(str(value))
