"""What a soak tells: figures for a person or a program, and of what went wrong the shortest history that shows it."""

from __future__ import annotations

from typing import Any

from tests.soak.availability import by_stage, longest
from tests.soak.checker import KINDS, Violation
from tests.soak.judging import Judged
from tests.soak.lives import NEVER, Operation, Past, Sight

SHOWN = 3  # violations with their histories
LINES = 25  # of one history


def figures(judged: Judged, *, seed: int, seconds: float, ended_badly: list[str]) -> dict[str, Any]:
    asked = judged.operations
    done = sum(asked[name] for name in ("acknowledged", "refused", "unknown", "reads", "failed reads"))
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "operations": done,
        "operations per second": round(done / seconds) if seconds else 0,
        "outcomes": dict(asked.most_common()),
        "stale reads": judged.stale,
        "writes by kind": dict(judged.kinds.most_common()),
        "faults": sum(judged.faults.values()),
        "faults by kind": dict(judged.faults.most_common()),
        "moves": sum(count for name, count in judged.moves.items() if name.endswith(": done")),
        "changes of stage on record": sum(len(lines) for lines in judged.stood.values()),
        "steps by end": dict(judged.moves.most_common()),
        "served by stage": {
            stage: f"{served.share:.2%} of {served.calls}"
            for stage, served in by_stage(judged.calls, judged.stood).items()
        },
        "longest without service (s)": {name: round(gap, 1) for name, gap in longest(judged.calls).items()},
        "files parsed": judged.looks,
        "errors": dict(judged.refusals.most_common()),
        "mishaps in the background": dict(judged.mishaps.most_common()),
        "processes that ended badly": ended_badly,
        "violations": len(judged.violations),
        "violations by kind": {
            kind: count for kind in KINDS if (count := sum(v.kind == kind for v in judged.violations))
        },
    }


def shown(judged: Judged) -> list[str]:
    """The violations with the least to be read about them, each with its history."""
    told = [(violation, _history(judged, violation)) for violation in judged.violations]
    told.sort(key=lambda each: len(each[1]) if each[1] else LINES)
    lines: list[str] = []
    for violation, history in told[:SHOWN]:
        lines += [f"{violation.kind}: {KINDS[violation.kind]}", f"  {_place(violation)}{violation.what}", *history, ""]
    return lines


def _place(violation: Violation) -> str:
    return f"{violation.component} {violation.key!r}: " if violation.component else ""


def _history(judged: Judged, violation: Violation) -> list[str]:
    """The writes concerned, and what happened to the record about then."""
    past = judged.pasts.get((violation.component, violation.key))
    if past is None:
        return []
    moments = _moments(past)
    about = {at for at, tokens, _ in moments if tokens & set(violation.tokens)}
    about |= {violation.at} if violation.at else set()
    if not about:
        about = {moments[-1][0]} if moments else set()
    near = sorted(moments, key=lambda each: min((abs(each[0] - at) for at in about), default=0))[:LINES]
    start = min((at for at, *_ in near), default=0)
    stages = [
        (line.at, set[str](), f"stage {line.stage}, epoch {line.epoch} ({line.kind})")
        for line in judged.stood.get(violation.component, [])
        if start <= line.at <= max((at for at, *_ in near), default=0)
    ]
    together = sorted([*near, *stages], key=lambda each: each[0])
    return [f"    {(at - start) / 1e6:12.3f} ms  {text}" for at, _, text in together]


def _moments(past: Past) -> list[tuple[int, set[str], str]]:
    found = [(operation.began, {operation.token}, _told(operation)) for operation in past.operations.values()]
    return found + [
        (sight.began, set(sight.state.tail if sight.state else ()), _seen(sight))
        for sight in past.sights
        if sight.by is None
    ]


def _told(operation: Operation) -> str:
    end = "" if operation.ended == NEVER else f" after {(operation.ended - operation.began) / 1e6:.1f} ms"
    result = f" {operation.seen.text} v{operation.seen.version}" if operation.seen else ""
    error = f" ({operation.error})" if operation.error else ""
    return f"{operation.kind} {operation.token} {operation.outcome}{error}{end}{result}"


def _seen(sight: Sight) -> str:
    what = (
        "nothing" if sight.state is None else f"{sight.state.born}|{sight.state.changes}|{','.join(sight.state.tail)}"
    )
    marks = " (stale)" * sight.stale + " (final)" * sight.final
    return f"read {what} v{sight.version}{marks}, {(sight.ended - sight.began) / 1e6:.1f} ms"
