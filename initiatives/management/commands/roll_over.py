from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from initiatives import roll_over
from initiatives.models import YearPlan
from initiatives.plan_file import PlanErrors
from initiatives.refusals import Refused
from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYear


class Command(BaseCommand):
    help = (
        "年間計画を次の年度の案へ引き継ぎます。引き継いだ欄は、確かめるまで未確認になります。"
        "もう一度行っても、案にあるものは変えません。"
    )

    def add_arguments(self, parser):
        parser.add_argument("ward", help="区のアドレス名。例: mihon")
        parser.add_argument("year", help="引き継ぐ元の年度。例: 2020、R2")
        parser.add_argument("--by", metavar="USER", help="この利用者の操作として履歴に残す(取りまとめ担当)")
        parser.add_argument(
            "--dry-run", action="store_true", help="引き継ぐものを表示するだけで、何も変えない"
        )

    def handle(self, *, ward, year, by, dry_run, **options):
        try:
            plan = YearPlan.objects.get_by_natural_key(ward, FiscalYear.parse(year))
            user = User.objects.get(username=by) if by else None
            found = roll_over.roll_over(plan, by=user, at=timezone.now(), dry_run=dry_run)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except YearPlan.DoesNotExist as error:
            raise CommandError(f"「{ward}」の{FiscalYear.parse(year)}の計画はありません。") from error
        except User.DoesNotExist as error:
            raise CommandError(f"利用者「{by}」は登録されていません。") from error
        except PlanErrors as errors:
            raise CommandError(
                "\n".join([f"引き継げません。{len(errors.problems)}か所を直してください。", *errors.messages])
            ) from errors
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal

        for line in lines(found):
            self.stdout.write(line)
        if found.nothing_to_do:
            self.stdout.write(f"{found.fiscal_year}の案に引き継ぐものはありません。何も変えていません。")
        elif dry_run:
            self.stdout.write(f"{len(found.carried)}件を引き継ぎます。まだ何も変えていません。")
        else:
            self.stdout.write(
                f"{found.fiscal_year}の案へ{len(found.carried)}件を引き継ぎました。"
                "引き継いだ欄は未確認です。シートで確かめてください。"
            )


def lines(found):
    """Say what is carried over, and what is not and why."""
    if found.is_new:
        yield f"{found.fiscal_year}: 計画の案を新しく作ります(様式 {found.edition})"
    for item in found.carried:
        about = f"取組項目{item['number']}「{item['title']}」"
        yield f"{about}: 引き継ぎます(未確認 {len(item['unconfirmed'])}欄)"
        for target in item["targets"]:
            yield f"  目標{target['key']}: {target['wording']}"
        for target in found.dropped.get(item["number"], ()):
            yield f"  目標{target['key']}: {target['wording']} は年度を過ぎるため、引き継ぎません"
    yield from found.left_alone
