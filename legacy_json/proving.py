"""That what we write of a file says what stands in it: a trial of each, side by side with the file itself."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from legacy_json import shown
from legacy_json.contents import compose
from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.records import State
from legacy_json.rendering.composing import DIGEST, Written
from legacy_json.rendering.copying import PIECE
from legacy_json.rendering.values import Difference, first_difference
from legacy_json.scratch import PREFIX, Listed


class NotFaithful(LegacyError):
    """What we would write does not say what the bot's file says. The file stays the bot's."""

    def __init__(self, name: str, difference: Difference) -> None:
        super().__init__(
            f"{name} would not be written with the same values: {difference}. It stays the bot's; report this."
        )


def prove(index: Index, root: Path, source: Source, files: Iterable[Listed]) -> None:
    """Each file by itself, one after the other in one folder. Raises NotFaithful, OSError.

    What was shown of their records is gathered, for `shown.proven`.
    """
    folder = Path(tempfile.mkdtemp(dir=index.path.parent, prefix=PREFIX))
    try:
        for file in files:
            _prove(index, root / file.name, source, file, folder / "trial.json")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Nowhere:
    """Of what is written only the digest counts."""

    def write(self, data: bytes, /) -> object:
        return len(data)


def _prove(index: Index, path: Path, source: Source, file: Listed, trial: Path) -> None:
    homes = source.homes_in(file.pattern)
    with shown.gathering(index, file, shown.PROOF) as digests:
        written = compose(index, file, homes, _Nowhere(), digests)
    if written == _as_it_is(path):  # most files are, and need no look at what they say
        return
    with trial.open("wb") as stream:
        compose(index, file, homes, stream)
    difference = first_difference(path, trial)
    if difference is not None:
        raise NotFaithful(file.name, difference)


def _as_it_is(path: Path) -> Written:
    length, digest = 0, hashlib.blake2b(digest_size=DIGEST)
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(PIECE):
            length += len(piece)
            digest.update(piece)
    return Written(length, digest.digest())


def pruned(index: Index, source: Source) -> set[int]:
    """The files that hold what is below a floor: we do not write that, so they prove nothing."""
    query = (
        "SELECT DISTINCT r.file FROM scanned s CROSS JOIN record r ON r.component = s.component AND r.key < s.floor"
        " WHERE s.floor IS NOT NULL AND r.state = ? AND r.file IN (SELECT id FROM file WHERE source = ?)"
    )
    return {file for (file,) in index.connection().execute(query, (State.PRUNED, source.name))}
