"""The hub's patience in small: what takes minutes at a vendor's pace takes seconds here. Set in each process that works.

Nothing else is changed: the same code, the same statements, the same order.
"""

from dataclasses import replace
from datetime import timedelta

CALL = 1.5  # seconds one write may take in all, instead of a minute
FASTER = 50  # a vendor's window passes so much faster
AT_ONCE = 4  # calls, also to a vendor whom the hub asks one by one: the more of them, the more can go wrong


def patience() -> None:
    from integrations.commands import claiming, looking, outcomes
    from integrations.service import services

    for kind in services().values():
        kind.patience = 30.0 + CALL  # of which the last half minute is for an answer that has begun
        kind.rate = replace(kind.rate, calls=max(kind.rate.calls, AT_ONCE), seconds=kind.rate.seconds / FASTER)
    claiming.UNDER_WAY = timedelta(seconds=2 * CALL)
    looking.AGAIN = tuple(timedelta(seconds=seconds) for seconds in (0.3, 2 * CALL, 1, 1))
    outcomes.FIRST = timedelta(seconds=0.3)
