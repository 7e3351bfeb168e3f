"""The stores of a component's records behind one contract: JSON, database, memory. See base.RecordStore."""
