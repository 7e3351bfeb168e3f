from migration_control.run_states import Act
from migration_control.steering import SteeringCommand


class Command(SteeringCommand):
    help = (
        "Let a paused run go on, or a component that an undo holds be imported automatically again."
        " Exit status: 0 done, 2 usage, 3 refused."
    )
    act = Act.RESUME
