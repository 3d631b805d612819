"""Why there is no answer, as exceptions. Each is an error of the rule alone; the plugin goes on."""

import traceback


class PluginError(Exception):
    """A fault of the plugin; the base of the others."""

    #: The case of the interface's `error`.
    case = "internal"


class InvalidParams(PluginError):
    """The parameters do not fit together. The message is for the author of the suite."""

    case = "invalid-params"


class InvalidInput(PluginError):
    """The data does not fit."""

    case = "invalid-input"


class InsufficientData(PluginError):
    """There is too little data to answer. Never an alarm: the expectation is skipped."""

    case = "insufficient-data"


class InvalidState(PluginError):
    """The bytes of a state are damaged or of another version."""

    case = "invalid-state"


#: How many frames of a traceback are told.
FRAMES = 3


def case_and_message(error: BaseException) -> tuple[str, str]:
    """The case of the interface's `error`, and what is told.

    Of an exception that is not one of ours the last lines of the traceback are told too, for across
    the border nothing else would be left of it.
    """
    if isinstance(error, PluginError):
        return error.case, str(error) or type(error).__name__
    last = "".join(traceback.format_exception_only(type(error), error)).strip()
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = [f"  {it.filename.rsplit('/', 1)[-1]}:{it.lineno} in {it.name}: {it.line or ''}".rstrip() for it in frames]
    return "internal", "\n".join([f"uncaught {last}", *where])
