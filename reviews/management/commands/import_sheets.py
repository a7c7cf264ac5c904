import json
from pathlib import Path
from typing import NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from initiatives.refusals import Refused
from initiatives.xlsx.gate import LARGEST_FILE, NotOurs
from reviews import importing, permissions
from reviews.import_preview import ImportPreview, preview
from reviews.workbook.reader import read_workbook
from wardplan.accounts.models import User


class Command(BaseCommand):
    help = "記入されたExcelを取り込みます。食い違いか誤りが1つでもあれば、何も反映しません。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="記入されたExcel")
        parser.add_argument("--by", required=True, metavar="USER", help="取り込む人の利用者ID")
        parser.add_argument(
            "--dry-run", action="store_true", help="変わるところを表示するだけで、何も変えない"
        )
        parser.add_argument(
            "--json", action="store_true", help="変わるところ、食い違い、誤りをJSONで表示する"
        )

    def handle(self, *, file: Path, by: str, dry_run: bool, **options: object) -> None:
        as_json = bool(options["json"])
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"利用者ID「{by}」の利用者はいません。")
        at = timezone.now()
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise NotOurs("ファイルが大きすぎます。10MBまでです。シートを分けてください。")
            reading = read_workbook(file.read_bytes())
            plan = importing.plan_of(reading, user)
        except OSError as error:
            raise CommandError(f"{file} を読めません。場所と名前を確かめてください。") from error
        except Refused as refused:
            self.refuse_file(refused.sentence, as_json)
        if not permissions.can_import(user, plan):
            self.refuse_file(f"{by} は、この区のシートに取り込めません。", as_json)

        found = preview(plan, reading, by=user, at=at)
        if as_json:
            self.print_json(found.as_json())
        else:
            self.print_lines(found)
        if not found.can_be_applied:
            raise CommandError("食い違いか反映できないところがあるため、何も反映していません。")
        if dry_run:
            return
        try:
            events = importing.apply(plan, reading, by=user, at=at)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        if not as_json:
            self.stdout.write(f"{len(events)}件の振り返り・評価に反映しました。")

    def refuse_file(self, sentence: str, as_json: bool) -> NoReturn:
        if as_json:
            error = {"sheet": "", "cell": "", "field": "", "message": sentence}
            self.print_json({"changes": [], "conflicts": [], "errors": [error]})
        raise CommandError(sentence)

    def print_json(self, content: dict[str, list[dict[str, str]]]) -> None:
        self.stdout.write(json.dumps(content, ensure_ascii=False, indent=1))

    def print_lines(self, found: ImportPreview) -> None:
        if not (found.changes or found.conflicts or found.problems):
            self.stdout.write("変わるところはありません。")
        for change in found.changes:
            old, new = change.words(change.theirs), change.words(change.mine)
            self.stdout.write(f"変更 取組項目{change.initiative.number} {change.field}: {old!r} → {new!r}")
        for change in found.conflicts:
            self.stdout.write(f"食い違い 取組項目{change.initiative.number} {change.field} セル{change.cell}")
        for problem in found.problems:
            place = " ".join(filter(None, (problem.sheet, problem.cell, problem.field)))
            self.stdout.write(f"反映できない {place}: {problem.sentence}")
        for note in found.notes:
            self.stdout.write(f"お知らせ {' '.join(filter(None, (note.sheet, note.field)))}: {note.sentence}")
