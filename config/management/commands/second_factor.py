"""manage.py second_factor: the way back in for whoever lost phone and recovery codes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import audit
from config.second import codes, sessions


class Command(BaseCommand):
    help = "Take a person's second factor away, so that it can be set up anew, and sign them out everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name the person signs in with")
        parser.add_argument("--remove", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        person = get_user_model()._default_manager.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"Nobody signs in as “{options['name']}”.")
        if not codes.remove(person):
            raise CommandError(f"{person} has no second factor.")
        ended = sessions.end_all(person)  # whoever has the phone may be signed in on it
        audit.record("removed the second factor", person, who="command line", said=f"{ended} sessions ended")
        self.stdout.write(f"{person} now signs in with the password alone; {ended} sessions were ended.")
