"""Posting texts of the demo province, put together from stock phrases as postings are.

A few carry body conditions that no task explains, so that there is something to flag.
"""

from collections.abc import Sequence

import numpy as np

from matching.vocabulary import WorkMode
from pipelines.synthetic.words import Trade, load


def describe(
    trade: Trade, *, hours: float, night: bool, unlawful: bool, mode: WorkMode, rng: np.random.Generator
) -> str:
    """Return a posting text: duties, requirements, conditions and the usual promises."""
    words = load("words")
    parts = [_one(words["opening_lines"], rng)] if rng.random() < 0.5 else []
    duties = [trade.duties[k] for k in rng.permutation(len(trade.duties))]
    parts.append("岗位职责：" + "；".join(f"{number}、{duty}" for number, duty in enumerate(duties, 1)) + "。")
    parts.append("任职要求：" + "；".join(_requirements(trade, unlawful=unlawful, rng=rng)) + "。")
    if mode is not WorkMode.ONSITE:
        parts.append("可居家办公，自备电脑或手机即可。" if mode is WorkMode.REMOTE else "熟悉业务后可部分时间居家。")
    if rng.random() < 0.6:
        parts.append("需倒班，含夜班。" if night else f"每天{hours:g}小时，按规定休息。")
    if rng.random() < 0.75:
        promised = rng.choice(words["benefits"], size=int(rng.integers(2, 5)), replace=False)
        parts.append("福利待遇：" + "、".join(promised) + "。")
    return "".join(parts)


def _requirements(trade: Trade, *, unlawful: bool, rng: np.random.Generator) -> list[str]:
    asked = [f"有{skill}经验者优先" if rng.random() < 0.5 else f"能够完成{skill}相关工作" for skill in trade.skills[:2]]
    asked += [f"持有{certificate}" for certificate in trade.certificates]
    if trade.education is not None:
        asked.append(f"{trade.education.label}及以上学历")
    asked.append("踏实肯干，服从安排" if rng.random() < 0.5 else "责任心强，有团队意识")
    if unlawful:
        asked.append(_one(load("words")["unlawful"], rng))
    return asked


def _one(options: Sequence[str], rng: np.random.Generator) -> str:
    return str(options[int(rng.integers(len(options)))])
