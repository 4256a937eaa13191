"""Wrong passwords are counted by django-axes from now on; what was counted before lasted a day at most."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0004_attempts"), ("axes", "0010_accessattemptexpiration")]

    operations = [migrations.DeleteModel("Attempts")]
