"""The words of the pages: one catalogue a language, every text of the templates in it, and nowhere else."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from matching.packaged import parsed

FOLDER = Path(__file__).resolve().parent.parent / "words"
LANGUAGE = "zh_CN"


class Words:
    """The texts of one language by dotted key."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return a text with its places filled in.

        Raises
        ------
        KeyError
            When the catalogue has no such text, or the text a place that nothing was given for.
        """
        return self.texts[key].format(**values) if values else self.texts[key]

    def __contains__(self, key: object) -> bool:
        """True where there is such a text."""
        return key in self.texts


def _flat(held: Any, before: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(held, Mapping):
        for name, inner in held.items():
            yield from _flat(inner, f"{before}.{name}" if before else str(name))
    else:
        yield before, str(held).strip()


@cache
def words(language: str = LANGUAGE) -> Words:
    """Return the catalogue of a language: every file of its folder together.

    Raises
    ------
    ValueError
        When two files give a text for the same key.
    """
    texts: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.yaml")):
        for key, text in _flat(parsed(path.read_text(encoding="utf-8"))):
            if key in texts:
                raise ValueError(f"{path.name}: {key} stands in two files")
            texts[key] = text
    return Words(texts)
