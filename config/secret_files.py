"""Secrets of an embedded installation: made once, kept in var/secrets, readable by the owner only."""

import os
import secrets
from pathlib import Path


class NotOurs(PermissionError):
    """Secrets of this installation belong to another user."""


def closed(error: PermissionError) -> str:
    """Return the line for a file or folder that this user may not touch."""
    if isinstance(error, NotOurs):
        return str(error)
    return (
        f"{error.filename} is closed to this user: run as the user that made it, "
        f"or set SWITCHYARD_VAR to a folder of your own."
    )


def secret(home: Path, name: str) -> str:
    """Return the secret `name` kept under `home`, and make it (64 random characters) when there is none yet.

    Raises NotOurs.
    """
    folder = home / "secrets"
    file = folder / name
    try:
        if not file.exists():
            home.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _create(file, secrets.token_urlsafe(48))
        return file.read_text().strip()
    except PermissionError as error:
        raise NotOurs(closed(error)) from error


def _create(file: Path, value: str) -> None:
    # Two processes may start at once. The file is whole before it has its name, and link() fails if there is one.
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(value)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
