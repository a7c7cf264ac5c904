import datetime

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from reviews import keeping

LOG_INS_KEPT = datetime.timedelta(days=30)


class Command(BaseCommand):
    help = "終わったログイン、30日より前のログインの記録、古い書きかけを消します。毎晩の実行に向いています。"

    def handle(self, *args: object, **options: object) -> None:
        call_command("clearsessions")
        before = timezone.now() - LOG_INS_KEPT
        gone = 0
        for log in (AccessLog, AccessAttempt, AccessFailureLog):
            gone += log.objects.filter(attempt_time__lt=before).delete()[0]
        texts = keeping.forget_the_old()
        self.stdout.write(f"ログインの記録{gone}件と、書きかけ{texts}件を消しました。")
