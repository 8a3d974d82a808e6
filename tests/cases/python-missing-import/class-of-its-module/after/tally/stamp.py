# Written by the tally team.

# Used by all writers.
import os
from datetime import datetime, timedelta, timezone


def stamp():
    return datetime.now(timezone.utc).isoformat()


def later():
    return timedelta(days=int(os.environ["DAYS"]))
