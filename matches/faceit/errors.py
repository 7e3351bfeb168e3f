"""What may come of asking FACEIT, other than an answer. `what` is the path that was asked for; none has the token."""

from __future__ import annotations

from typing import ClassVar

from migration_control.service_errors import ServiceError


class FaceitError(ServiceError):
    """Base of them all."""

    code: ClassVar[str] = "faceit"


class NotFound(FaceitError):
    """FACEIT has no such thing; statistics of a match also until they are published."""

    code: ClassVar[str] = "faceit-not-found"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"FACEIT has nothing at {what}. Check the name or id; statistics come some time after the match."
        )


class Unauthorized(FaceitError):
    """The token is none, or may not ask this."""

    code: ClassVar[str] = "faceit-unauthorized"

    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact} Set FACEIT_API_KEY to a server-side key of developers.faceit.com.")


class RateLimited(FaceitError):
    """retry_after: seconds until FACEIT takes requests again, as far as it said; None if it did not."""

    code: ClassVar[str] = "faceit-rate-limited"

    def __init__(self, what: str, retry_after: float | None) -> None:
        self.retry_after = retry_after
        soon = "later" if retry_after is None else f"in {retry_after:.0f} s"
        super().__init__(f"FACEIT takes no more requests just now, so {what} was not had. Try again {soon}.",
                         retry_after=retry_after)  # fmt: skip


class Unavailable(FaceitError):
    """No answer in time, or none but errors of the server's own."""

    code: ClassVar[str] = "faceit-unavailable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"FACEIT did not give {what}: {reason}. Try again later.", reason=reason)


class BadAnswer(FaceitError):
    """An answer, but not one of this API."""

    code: ClassVar[str] = "faceit-bad-answer"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"FACEIT's answer to {what} is not to be used: {reason}. Check FACEIT_API_URL.", reason=reason)
