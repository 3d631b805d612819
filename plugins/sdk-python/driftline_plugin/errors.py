"""Why there is no answer, as exceptions. Each is an error of the rule alone; the plugin goes on."""

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
    said = str(error)
    first = f"uncaught {type(error).__name__}{': ' if said else ''}{said}"
    return "internal", "\n".join([first, *where(error)])


def where(error: BaseException) -> list[str]:
    """The last frames of a traceback.

    Not by the standard library's `traceback`, for it looks for the source's file, and a component has no files.
    """
    frames = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        frames.append(f"  {code.co_filename.rsplit('/', 1)[-1]}:{at.tb_lineno} in {code.co_name}")
        at = at.tb_next
    return frames[-FRAMES:]
