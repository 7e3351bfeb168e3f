"""The stores of a component's records behind one contract: JSON, database, memory. See base.RecordStore.

Handlers do not call them: `Model.records` chooses between them (`routing`).
"""
