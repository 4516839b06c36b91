"""What cannot be taken back from a page is looked at once more before it is kept (WCAG 2.2, 3.3.4).

The act is tried first and undone, so that whatever would be refused is said while the form is still there; what is
asked to be confirmed would go through. Everything that was typed goes along in hidden fields, and nothing is kept
meanwhile.
"""

from collections.abc import Sequence

from fastapi import Request, Response

from api.forms import CSRF_FIELD, Form
from api.pages.render import page

LOOKED, CHANGE = "looked_again", "change"


class Undone(Exception):
    """Raised at the end of the transaction in which an act was tried, so that nothing of it stays."""


def is_confirmed(form: Form) -> bool:
    """True where the form comes from the page on which it was looked at again."""
    return bool(form.text(LOOKED))


def look_again(
    request: Request, form: Form, lines: Sequence[tuple[str, str]], *, address: str, title: str, warns: str, do: str
) -> Response:
    """Show what would be kept, with what follows from it, and ask.

    Parameters
    ----------
    lines
        Label and words of each thing that would be kept.
    address
        Where the form goes, with `LOOKED` to keep it, with `CHANGE` to mend it.
    """
    ours = {CSRF_FIELD, LOOKED, CHANGE}
    held = [(name, value) for name, values in form.texts.items() if name not in ours for value in values]
    return page(
        request,
        "look_again.html",
        lines=[line for line in lines if line[1]],
        held=held,
        address=address,
        title=title,
        warns=warns,
        do=do,
        looked=LOOKED,
        change=CHANGE,
    )
