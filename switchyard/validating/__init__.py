"""Every record of every component looked at, in the store that is the authority and between the two.

rules.py: what may be found, and how grave it is. The others: where it is looked for, what is told, what is mended.
"""
