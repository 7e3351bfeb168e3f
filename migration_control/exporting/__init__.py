"""The records of either store written out: as the bot's own files, as lines, or in any layout that can be declared."""
