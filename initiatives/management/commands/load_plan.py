from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from initiatives import loading
from initiatives.plan_file import PlanErrors
from initiatives.refusals import Incomplete, Refused
from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear
from wardplan.text import is_blank


class Command(BaseCommand):
    help = (
        "計画の書かれたExcel(.xlsx)、文書(.txt、.html)か計画ファイル(.json)を年間計画の案として読み込みます。"
        "同じ年度の案は置き換えます。確定した計画は変えず、違うところを表示します(--reasonがあれば変更します)。"
        "誤りが1つでもあれば何も変えず、すべて表示します。"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="Excel(.xlsx)、文書(.txt、.html)か計画ファイル(.json)")
        parser.add_argument("--ward", required=True, help="区のアドレス名。例: mihon")
        parser.add_argument("--year", required=True, help="年度。例: 2020、R2")
        parser.add_argument("--edition", help="様式の版。省くと、ファイルに書かれた版か、その年度の最新の版")
        parser.add_argument("--by", metavar="USER", help="この利用者の操作として履歴に残す(取りまとめ担当)")
        parser.add_argument(
            "--reason", metavar="文", default="", help="確定した計画を変更する理由(--byも必要)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="変わるところを表示するだけで、何も変えない"
        )

    def handle(self, *, file, ward, year, edition, by, reason, dry_run, **options):
        ward, year = find_ward(ward), read_year(year)
        user = find_user(by)
        if not is_blank(reason) and user is None:
            raise CommandError("計画の変更は履歴に残ります。--byに取りまとめ担当の利用者を指定してください。")
        reading = None
        try:
            reading = loading.read_for(ward, year, file.name, read_bytes(file), edition)
            loaded = loading.check(reading, ward, year, edition)
            if not dry_run:
                at = timezone.now()
                loaded = loading.load(
                    ward, year, reading.content, by=user, at=at, edition=edition, reason=reason
                )
            elif loaded.changes and loaded.plan.status != loaded.plan.Status.DRAFT and is_blank(reason):
                raise loading.Fixed(loaded.plan, loaded.changes)
        except PlanErrors as errors:
            heading = f"読み込めません。{len(errors.problems)}か所を直してください。"
            lines = [heading, *errors.messages]
            of_year = loading.year_of(reading) if reading else None
            if of_year not in (None, year):
                lines.append(f"{of_year}の計画として読み込むときは、--year {of_year:d} にしてください。")
            raise CommandError("\n".join(lines)) from errors
        except loading.Fixed as refusal:
            raise CommandError(
                "\n".join(
                    [
                        f"{refusal.sentence}違うところは次のとおりです。",
                        *refusal.changes,
                        "計画を変更するときは、--reasonに理由、--byに取りまとめ担当の利用者を書いてください。",
                    ]
                )
            ) from refusal
        except Incomplete as refusal:
            raise CommandError("\n".join(refusal.problems.values())) from refusal
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.tell(reading, loaded, dry_run)

    def tell(self, reading, loaded, dry_run):
        plan, changes = loaded.plan, loaded.changes
        for line in [*reading.notes, *changes]:
            self.stdout.write(line)
        if reading.unsure:
            self.stdout.write(f"人が確かめるところが{len(reading.unsure)}か所あります。")
        for row in reading.unsure:
            self.stdout.write(f"  {reading.name_of(row)}: {row.sentence}")
        if not changes:
            self.stdout.write(f"{plan}の計画は、ファイルと同じです。何も変えていません。")
        elif dry_run:
            self.stdout.write(f"{len(changes)}か所が変わります。まだ何も変えていません。")
        elif plan.status == plan.Status.DRAFT:
            self.stdout.write(f"{plan}の計画を案として読み込みました({len(changes)}か所)。")
        else:
            self.stdout.write(f"{plan}の計画を変更しました({len(changes)}か所)。")


def find_ward(slug):
    try:
        return Ward.objects.get(slug=slug)
    except Ward.DoesNotExist as error:
        raise CommandError(f"「{slug}」という区は登録されていません。") from error


def read_year(year):
    try:
        return FiscalYear.parse(year)
    except ValueError as error:
        raise CommandError(str(error)) from error


def read_bytes(file):
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"ファイル {file} を開けません。場所と名前を確かめてください。") from error


def find_user(username):
    if username is None:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"利用者「{username}」は登録されていません。")
    return user
