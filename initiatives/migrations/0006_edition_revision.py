from uuid import uuid4

from django.db import migrations, models


class Migration(migrations.Migration):
    """Name an edition's questions, marks and layout as they stand."""

    dependencies = [
        ("initiatives", "0005_form_layout"),
    ]

    operations = [
        migrations.AddField(
            model_name="formedition",
            name="revision",
            field=models.UUIDField(default=uuid4, editable=False, verbose_name="欄の改訂"),
        ),
    ]
