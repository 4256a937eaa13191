"""Somebody who decides, in a process of its own: `python -m tests.torture.decider SEED MOST`. Killed and started again, it goes on.

TORTURE_FOLDER: where it writes down which decisions the hub has taken, as a person remembers what the page said. It asks for
the last one once more when it starts, as a person does who saw no answer.
"""

import os
import sys
import time
from pathlib import Path

AHEAD = 25  # decisions that may wait at a time


def main(seed: int, most: int) -> None:
    import django

    django.setup()
    from django.db import connection

    from integrations import faultpoints, outage
    from integrations.commands import asking
    from integrations.models import Command, Vendor
    from tests.torture.plug import Plug
    from tests.torture.wishes import Wishes

    folder = Path(os.environ["TORTURE_FOLDER"])
    faultpoints.hook = Plug(folder).hook
    wishes = Wishes(seed)
    vendors = {vendor.slug: vendor for vendor in Vendor.objects.all()}
    taken = folder / "decided"
    number = max(0, len(taken.read_text().split()) - 1) if taken.exists() else 0
    while number < most and not (folder / "enough").exists():
        try:
            if Command.objects.filter(state__in=("queued", "sending")).count() >= AHEAD:
                time.sleep(0.05)
                continue
            wish = wishes.of(number)
            asking.ask(vendors[wish.vendor], wish.verb, wish.body, key=wish.key)
        except outage.PASSING:
            connection.close()
            continue  # no answer: asked again
        with taken.open("a") as file:
            file.write(f"{number}\n")
        number += 1


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
