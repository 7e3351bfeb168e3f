from migration_control.run_states import Act
from migration_control.steering import SteeringCommand


class Command(SteeringCommand):
    help = (
        "End a run after the batch under way. What it copied stays; migration_undo removes it."
        " Exit status: 0 done, 2 usage, 3 refused."
    )
    act = Act.CANCEL
