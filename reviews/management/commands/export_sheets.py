from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from initiatives.models import YearPlan
from initiatives.permissions import can_export_wards
from reviews.exporting import Export, write_export, write_wards
from wardplan.accounts.models import Section, User
from wardplan.fiscal_year import FiscalYear

ALL_WARDS = "-"


class Command(BaseCommand):
    help = "年度のシートを、その人が読める範囲でExcelに書き出します。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "ward",
            help=f"区のアドレス名。例: mihon。{ALL_WARDS} にすると、区ごとのExcelを1つのzipにまとめる",
        )
        parser.add_argument("year", help="年度。例: 2020、R2")
        parser.add_argument("file", type=Path, help="書き出すファイル。同じ名前のファイルは置き換える")
        parser.add_argument("--by", required=True, metavar="USER", help="読む人の利用者ID")
        parser.add_argument("--section", default="", metavar="課", help="この担当課のシートだけ")
        parser.add_argument("--cover", action="store_true", help="決裁のシートを付ける")
        parser.add_argument("--no-charts", action="store_true", help="グラフを付けない")

    def handle(self, *, ward: str, year: str, file: Path, by: str, section: str, **options: Any) -> None:
        try:
            fiscal_year = FiscalYear.parse(year)
        except ValueError as error:
            raise CommandError(str(error)) from error
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"利用者ID「{by}」の利用者はいません。")
        plans = YearPlan.objects.visible_to(user).filter(fiscal_year=fiscal_year)
        plans = plans.select_related("ward", "edition").order_by("ward__code", "ward__slug")
        chosen = {"with_cover": options["cover"], "with_charts": not options["no_charts"]}
        if ward == ALL_WARDS:
            written = self.write(file, self.all_wards(file, list(plans), section, user, chosen))
        else:
            plan = plans.filter(ward__slug=ward).first()
            if plan is None:
                raise CommandError(f"{by} が読める {ward} の{fiscal_year.with_western}の計画はありません。")
            export = Export(plan, self.find_section(plan, section), **chosen)
            written = self.write(file, self.one_ward(export, user))
        self.stdout.write(f"{file} に{written}件の取組項目を書き出しました。")

    def find_section(self, plan: YearPlan, name: str) -> Section | None:
        if not name:
            return None
        section = plan.ward.sections.filter(name=name).first()
        if section is None:
            raise CommandError(f"{plan.ward.name}に「{name}」という課はありません。")
        return section

    def one_ward(self, export: Export, user: User) -> Callable[[Any], int]:
        def write(target: Any) -> int:
            book = write_export(export, by=user, at=timezone.now())
            target.write(book.content)
            return len(book.entries)

        return write

    def all_wards(
        self, file: Path, plans: list[YearPlan], section: str, user: User, chosen: dict[str, bool]
    ) -> Callable[[Any], int]:
        if not can_export_wards(user):
            raise CommandError("すべての区をまとめて書き出せるのは、取りまとめ担当です。")
        if section:
            raise CommandError("課を選べるのは、1つの区を書き出すときだけです。")
        if not plans:
            raise CommandError(f"{user.username} が読める計画はありません。")
        if file.suffix.lower() != ".zip":
            raise CommandError(
                "すべての区のときはZIPファイルになります。ファイルの名前を .zip で終えてください。"
            )
        return lambda target: write_wards(plans, target, by=user, at=timezone.now(), **chosen)

    def write(self, file: Path, write: Callable[[Any], int]) -> int:
        """Write beside the file and put it in its place when it is whole."""
        beside = file.with_name(f".{file.name}.part")
        try:
            with beside.open("wb") as target:
                written = write(target)
            beside.replace(file)
        except OSError as error:
            raise CommandError(f"{file} に書き込めません。場所と名前を確かめてください。") from error
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        return written
