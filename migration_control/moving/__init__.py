"""Moving a component between stages: what must hold first, the steps of the protocol, and mending a broken one."""
