"""`python -m tests.support.one_cycle STORE MODELS FOLDER`: one small cycle, which says what it begins.

For tests that kill it from outside.
"""

import sys
from pathlib import Path

from pipelines.quarter.cycle import Cycle, run_cycle
from pipelines.store.session import engine_for
from tests.support.accounts import KEYS
from tests.support.province import QUICK, TODAY
from tests.support.quarter import SMALL
from tests.support.stores import PROGRAM


def main(url: str, models: str, folder: str) -> None:
    """Run the cycle, or go on with it."""

    def tell(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    cycle = Cycle(
        engine=engine_for(url, KEYS),
        models=Path(models),
        folder=Path(folder),
        as_of=TODAY,
        by=PROGRAM.by,
        made_by="named:甲",
        settings=SMALL,
        base=QUICK,
        tell=tell,
    )
    run_cycle(cycle)


if __name__ == "__main__":
    main(*sys.argv[1:])
