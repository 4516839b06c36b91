"""`python -m bench.worlds [--world NAME …]`: worlds whose right order is known, and how much of the way to it is gone.

`bench.plain_worlds` and `bench.able_worlds` say what decides in them. Beside the right order stands the one that could
be known at all (`World.knowable`), and beside the product's LightFM one tuned as a reference (64 dimensions, 10 epochs,
rows by rarity and of unit length). The way gone is counted from the better of that and likeness of words.
`--keep DIR` leaves the tables there, for `yougang evaluate --world DIR/NAME`. Worlds of other seeds (`--seed`) are for
holding back: what was chosen on the ones named here is measured on those.
"""

import argparse
import csv
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from bench.able_worlds import ABLE, AbleConfig, invent_able
from bench.plain_worlds import PLAIN, PlainConfig, invent_plain
from bench.tuned import tuned_lightfm
from bench.world import TODAY, World
from pipelines.evaluate import SEGMENTS, EvaluateConfig, evaluate, split_day
from pipelines.worlds import load_world

WORLDS: dict[str, PlainConfig | AbleConfig] = {**PLAIN, **ABLE}
MODELS = (
    "popularity",
    "text",
    "content",
    "collaborative",
    "tuned",
    "factors",
    "hybrid",
    "shortlist",
    "knowable",
    "right",
)


def invent(config: PlainConfig | AbleConfig) -> World:
    """Invent a world."""
    return invent_plain(config) if isinstance(config, PlainConfig) else invent_able(config)


def write(world: World, folder: Path) -> None:
    """Write the tables as a world that `yougang evaluate --world` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in world.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)


def measure(world: World, folder: Path) -> tuple[dict[str, dict[str, float]], dict[str, float] | None]:
    """Return NDCG@10 by model and segment, and how far the stated chance is right."""
    write(world, folder)
    casebook, config = load_world(folder, today=TODAY), EvaluateConfig()
    split: date = split_day(casebook.learnable(), config.split_share)
    beside = {
        "right": world.right,
        "knowable": world.knowable(split),
        "tuned": tuned_lightfm(casebook.learnable(), split),
    }
    document = evaluate(casebook, replace(config, split_at=split), beside=beside)
    found: dict[str, dict[str, float]] = {}
    for model in MODELS:
        measured = document["models"][model]
        found[model] = {s: i["mean"] if (i := measured[s]["ndcg@10"]) else float("nan") for s in SEGMENTS}
    return found, document["chance"]


def gone(found: dict[str, dict[str, float]], segment: str, to: str = "right") -> float:
    """Return the share of the way from the better of LightFM alone and text to an order that the score goes."""
    start = max(found[name][segment] for name in ("collaborative", "tuned", "text"))
    return (found["hybrid"][segment] - start) / (found[to][segment] - start)


def main() -> int:
    """Invent worlds, measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", action="append", choices=sorted(WORLDS), help="all where not given")
    asked.add_argument("--seed", type=int, help="another world of the same kind")
    asked.add_argument("--keep", type=Path, help="where the tables stay")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="yougang-worlds-") as scratch:
        for name in given.world or sorted(WORLDS):
            config = WORLDS[name] if given.seed is None else replace(WORLDS[name], seed=given.seed)
            found, chance = measure(invent(config), (given.keep or Path(scratch)) / name)
            print(f"{name}, seed {config.seed}: NDCG@10 for {', '.join(SEGMENTS)}")
            for model, by_segment in found.items():
                print(f"  {model:<14} {'  '.join(f'{by_segment[s]:.3f}' for s in SEGMENTS)}")
            for to in ("right", "knowable"):
                print(f"  {'to ' + to:<14} {'  '.join(f'{gone(found, s, to):5.0%}' for s in SEGMENTS)}")
            print(f"  chance: {chance}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
