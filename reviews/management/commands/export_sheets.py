from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from initiatives.form import read_form
from initiatives.models import Initiative, YearPlan
from reviews.evidence import with_evidence
from reviews.sheet import read_sheets, with_everything
from reviews.workbook.writer import write_workbook
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear


class Command(BaseCommand):
    help = "Write a year's sheets into an Excel workbook, as far as a person may read them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ward", help="the ward's slug, e.g. mihon")
        parser.add_argument("year", help="the fiscal year, e.g. 2020")
        parser.add_argument("file", type=Path, help="the workbook to write; one that exists is replaced")
        parser.add_argument("--by", required=True, metavar="USER", help="the user name of who reads")

    def handle(self, *, ward: str, year: str, file: Path, by: str, **options: object) -> None:
        try:
            fiscal_year = FiscalYear.parse(year)
        except ValueError as error:
            raise CommandError(str(error)) from error
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"利用者ID「{by}」の利用者はいません。")
        plan = (
            YearPlan.objects.visible_to(user)
            .select_related("ward", "edition")
            .filter(ward__slug=ward, fiscal_year=fiscal_year)
            .first()
        )
        if plan is None:
            raise CommandError(f"{by} が読める {ward} の{fiscal_year.with_western}の計画はありません。")

        initiatives = with_everything(Initiative.objects.filter(plan=plan))
        sheets = with_evidence(read_sheets(initiatives, read_form(plan.edition), user))
        content = write_workbook(sheets, at=timezone.now())
        try:
            file.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{file} に書き込めません。{error.strerror}") from error
        self.stdout.write(f"{file} に{len(sheets)}件の取組項目を書き出しました。")
