"""What a JSON file of any bot holds: `inspect(path)`; the command legacy_inspect prints it."""

from legacy_json.inspection import Inspection, Section, inspect

__all__ = ["Inspection", "Section", "inspect"]
