from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0017_working_commands")]

    operations = [
        migrations.AddField(
            "blocked",
            "minute",
            models.PositiveBigIntegerField("minute counted, since 1970", default=0, editable=False),
        ),
        migrations.AddField(
            "blocked",
            "of_minute",
            models.PositiveIntegerField("attempts in that minute", default=0, editable=False),
        ),
    ]
