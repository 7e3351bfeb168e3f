"""What handlers call: the records of a component, whichever store is the authority at the moment."""
