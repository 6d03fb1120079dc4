"""Errors are sentences for the user: what was read, what was expected, what to try."""


class InspectorError(Exception):
    """Something the user gave cannot be used; nothing that was open is lost.

    Parameters
    ----------
    message
        One or two sentences: what was read and what was expected.
    advice
        One sentence: what to try. Empty where there is nothing to try.
    details
        Technical text for a bug report or a "Copy details" button; never needed to understand.
    """

    def __init__(self, message: str, *, advice: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class BadCheckpoint(InspectorError):
    """The file cannot be read as a checkpoint."""


class UnknownModel(InspectorError):
    """The checkpoint was read, but no query, key and value matrices were found in it."""


class BadImage(InspectorError):
    """The file cannot be read as an image, or holds no picture."""


class CannotRun(InspectorError):
    """The model in a checkpoint cannot be run on an image; its weights can still be looked at."""


class NotComparable(InspectorError):
    """Two checkpoints have no block whose query, key and value matrices correspond."""


class DeviceUnavailable(InspectorError):
    """The chosen device (CUDA, MPS) is not there."""


class ExportFailed(InspectorError):
    """A figure or table could not be written."""


class BadRequest(InspectorError):
    """An option, address or parameter makes no sense for what is open."""


class Cancelled(Exception):
    """Raised inside a long computation at its next progress report after a cancel."""
