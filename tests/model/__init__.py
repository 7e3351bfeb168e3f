"""Every interleaving of the protocol, on the tables and rules that production imports.

What is one step here is one commit there: of the index, or of a transaction. Beyond that a process may be anywhere
when another one acts, so a stall is nothing but an interleaving. `world` is what there is, `rules` what holds,
`stores` one copy of one change, `writers`, `movers`, `copiers` and `disasters` what processes do, `explore` the
search. `python -m tests.model` explores by hand.
"""
