from django.db import migrations, models


class Migration(migrations.Migration):
    """What a run saw is stored page by page. Runs under way simply do not say who is missing; the next ones do."""

    dependencies = [("integrations", "0005_unlogged_slots")]

    operations = [
        migrations.DeleteModel(name="RunSeen"),
        migrations.CreateModel(
            name="RunSeen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pages", models.IntegerField(default=0)),
                ("keys", models.BinaryField(default=bytes)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE, related_name="seen_so_far", to="integrations.syncrun"
                    ),
                ),
            ],
        ),
    ]
