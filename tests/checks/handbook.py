"""`python -m tests.checks.handbook`: make the pictures of the handbook anew, and note what its pages are made of.

The pages are those of the small invented province, in a browser of this system.
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.console.conftest import a_console
from tests.console.handbook import FINGERPRINT, PICTURES, SHOTS, champion, picture, structure, walk
from tests.support.browser import a_browser


def main() -> int:
    """Make them all."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, a_console(Path(folder)) as console, a_browser() as browser:
        for name, page in walk(console, browser, champion(console)):
            found[name] = structure(page)
            made = picture(page, name)
            (PICTURES / f"{name}.png").write_bytes(made)
            sys.stderr.write(f"{name}: {len(made) // 1024} KB, {len(found[name])} parts\n")
    for old in {path.stem for path in PICTURES.glob("*.png")} - set(SHOTS):
        (PICTURES / f"{old}.png").unlink()
    FINGERPRINT.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
