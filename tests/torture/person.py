"""The person at the unknown desk: asks the vendor, who has the ledger, and writes down what was found."""

from typing import Any

from tests.torture.wishes import Wishes


def decide(wishes: Wishes, elko: Any, elryan: Any) -> int:
    """Everything on the desk is decided as the ledger shows it; how many that were. Values are looked up, never guessed."""
    from integrations.commands import deciding, looking
    from integrations.models import Command

    decided = 0
    for command in Command.objects.filter(state=Command.State.UNKNOWN).order_by("id"):
        wish = wishes.of(int(command.key.removeprefix("wish-")))
        sim = elko if wish.vendor == "elko" else elryan
        try:
            if not wish.business[0]:
                if looking.look_up(command.pk, "somebody").state == Command.State.UNKNOWN:
                    deciding.give_up(command.pk, "somebody", "the vendor does not know what it is about")
            elif sim.ledger.accepted(*wish.business):
                deciding.confirm(command.pk, "somebody", f"as the vendor says: {wish.business[1]}")
            else:
                deciding.send_again(command.pk, "somebody", "the vendor says that it never came")
        except deciding.TooLate:
            continue  # a look-up was quicker
        decided += 1
    return decided
