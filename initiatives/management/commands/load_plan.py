from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from initiatives import workflow
from initiatives.models import FormEdition, YearPlan
from initiatives.plan_file import (
    PlanErrors,
    apply_plan,
    differences,
    plan_changes,
    plan_content,
    read_plan_text,
)
from initiatives.refusals import Refused
from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYear


class Command(BaseCommand):
    help = (
        "計画ファイル(JSON)を年間計画の案として読み込みます。同じ年度の案は置き換え、確定した計画は変えません。"
        "誤りが1つでもあれば何も変えず、すべて表示します。"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="計画ファイル(.json)")
        parser.add_argument("--ward", required=True, help="区のアドレス名。例: mihon")
        parser.add_argument("--year", required=True, help="年度。例: 2020、R2")
        parser.add_argument("--edition", help="様式の版。省くと、ファイルに書かれた版か、その年度の最新の版")
        parser.add_argument("--by", metavar="USER", help="この利用者の操作として履歴に残す(取りまとめ担当)")
        parser.add_argument(
            "--dry-run", action="store_true", help="変わるところを表示するだけで、何も変えない"
        )

    def handle(self, *, file, ward, year, edition, by, dry_run, **options):
        try:
            content = read_file(file)
            with transaction.atomic():
                plan, is_new = find_or_make_plan(content, ward, year, edition)
                if plan.status != YearPlan.Status.DRAFT:
                    refuse_changes(plan, content)
                    changes = []
                else:
                    changes = load(plan, is_new, content, by)
                if dry_run:
                    transaction.set_rollback(True)
        except PlanErrors as errors:
            raise CommandError(
                "\n".join([f"読み込めません。{len(errors.problems)}か所を直してください。", *errors.messages])
            ) from errors
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal

        for change in changes:
            self.stdout.write(change)
        if not changes:
            self.stdout.write(f"{plan}の計画は、ファイルと同じです。何も変えていません。")
        elif dry_run:
            self.stdout.write(f"{len(changes)}か所が変わります。まだ何も変えていません。")
        else:
            self.stdout.write(f"{plan}の計画を案として読み込みました({len(changes)}か所)。")


def read_file(file):
    try:
        text = file.read_bytes()
    except OSError as error:
        raise CommandError(f"ファイル {file} を開けません。場所と名前を確かめてください。") from error
    if file.suffix.lower() != ".json" and not text.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        raise CommandError(
            f"{file.name} の形式は読み取れません。計画ファイル(JSON、dump_planの書き出す形)にしてください。"
        )
    return read_plan_text(text)


def find_or_make_plan(content, slug, year, edition_code):
    """Give the plan of the ward's year in the edition that is asked for, and whether it was made here."""
    try:
        ward, year = Ward.objects.get(slug=slug), FiscalYear.parse(year)
    except Ward.DoesNotExist as error:
        raise CommandError(f"「{slug}」という区は登録されていません。") from error
    except ValueError as error:
        raise CommandError(str(error)) from error

    plan = YearPlan.objects.select_for_update().filter(ward=ward, fiscal_year=year).first()
    edition = find_edition(edition_code or content.get("edition"), year, plan)
    if plan is None:
        version = workflow.last_version(ward.pk, year)
        return YearPlan.objects.create(ward=ward, fiscal_year=year, edition=edition, version=version), True
    if plan.status == YearPlan.Status.DRAFT and plan.edition != edition:
        plan.edition = edition
        plan.save(update_fields=["edition"])
    return plan, False


def find_edition(code, year, plan):
    if code:
        edition = FormEdition.objects.filter(code=str(code)).first()
        if edition is None:
            raise CommandError(f"様式の版「{code}」は登録されていません。")
        return edition
    if plan is not None:
        return plan.edition
    edition = FormEdition.objects.filter(first_fiscal_year__lte=year).order_by("first_fiscal_year").last()
    if edition is None:
        raise CommandError(f"{year}に使える様式の版がありません。先に様式を登録してください。")
    return edition


def load(plan, is_new, content, by):
    """Apply the content to a draft and say what changed; with a user, the record names him or her."""
    at = timezone.now()
    user = find_user(by)
    before = plan_content(plan)
    apply_plan(plan, content, by=user, at=at)
    changes = differences(before, plan_content(plan))
    if is_new:
        changes.insert(0, f"{plan}: 計画を新しく作ります")
    if changes and user is not None:
        workflow.edit(plan, by=user, at=at)
    return changes


def find_user(username):
    if username is None:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"利用者「{username}」は登録されていません。")
    return user


def refuse_changes(plan, content):
    """Stop at a plan that is fixed, naming what the file says otherwise; the same content is no change."""
    changes = plan_changes(plan, content)
    if changes:
        raise CommandError(
            "\n".join(
                [
                    f"{plan}の計画は確定しているため、読み込みません。違うところは次のとおりです。",
                    *changes,
                    "計画の変更は、理由を書いて、年間計画の画面から行ってください。",
                ]
            )
        )
