"""What a service refuses, so that a program can tell refusals apart, and a person be told in their own language."""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """A call that a service did not carry out; no store has changed. The message is a fact and a remedy, in English.

    code: what kind of refusal it is, in lower case with hyphens; unique among all services.
    facts: the values in the message, by name, from which a text in another language is made.
    """

    code: ClassVar[str] = ""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts
