"""Looking at a JSON file of any bot without changing anything; see legacy_json.inspect."""

from legacy_json.inspection.looking import inspect
from legacy_json.inspection.summary import Inspection, Section

__all__ = ["Inspection", "Section", "inspect"]
