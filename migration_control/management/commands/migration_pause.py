from migration_control.run_states import Act
from migration_control.steering import SteeringCommand


class Command(SteeringCommand):
    help = (
        "Stop a run after the batch under way; migration_resume lets it go on. Exit status: 0 done, 2 usage, 3 refused."
    )
    act = Act.PAUSE
