"""What whoever acted is called on a page: staff by their own names, programs and this machine by what they are."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from pipelines.store.tables import users

_USER, _NAMED, _CLIENT = "user:", "named:", "client:"
_OTHERS = {
    "command-line": "命令行",
    "local": "本机用户",
    "service": "服务程序",
    "import": "导入",
    "import-office": "导入的机构",
    "installation": "随程序安装",
}
_MANY = 400


def actor_names(connection: Connection, actors: Iterable[str | None]) -> dict[str, str]:
    """Return for each actor, as the audit has it, what they are called; nobody of this store keeps the bare id."""
    wanted = sorted({actor for actor in actors if actor is not None})
    found = {actor: _plain(actor) for actor in wanted}
    ids = [actor.removeprefix(_USER) for actor in wanted if actor.startswith(_USER)]
    for start in range(0, len(ids), _MANY):
        columns = (users.c.user_id, users.c.display_name)
        statement = select(*columns).where(users.c.user_id.in_(ids[start : start + _MANY]))
        found |= {f"{_USER}{user_id}": name for user_id, name in connection.execute(statement)}
    return found


def _plain(actor: str) -> str:
    if actor.startswith(_NAMED):
        return actor.removeprefix(_NAMED)
    if actor.startswith(_CLIENT):
        return f"程序 {actor.removeprefix(_CLIENT)}"
    return _OTHERS.get(actor, actor)
