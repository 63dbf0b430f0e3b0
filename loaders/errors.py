"""The one exception that a user may see."""


class LoaderError(Exception):
    """A problem that the user can mend.

    The message is one clear sentence: what is wrong, where (file, line, column), what was expected
    and what to do. The command line prints it without a traceback and exits with status 1.
    """
