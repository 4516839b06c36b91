"""`yougang balance`: what everybody's lists together send to each post, and which posts step back in all of them.

With it exposure at equal fit by group, before and after, and what keeping it equal costs.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from matching.exposure import ExposureRule, exposure_rule
from matching.regions import is_prefecture_wide, region_name
from pipelines.access.roles import program_subject
from pipelines.balancing import Balanced, balanced
from pipelines.desk import Desk
from pipelines.documents import EXPOSURE_ATTRIBUTES
from pipelines.evaluate import interval_document
from pipelines.exposure import ByGroup
from pipelines.quarter.group_words import group_word
from pipelines.store.crowding import replace_crowding

_SHOWN = 10
_COUNTED = {"placements": "入职", "people": "查看"}


def balance_lists(connection: Connection, desk: Desk, progress: Callable[[int, int], None] | None = None) -> Balanced:
    """Work the prices out and keep them; lists of the same model step back from now on."""
    found = balanced(desk, progress=progress)
    replace_crowding(connection, found.posts, program_subject().by, lifts=found.lifts)
    return found


def unbalance_lists(connection: Connection) -> None:
    """Let no post step back and nobody come forward any more."""
    replace_crowding(connection, (), program_subject().by)


def balance_document(found: Balanced, desk: Desk) -> dict[str, Any]:
    """Return what was found, the most crowded posts first."""
    titles = {item.vacancy.vacancy_id: item.vacancy.title for item in desk.index.stock.items}
    crowded = sorted(found.posts, key=lambda post: (-post.looks, post.vacancy_id))
    return {
        "as_of": desk.rules.on.isoformat(),
        "model_version": desk.model_version,
        "people": found.n_people,
        "people_looked_at": found.n_sampled,
        "posts": found.n_posts,
        "bound": round(found.bound, 2),
        "bound_counts": "placements" if found.counts_placements else "people",
        "stepping_back": len(crowded),
        "most_crowded": [
            {
                "vacancy_id": post.vacancy_id,
                "title": titles[post.vacancy_id],
                "people_per_opening": round(post.looks, 1),
                "openings": round(post.openings),
                "price": round(post.price, 4),
            }
            for post in crowded[:_SHOWN]
        ],
        "exposure": _exposure_document(found, exposure_rule(desk.rules.on)),
    }


def _exposure_document(found: Balanced, rule: ExposureRule | None) -> dict[str, Any] | None:
    """Return exposure by group before and after, with its price; None where no rule is in force or nobody has lists."""
    looks, shown = found.looks, found.shown
    if rule is None or shown is None:
        return None
    return {
        "rule_from": rule.since.isoformat(),
        "is_on": rule.is_on,
        "gap_allowed": rule.gap,
        "smallest_group": rule.least,
        "looks": None
        if looks is None
        else {
            "people": looks.n_people,
            "posts": looks.n_posts,
            "people_who_came_or_went": looks.n_moved,
            "fit_seen": _pair(looks.fit, 4),
            "placed_if_followed": _pair(looks.placed, 1),
            "by_attribute": {
                a: {**_groups_document(of), "is_kept": of.gap_after <= rule.gap} for a, of in looks.by_attribute.items()
            },
        },
        "shown": {
            "steps_back_by": shown.scale,
            "fit_shown": _pair(shown.fit, 4),
            "placed_if_followed": _pair(shown.placed, 1),
            "by_attribute": {
                a: {
                    **_groups_document(of),
                    "gap_of_change": round(of.gap_of_change, 4),
                    "is_kept": of.gap_of_change <= rule.gap,
                }
                for a, of in shown.by_attribute.items()
            },
        },
    }


def _pair(values: tuple[float, float] | None, digits: int) -> dict[str, float] | None:
    return None if values is None else {"before": round(values[0], digits), "after": round(values[1], digits)}


def _groups_document(of: ByGroup) -> dict[str, Any]:
    return {
        "gap": {"before": round(of.gap_before, 4), "after": round(of.gap_after, 4)},
        "groups": {
            name: {
                "people": of.before[name].n,
                "before": interval_document(of.before[name]),
                "after": interval_document(of.after[name]),
            }
            for name in sorted(of.before)
            if name in of.after
        },
    }


def balance_words(document: dict[str, Any]) -> list[str]:
    """Return the document as lines for a terminal."""
    head = (
        f"{document['people']} 人的名单合计涉及 {document['posts']} 个岗位；"
        f"每个空缺预计{_COUNTED[document['bound_counts']]}超过 {document['bound']:.1f} 人算拥挤，"
        f"有 {document['stepping_back']} 个岗位在所有名单中顺延"
    )
    return [
        head,
        *(
            f"  {post['vacancy_id']}  {post['title']}：{post['openings']} 个空缺，"
            f"每个约 {post['people_per_opening']} 人"
            for post in document["most_crowded"]
        ),
        *_exposure_words(document["exposure"]),
    ]


def _exposure_words(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    kept = f"同等合意、同等露出：各人群之间相差不超过 {found['gap_allowed']:.0%}（自 {found['rule_from']} 起"
    lines = [f"{kept}，{'启用' if found['is_on'] else '未启用，只测量'}；不足 {found['smallest_group']} 人的人群合并）"]
    looks, shown = found["looks"], found["shown"]
    if looks is not None:
        lines.append(
            f"  单位一侧（{looks['posts']} 个岗位、{looks['people']} 人，每个岗位前若干位）："
            f"{looks['people_who_came_or_went']} 人因此进出前若干位；"
            f"所见的人平均合意 {_moved_words(looks['fit_seen'], 3)}{_placed_words(looks['placed_if_followed'])}"
        )
        lines += _attribute_lines(looks["by_attribute"])
    lines.append(
        f"  本人一侧（名单前几位的合意，占可列岗位中最合意者的份额）：平均合意 {_moved_words(shown['fit_shown'], 3)}"
        f"{_placed_words(shown['placed_if_followed'])}；拥挤岗位按算出的 {shown['steps_back_by']:.0%} 顺延"
    )
    return lines + _attribute_lines(shown["by_attribute"])


def _moved_words(pair: dict[str, float], digits: int) -> str:
    return f"{pair['before']:.{digits}f} → {pair['after']:.{digits}f}"


def _placed_words(pair: dict[str, float] | None) -> str:
    return "" if pair is None else f"，照名单办预计入职 {_moved_words(pair, 1)} 人"


def _attribute_lines(by_attribute: dict[str, Any]) -> list[str]:
    return [
        f"    {EXPOSURE_ATTRIBUTES.get(attribute, attribute)}：相差 {of['gap']['before']:.0%}"
        f" → {of['gap']['after']:.0%}{_change_words(of)}{'' if of['is_kept'] else '，超出'}"
        f"{_lowest_words(attribute, of['groups'])}"
        for attribute, of in by_attribute.items()
    ]


def _change_words(of: dict[str, Any]) -> str:
    return f"，其中顺延所致 {of['gap_of_change']:.1%}" if "gap_of_change" in of else ""


def _lowest_words(attribute: str, groups: dict[str, Any]) -> str:
    if len(groups) < 2:
        return ""
    name = min(groups, key=lambda one: (groups[one]["before"]["mean"], one))
    low = groups[name]["before"]
    return f"；原先最少的是{exposure_group(attribute, name)} {low['mean']:.2f}［{low['low']:.2f}，{low['high']:.2f}］"


def exposure_group(attribute: str, name: str) -> str:
    """Return a group in plain Chinese; a county's prefecture stands for those of its counties that are too small."""
    if attribute == "county" and name.isdigit():
        return f"{region_name(name)}人数少的各县区" if is_prefecture_wide(name) else region_name(name)
    return group_word(attribute, name)
