"""Where a statement comes from: a document and its clause."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A document and a clause, as a caseworker would cite them."""

    document: str
    clause: str

    def as_dict(self) -> dict[str, str]:
        """Return the two as they travel in JSON."""
        return {"document": self.document, "clause": self.clause}
