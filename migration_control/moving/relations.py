"""What the stages of other components have to do with a step of one: parents, children, and who shares its files."""

from __future__ import annotations

from collections.abc import Mapping

from migration_control import components, store
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.moving.errors import MoveRefused
from migration_control.stages import Kind, Stage, Step, Store

States = Mapping[str, ComponentState]


class Closed(MoveRefused):
    """Its migration has ended."""

    def __init__(self, component: str) -> None:
        super().__init__(
            f"The migration of {component} is closed: the database has it for good, and there is no way back."
            f" migration_export {component} writes it out as the bot's files; who closed it, and why:"
            f" migration_history {component}"
        )


def related(component: Component) -> list[Component]:
    """Itself and all that a step of it looks at, in the order in which their locks are taken."""
    names = {c.name for c in component.lineage} | {c.name for c in children(component)}
    names |= {c.name for c in mates(component)}
    return [c for c in components.everything() if c.name in names]


def children(component: Component) -> list[Component]:
    return [c for c in components.everything() if c.parent == component.name]


def mates(component: Component) -> list[Component]:
    """The others whose records lie in the same files, which are ours, or the bot's, for all of them."""
    return [c for c in store.together(component) if c.name != component.name]


def refusal(component: Component, step: Step, states: States) -> str:
    """Why the stages of the others forbid the step, or its own migration has ended; empty when nothing does."""
    if states[component.name].closed:
        return str(Closed(component.name))
    if not step.forward:
        ended = [c.name for c in mates(component) if states[c.name].closed]
        if ended:
            return (
                f"The migration of {', '.join(ended)}, in the same files as {component.name}, is closed: those files"
                " are not written any more, so there is nothing to go back to."
            )
    if step.kind is Kind.TO_DATABASE and component.parent:
        parent = states[component.parent]
        if parent.authority != Store.DATABASE:
            return (
                f"JSON is still the authority for {parent.name}, the parent of {component.name}, which is never ahead."
                f" Move {parent.name} first."
            )
    if step.kind is Kind.TO_JSON:
        ahead = [c.name for c in children(component) if states[c.name].authority == Store.DATABASE]
        if ahead:
            return f"The database is the authority for {', '.join(ahead)}, which would be ahead. Move that back first."
        alone = [c.name for c in mates(component) if states[c.name].stage == Stage.DB_ONLY]
        if alone:
            return f"{', '.join(alone)} is db-only, in the files of {component.name}. Move that back one step first."
    if step.after.stage is Stage.DB_ONLY:
        behind = [c.name for c in mates(component) if states[c.name].authority != Store.DATABASE]
        if behind:
            return (
                f"JSON is the authority for {', '.join(behind)}, in the same files as {component.name}: they are still"
                " written. Move that to the database first."
            )
    return ""
