"""The one error of the data plane."""

from http import HTTPStatus


class RefusedError(Exception):
    """The message is refused; the connection ends, because nobody knows where the next one begins."""

    def __init__(self, status: int, why: str) -> None:
        """`why` is for the log and the answer's body."""
        super().__init__(why)
        self.status = status

    @property
    def phrase(self) -> str:
        """The status's own words."""
        return HTTPStatus(self.status).phrase
