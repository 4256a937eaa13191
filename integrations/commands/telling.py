"""A command's own story: what has happened to it, what that means for its next try, and how it ends without being sent."""

from django.utils import timezone

from integrations.commands.asking import entry, once_of
from integrations.models import Command
from integrations.verbs import Doing

# How lines of a story begin that tell of an answer after which it goes once more.
LATER, AGAIN, PARTLY = "goes later", "goes again with", "not known of"


def over(command: Command, state: str, why: str, by: str = "") -> None:
    """End a command that nobody sends; in the caller's transaction."""
    now = timezone.now()
    command.state, command.finished_at, command.owner, command.lease_until = state, now, "", None
    command.story = [*command.story, entry(now, by, why)]
    command.save()
    command.items.filter(in_flight=True).update(in_flight=False)


def doing_of(command: Command) -> Doing:
    """The command for the vendor's functions. `once` changes with each answer, so that an old answer is not had again."""
    answers = sum(1 for line in command.story if line["what"].startswith((LATER, AGAIN, PARTLY)))
    known = (command.reference, command.asked_at, once_of(command.key, answers), command.number, command.verb)
    return Doing(command.vendor.account, command.body, *known)
