"""What can go wrong with a model.

ModelError
├── InvalidInput       an argument or a table that a model cannot take
├── NotEnoughData      fitting was asked for with nothing to learn from
├── NotFitted          asked before `fit`
└── ArtefactMismatch   a saved model is damaged, incomplete, or of another format
"""


class ModelError(Exception):
    """Base of every error of this package."""


class InvalidInput(ModelError):
    """An argument or a table that a model cannot take; the message says what would be right."""


class NotEnoughData(ModelError):
    """Fitting was asked for with nothing to learn from; the caller leaves this model out."""


class NotFitted(ModelError):
    """Something was asked of a model before `fit`."""

    def __init__(self, model: object) -> None:
        super().__init__(f"{type(model).__name__} is not fitted yet; call `fit` first.")


class ArtefactMismatch(ModelError):
    """A saved model is damaged, incomplete, or of another format than this version reads."""
