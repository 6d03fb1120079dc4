"""What is said when a job fails: always a sentence, with the technical part kept apart."""

import traceback

from inspector.core.errors import InspectorError


def as_sentence(error: Exception, label: str) -> InspectorError:
    """An `InspectorError` that holds no frames, and so keeps no model or array alive.

    An `InspectorError` keeps its type and words; anything else is a fault of the program (or of
    the machine) and says so.
    """
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, InspectorError):
        error.details = error.details or trace
        return _bare(error)
    return _bare(_unexpected(error, label or "The last step", trace))


def _unexpected(error: Exception, label: str, trace: str) -> InspectorError:
    if isinstance(error, MemoryError):
        return InspectorError(
            f"{label}: the computer has not enough memory for it.",
            advice="Close other programs or models and try again.",
            details=trace,
        )
    if isinstance(error, OSError):
        return InspectorError(
            f"{label}: the operating system said “{error.strerror or error}”"
            + (f" for {error.filename}." if error.filename else "."),
            advice="See that the file or folder still exists and may be read and written.",
            details=trace,
        )
    return InspectorError(
        f"{label}: stopped by a fault in the program ({type(error).__name__}: {error}).",
        advice="What was open is still open. Please report it with the details.",
        details=trace,
    )


def _bare(error: InspectorError) -> InspectorError:
    error.__traceback__ = None
    error.__cause__ = None
    error.__context__ = None
    return error
