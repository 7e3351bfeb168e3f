"""What a bot's handlers call: one object of coroutines."""

from switchyard.facade.adapter import BotIntegrationAdapter, Switchyard

__all__ = ["BotIntegrationAdapter", "Switchyard"]
