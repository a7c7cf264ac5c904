import json

from django.core.management.base import BaseCommand, CommandError

from initiatives.models import YearPlan
from initiatives.plan_file import plan_content
from wardplan.fiscal_year import FiscalYear


class Command(BaseCommand):
    help = "年間計画を計画ファイル(JSON)として書き出します。load_planでそのまま読み込めます。"

    def add_arguments(self, parser):
        parser.add_argument("ward", help="区のアドレス名。例: mihon")
        parser.add_argument("year", help="年度。例: 2020、R2")

    def handle(self, *, ward, year, **options):
        try:
            plan = YearPlan.objects.get_by_natural_key(ward, FiscalYear.parse(year))
        except ValueError as error:
            raise CommandError(str(error)) from error
        except YearPlan.DoesNotExist as error:
            raise CommandError(f"「{ward}」の{FiscalYear.parse(year)}の計画はありません。") from error
        self.stdout.write(json.dumps(plan_content(plan), ensure_ascii=False, indent=2))
