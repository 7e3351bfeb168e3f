"""Why Switchyard cannot work in a bot's process. Each message is a fact and its remedy."""

from __future__ import annotations

from pathlib import Path


class HostingError(Exception):
    """Base of these."""


class AnotherDjango(HostingError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"This process has a Django of its own ({what}), and a process has settings for one. Call Switchyard from a"
            " process without Django, or add its apps and settings to yours."
        )


class NameTaken(HostingError):
    """A package of the bot's hides one of ours."""

    def __init__(self, name: str, found: str) -> None:
        self.name = name
        super().__init__(
            f"The package {name!r} of Switchyard is hidden by {found}, which is first on sys.path. Rename that one, or"
            " move it below a package of the bot's."
        )


class NotInstalled(HostingError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"The package {name!r}, which Switchyard needs, is not installed here. Install Switchyard into this virtual"
            " environment: pip install /path/to/switchyard"
        )


class NoInstallation(HostingError):
    def __init__(self, home: Path) -> None:
        super().__init__(
            f"{home} is no folder of an installation: it has neither .env nor var/, and nothing else names a database."
            " Name the folder in which `make run` is started: switchyard.setup(home=...), or SWITCHYARD_HOME."
        )


class ClosedToBot(HostingError):
    """The bot runs as somebody who may not read the installation's secrets."""

    def __init__(self, line: str) -> None:
        super().__init__(f"{line} The bot and the installation run as one user, or DATABASE_URL and REDIS_URL are set.")


class WrongSettings(HostingError):
    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


class SetUpElsewhere(HostingError):
    def __init__(self, before: Path, now: Path) -> None:
        super().__init__(
            f"This process serves {before} already, and cannot serve {now} too. Use another process for it."
        )


class ServersAway(HostingError):
    """Where JSON is the authority the bot can go on all the same."""
