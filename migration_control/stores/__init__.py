"""The stores of a component's records behind one contract: JSON, database, memory. See base.RecordStore.

Nothing in production calls them yet: the router between them, which comes next, is what will.
"""
