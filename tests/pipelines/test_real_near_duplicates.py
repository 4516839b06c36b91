"""Postings that say the same with other noise around it are nearly one text, on the real sets.

The sets may not be redistributed: they are found through `YOUGANG_SHARED` or `../shared` beside the repository.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from matching.features import tokenizer
from models.text import TextSpace

SHARED = Path(os.environ.get("YOUGANG_SHARED", Path(__file__).resolve().parents[3] / "shared"))
SETS = {
    "jobs_it_2019_multi": ("position", "company", "description"),
    "jobs_bluecollar_2015": ("职位名称", "公司", "职位描述"),
}
NOISE = {
    "benefits": "【福利待遇】五险一金、年终奖、带薪年假、节日福利、餐补房补话补、全勤奖、定期体检、团建、下午茶",
    "hashtags and emoji": "🔥🔥急聘！✨ #急招# #高薪诚聘# 📞 扫码加群 https://example.cn/a?b=1",
    "English": "Join us now! Great team, nice salary, welcome to apply!",
    "slogans": "欢迎加入我们的大家庭，有意者请投递简历，期待你的加入~~公司环境优美，晋升空间大，扁平化管理",
}


def postings(name: str, n: int) -> pd.DataFrame:
    path = SHARED / "data" / name / "jobs.csv.gz"
    if not path.is_file():
        pytest.skip(f"real postings not here: set YOUGANG_SHARED to the folder that holds data/{name}")
    title, company, text = SETS[name]
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table = table[table[text].str.len() > 60].drop_duplicates([title, text])
    chosen = table if len(table) <= n else table.sample(n, random_state=1)
    return chosen.rename(columns={title: "title", company: "company", text: "text"})


def words(table: pd.DataFrame, noise: str = "") -> list[list[str]]:
    pairs = zip(table["title"], table["text"], strict=True)
    return [tokenizer().tokens(f"{title} {title} {noise} {text}")[:400] for title, text in pairs]


def likeness(left: list[list[str]], right: list[list[str]], space: TextSpace) -> NDArray[np.float64]:
    return np.asarray((space.transform(left) @ space.transform(right).T).toarray(), dtype=np.float64)


@pytest.mark.parametrize("name", sorted(SETS))
@pytest.mark.parametrize("kind", sorted(NOISE))
def test_noise_around_a_posting_leaves_it_next_to_itself(name: str, kind: str) -> None:
    table = postings(name, 800)
    space = TextSpace().fit(words(table))
    some = table.head(150)
    found = likeness(words(some, NOISE[kind]), words(table), space)
    own = found[np.arange(len(some)), np.arange(len(some))]
    assert np.quantile(own, 0.01) > 0.9
    assert np.median(own) > 0.97
    # Nothing else comes before itself; a reposting of the same words may stand beside it.
    assert (found.max(axis=1) <= own + 0.02).mean() >= 0.98


def test_an_employers_repostings_of_one_title_stand_together() -> None:
    table = postings("jobs_it_2019_multi", 40_000)
    groups = table.groupby(["company", "title"], sort=True)
    pairs = groups.filter(lambda rows: len(rows) == 2).sort_values(["company", "title"], kind="stable").head(300)
    texts = words(pairs)
    found = likeness(texts, texts, TextSpace().fit(texts))
    np.fill_diagonal(found, 0.0)
    other = np.arange(len(texts)) ^ 1
    own = found[np.arange(len(texts)), other]
    near = own > 0.6  # the rest share the title alone: two posts, not one posting twice
    assert near.mean() > 0.6
    assert (found[near].argmax(axis=1) == other[near]).mean() > 0.9
