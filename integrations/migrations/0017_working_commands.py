from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0016_command_subjects")]

    operations = [
        migrations.AlterField(
            model_name="command",
            name="state",
            field=models.CharField(
                choices=[
                    ("awaiting_approval", "Awaiting approval"),
                    ("queued", "Queued"),
                    ("sending", "Sending"),
                    ("working", "The vendor works on it"),
                    ("confirmed", "Confirmed"),
                    ("refused", "Refused"),
                    ("unknown", "Unknown"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
    ]
