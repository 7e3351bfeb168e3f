"""docs/validating.md has every rule, with its severity."""

from __future__ import annotations

import json
import re
from pathlib import Path

from switchyard.validating.rules import RULES
from tests.config.conftest import type_of_run
from tests.docs.page import DOCS

_line = re.compile(r"^\| `([a-z-]+)` \| (\w+) \|.*\| (.*?) ?\|$", re.MULTILINE)


def test_every_rule_has_its_line_with_its_severity() -> None:
    lines = {code: (severity, mended) for code, severity, mended in _line.findall((DOCS / "validating.md").read_text())}
    assert {code: severity for code, (severity, _) in lines.items()} == {
        code: str(rule.severity) for code, rule in RULES.items()
    }
    for code, (_, mended) in lines.items():
        assert (mended not in ("", "never") and not mended.startswith("no")) is RULES[code].fixable, code


def test_the_command_in_a_process_of_its_own(manage: type_of_run, tmp_path: Path) -> None:
    nothing = {"STORAGE_BACKEND": "json", "ENABLE_SERVICES": "false", "LEGACY_DIR": str(tmp_path)}
    done = manage("manage.py", "migration_validate", "users", "--json", LEGACY_TIME_ZONE="UTC", **nothing)
    assert done.returncode == 1, done.stderr
    assert {issue["code"] for issue in json.loads(done.stdout)["issues"]} == {"not-checked", "one-store"}
