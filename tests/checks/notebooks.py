"""`python -m tests.checks.notebooks [OUT]`: run every notebook from first to last cell; a fault ends it.

The store comes from the settings, as for every command. With a folder the notebooks are written there with what they
show; those in the repository keep none of it.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def main(out: Path | None) -> int:
    """Run them all."""
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
        ).execute()
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, out / path.name)  # type: ignore[no-untyped-call]
        sys.stderr.write(f"{path.name} ran\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
