"""A bot on aiogram 3 whose handlers call what Switchyard offers: `python -m switchyard.example.bot`.

It is both of the bots at once, as far as BOTS has them: the one that analyses FACEIT matches, and the companion that
keeps what is said in a private chat. See docs/beside-your-bot.md.
"""
