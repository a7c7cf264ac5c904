import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('initiatives', '0003_indicator_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='indicatorchange',
            name='withdrawn_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='取消日時'),
        ),
        migrations.AddField(
            model_name='indicatorchange',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='取り消した人'),
        ),
        migrations.AddField(
            model_name='indicatorchange',
            name='withdrawn_reason',
            field=models.CharField(blank=True, max_length=400, verbose_name='取消しの理由'),
        ),
        migrations.AlterField(
            model_name='indicatorchange',
            name='indicator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='initiatives.indicator', verbose_name='指標'),
        ),
    ]
