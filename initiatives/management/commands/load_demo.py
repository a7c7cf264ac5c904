import datetime

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from initiatives import workflow
from initiatives.models import PlanPhase, YearPlan
from wardplan.accounts.models import Membership, User, Ward
from wardplan.working_days import is_working_day

FIXTURES = ["wards", "editions", "indicators", "demo", "plan_2020"]
PASSWORD = "wardplan-demo"
# 基準日, the date of the facts; the windows themselves lie around today, whatever year it is.
AS_OF = {"midyear": datetime.date(2020, 8, 31), "self_evaluation": datetime.date(2021, 3, 31)}


class Command(BaseCommand):
    help = "見本区の計画と利用者を、空のデータベースに入れます。本番環境では使えません。"

    def add_arguments(self, parser):
        parser.add_argument(
            "--if-empty", action="store_true", help="空でないときは、何もせずに終わる(誤りにしない)"
        )

    def handle(self, *, if_empty, **options):
        if settings.PRODUCTION:
            raise CommandError("本番環境には見本データを入れられません。")
        with transaction.atomic():
            if Ward.objects.exists() or User.objects.exists():
                if not if_empty:
                    raise CommandError("データベースが空ではないため、見本データは入れません。")
                self.stdout.write("入力済みのデータをそのまま使います。")
                return
            call_command("loaddata", *FIXTURES, verbosity=0)
            User.objects.update(password=make_password(PASSWORD))
            self.confirm_with_open_windows(YearPlan.objects.get_by_natural_key("mihon", 2020))
        self.stdout.write(f"見本区の計画を入れました。利用者(パスワードはどれも {PASSWORD}):")
        for membership in Membership.objects.select_related("user", "ward", "section").order_by("pk"):
            user = membership.user
            self.stdout.write(
                f"  {user.username:<9} {user.name} {membership.ward} {membership.title} ({membership.role})"
            )

    def confirm_with_open_windows(self, plan):
        now = timezone.localtime()
        due_on = now.date() + datetime.timedelta(days=7)
        while not is_working_day(due_on):
            due_on += datetime.timedelta(days=1)
        due_at = datetime.datetime.combine(due_on, datetime.time(17, 15), now.tzinfo)
        opens_at = datetime.datetime.combine(
            now.date() - datetime.timedelta(days=14), datetime.time(9), now.tzinfo
        )
        for phase, as_of in AS_OF.items():
            PlanPhase.objects.filter(plan=plan, phase=phase).update(
                opens_at=opens_at, due_at=due_at, closes_at=due_at + datetime.timedelta(days=7), as_of=as_of
            )
        admin = User.objects.get_by_natural_key("admin")
        workflow.confirm(plan, by=admin, at=now, version=plan.version)
