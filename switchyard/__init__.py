"""What a bot imports, in its own process: see switchyard.hosting, switchyard.legacy and switchyard.facade."""

from switchyard.hosting import check_servers as check_servers
from switchyard.hosting import setup as setup
