"""`yougang balance`: what everybody's lists together send to each post, and which posts step back in all of them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from pipelines.access.roles import program_subject
from pipelines.balancing import Balanced, balanced
from pipelines.desk import Desk
from pipelines.store.crowding import replace_crowding

_SHOWN = 10
_COUNTED = {"placements": "入职", "people": "查看"}


def balance_lists(connection: Connection, desk: Desk, progress: Callable[[int, int], None] | None = None) -> Balanced:
    """Work the prices out and keep them; lists of the same model step back from now on."""
    found = balanced(desk, progress=progress)
    replace_crowding(connection, found.posts, program_subject().by)
    return found


def unbalance_lists(connection: Connection) -> None:
    """Let no post step back any more."""
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
    ]
