from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import F

from initiatives.models import FormEdition, Mark, PlanPhase, Question

FIXTURE = "editions"
# Out of the way of the positions that the fixture gives; what it does not know stays behind the rest.
ASIDE = 10_000


class Command(BaseCommand):
    help = (
        "製品に付いている様式の版(欄・判定・記入要領)を、登録済みのデータベースに読み込み、"
        "変わったところを表示します。書かれた内容と、区が加えた欄はそのまま残ります。"
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="変わるところを表示するだけ")

    @transaction.atomic
    def handle(self, *, dry_run, **options):
        before = rows()
        Question.objects.update(position=F("position") + ASIDE)
        call_command("loaddata", FIXTURE, verbosity=0)
        for edition in FormEdition.objects.all():
            self.put_own_questions_behind(edition)
            edition.renew()
            self.open_missing_phases(edition)
        changes = list(differences(before, rows()))
        if dry_run:
            transaction.set_rollback(True)
        for change in changes:
            self.stdout.write(change)
        if not changes:
            self.stdout.write("様式の版は最新です。")
        elif dry_run:
            self.stdout.write("確かめただけで、何も変えていません。")

    def put_own_questions_behind(self, edition):
        """Give questions that only this database has the places behind the fixture's."""
        own = edition.questions.filter(position__gte=ASIDE).order_by("position")
        last = edition.questions.filter(position__lt=ASIDE).order_by("position").last()
        for place, question in enumerate(own, start=last.position + 1 if last else 1):
            Question.objects.filter(pk=question.pk).update(position=place)

    def open_missing_phases(self, edition):
        for plan in edition.plans.all():
            for phase in dict.fromkeys(edition.questions.values_list("phase", flat=True)):
                PlanPhase.objects.get_or_create(plan=plan, phase=phase)


def rows():
    """Read every edition, question and mark as plain values, by words that name it."""
    found = {}
    for edition in FormEdition.objects.all():
        found[f"様式の版{edition.code}"] = values(edition, "title", "first_fiscal_year", "labels")
    names = ("position", "kind", "scope", "label", "note", "hint", "limit", "column", "on_paper", "required")
    names += ("required_when", "combine", "guide", "final")
    for question in Question.objects.select_related("edition").order_by("edition", "position"):
        name = f"様式の版{question.edition.code} 欄{question.phase}.{question.key}"
        found[name] = values(question, *names)
    for mark in Mark.objects.select_related("question__edition").order_by("question", "position"):
        question = mark.question
        name = f"様式の版{question.edition.code} 欄{question.phase}.{question.key} 判定{mark.position}"
        found[name] = values(mark, "symbol", "label", "meaning", "requires", "advises", "on_paper")
    return found


def values(row, *names):
    return {row._meta.get_field(name).verbose_name: getattr(row, name) for name in names}


def differences(before, after):
    """Say what the fixture added or changed, one line each."""
    for name, now in after.items():
        was = before.get(name)
        if was is None:
            yield f"{name}: 加えました"
            continue
        changed = [label for label in now if now[label] != was[label]]
        if changed:
            yield f"{name}: {'、'.join(changed)}を変えました"
