"""The one error that is the user's to mend; everything else is a bug and may crash."""


class UserError(Exception):
    """Input that Apportion cannot use, told in one line: where, what was found, what was expected, what to do.

    The command line prints it without a traceback and exits with status 2.
    """

    def __init__(self, where: str, found: str, expected: str, cure: str) -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.cure = cure
        super().__init__(where, found, expected, cure)

    def __str__(self) -> str:
        line = f"{self.where}: found {self.found}; expected {self.expected}. {self.cure}"
        return " ".join(line.split())
