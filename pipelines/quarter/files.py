"""Files that are there whole or not at all, even after a power cut: written beside, forced to the disk, then moved."""

import os
from pathlib import Path


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a text (UTF-8) in place of what was there; readable to its owner alone unless another mode is given."""
    beside = path.with_name(f".{path.name}.partial")
    beside.touch(mode=mode)
    with beside.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    force_folder(path.parent)


def force_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
