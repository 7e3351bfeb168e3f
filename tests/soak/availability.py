"""How much of what was asked for was served, stage by stage, and how long nothing was."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tests.soak.history import Stood

Call = tuple[int, int, str, bool]  # began, ended (ns), component, served

FIRST = "disabled json"


class Served(NamedTuple):
    calls: int
    served: int

    @property
    def share(self) -> float:
        return self.served / self.calls if self.calls else 1.0


def by_stage(calls: Iterable[Call], stood: Mapping[str, Sequence[Stood]]) -> dict[str, Served]:
    """By the stage that the component was in when the call began."""
    times = {name: [line.at for line in lines] for name, lines in stood.items()}
    asked, served = Counter[str](), Counter[str]()
    for began, _, component, done in calls:
        at = bisect_right(times.get(component, []), began)
        stage = stood[component][at - 1].stage if at else FIRST
        asked[stage] += 1
        served[stage] += done
    return {stage: Served(asked[stage], served[stage]) for stage in sorted(asked)}


def longest(calls: Iterable[Call]) -> dict[str, float]:
    """By component, seconds between two calls that were served, in which another one was not."""
    ends: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for _, ended, component, done in calls:
        ends[component].append((ended, done))
    return {component: _gap(sorted(each)) / 1e9 for component, each in sorted(ends.items())}


def _gap(ends: list[tuple[int, bool]]) -> int:
    worst, last, failed = 0, ends[0][0], False
    for ended, done in ends:
        if not done:
            failed = True
            continue
        if failed:
            worst = max(worst, ended - last)
        last, failed = ended, False
    return worst
