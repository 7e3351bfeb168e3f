"""Whether a disk has room: a refusal beforehand is better than an installation that stops half way."""

import shutil
from pathlib import Path

from config.supervisor import Refusal


def refuse_full_disk(folder: Path, wanted: int, purpose: str = "") -> None:
    """Raise Refusal unless the disk of `folder` has `wanted` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise Refusal(
            f"Only {free // 10**6} MB are free on the disk of {folder}, {wanted // 10**6} MB are needed{purpose}: "
            f"free some, or put SWITCHYARD_VAR on another disk."
        )
