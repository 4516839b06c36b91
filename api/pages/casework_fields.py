"""Fields of the forms of casework, which no table of the import specifies."""

from collections.abc import Iterable, Mapping, Sequence

from api.forms import Form
from api.pages.fields import Field, Option, Wrong
from api.pages.words import words
from api.routes.consents import day_of
from matching.vocabulary import Term
from pipelines.registers.errors import Fault, RowRefused
from pipelines.schema import holds_citizen_number


class Asked:
    """The fields of one form: as sent where it came back with faults, else as they begin."""

    def __init__(self, form: Form | None, faults: Sequence[Fault]) -> None:
        self._form = form
        self._wrong = {fault.column: fault.reason for fault in reversed(faults)}

    def _held(self, name: str, begins: str) -> str:
        if self._form is None:
            return begins
        sent = self._form.text(name)
        return "" if holds_citizen_number(sent) else sent

    def _label(self, name: str) -> str:
        return words()(f"casework_field.{name}")

    def day(self, name: str, begins: str) -> Field:
        """Return a field for a day."""
        held, hint = self._held(name, begins), words().texts.get(f"hint.{name}", words()("hint.day"))
        return Field(name, self._label(name), "text", held, hint=hint, fault=self._wrong.get(name, ""), is_short=True)

    def area(self, name: str, begins: str = "") -> Field:
        """Return a field for several lines."""
        hint = words().texts.get(f"hint.{name}", "")
        return Field(
            name, self._label(name), "area", self._held(name, begins), hint=hint, fault=self._wrong.get(name, "")
        )

    def line(self, name: str, begins: str = "") -> Field:
        """Return a field for one line."""
        hint = words().texts.get(f"hint.{name}", "")
        return Field(
            name, self._label(name), "text", self._held(name, begins), hint=hint, fault=self._wrong.get(name, "")
        )

    def one_of(self, name: str, terms: Iterable[Term], begins: str) -> Field:
        """Return a field for one word of a list."""
        return self.choice(name, {term.value: term.label for term in terms}, begins)

    def choice(self, name: str, known: Mapping[str, str], begins: str, *, kind: str = "select") -> Field:
        """Return a field for one of some values under their labels."""
        held = self._held(name, begins)
        options = tuple(Option(value, label, value == held) for value, label in known.items())
        return Field(name, self._label(name), kind, options=options, fault=self._wrong.get(name, ""))

    def told(self, names: Sequence[str]) -> list[Wrong]:
        """Return the lines of the summary of faults; what concerns no field is tied to the first."""
        return [
            Wrong(name if name in names else names[0], self._label(name if name in names else names[0]), reason)
            for name, reason in self._wrong.items()
        ]


def word_of(name: str, terms: type[Term], form: Form) -> str:
    """Return a sent word of a fixed list.

    Raises
    ------
    RowRefused
        When it is none of them.
    """
    if form.text(name) not in {term.value for term in terms}:
        raise RowRefused([Fault(name, words()("consents.choose"))])
    return form.text(name)


def day_sent(name: str, form: Form) -> str:
    """Return a sent day as it was typed.

    Raises
    ------
    RowRefused
        When there is no such day.
    """
    day_of(name, form.text(name))
    return form.text(name)
