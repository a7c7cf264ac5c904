from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from wardplan.accounts.models import Section, User, Ward
from wardplan.fiscal_year import FiscalYearField

from .edition import FormEdition, validate_key

NUMBER = r"[0-9]+(-[0-9]+)*"
validate_number = RegexValidator(
    rf"\A{NUMBER}\Z", "番号は半角の数字で、枝番は - でつないで入力してください。例: 1、1-2-1"
)


def sort_position(number: str) -> int:
    """Turn an item's number into a whole number that sorts as people read: 2 before 10, 1-2 after 1.

    Three levels of up to 999 each (1-2-3 -> 1002003); what is not a number sorts first.
    """
    levels = [min(int(part), 999) for part in re.findall(r"[0-9]+", number)[:3]]
    first, second, third = [*levels, 0, 0, 0][:3]
    return first * 1_000_000 + second * 1_000 + third


class YearPlanQuerySet(models.QuerySet["YearPlan"]):
    def visible_to(self, user: User) -> YearPlanQuerySet:
        """Keep the plans that a person may know of: the own wards'; a draft is nothing for viewers."""
        roles = user.roles()
        takes_part = {row.ward_id for row in roles.memberships if row.role != row.Role.VIEWER}
        return self.filter(
            Q(ward__in=takes_part) | Q(ward__in=roles.wards) & ~Q(status=YearPlan.Status.DRAFT)
        )


class YearPlanManager(models.Manager["YearPlan"].from_queryset(YearPlanQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, ward: str, fiscal_year: int) -> YearPlan:
        return self.get(ward__slug=ward, fiscal_year=fiscal_year)


class YearPlan(models.Model):
    """One ward's plan of a year. A draft until it is confirmed; a confirmed plan is never a draft again."""

    class Status(models.TextChoices):
        DRAFT = "draft", "案"
        CONFIRMED = "confirmed", "確定"
        PUBLISHED = "published", "公表済"

    ward = models.ForeignKey(Ward, models.PROTECT, related_name="plans", verbose_name="区")
    fiscal_year = FiscalYearField("年度")
    edition = models.ForeignKey(FormEdition, models.PROTECT, related_name="plans", verbose_name="様式の版")
    status = models.CharField(
        "状態", max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    version = models.PositiveIntegerField("版", default=0, editable=False)

    objects = YearPlanManager()

    class Meta:
        verbose_name = "年間計画"
        verbose_name_plural = "年間計画"
        ordering = ["-fiscal_year", "ward"]
        constraints = [
            models.UniqueConstraint(
                fields=["ward", "fiscal_year"],
                name="plan_unique_in_year",
                violation_error_message="この区には同じ年度の計画がすでにあります。",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "confirmed", "published"]), name="plan_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ward.name} {self.fiscal_year}"

    def natural_key(self) -> tuple[str, int]:
        return (self.ward.slug, int(self.fiscal_year))

    natural_key.dependencies = ["accounts.ward", "initiatives.formedition"]  # type: ignore[attr-defined]


class PlanPhaseManager(models.Manager["PlanPhase"]):
    def get_by_natural_key(self, ward: str, fiscal_year: int, phase: str) -> PlanPhase:
        return self.get(plan__ward__slug=ward, plan__fiscal_year=fiscal_year, phase=phase)


class PlanPhase(models.Model):
    """One phase of a plan: when its reviews are taken, and how far the ward is with them.

    `opens_at`, `due_at` and `closes_at` are moments in JST; empty means never (never opens, is never late,
    never closes). `as_of` is the 基準日, the date of the facts, not the deadline.
    """

    class Stage(models.TextChoices):
        COLLECTING = "collecting", "受付中"
        COMPILING = "compiling", "取りまとめ中"
        DECIDED = "decided", "決定済"
        PUBLISHED = "published", "公表済"

    plan = models.ForeignKey(YearPlan, models.CASCADE, related_name="phases", verbose_name="年間計画")
    phase = models.CharField("段階", max_length=30, validators=[validate_key])
    opens_at = models.DateTimeField("受付開始", null=True, blank=True, help_text="空のあいだは始まりません。")
    due_at = models.DateTimeField("提出期限", null=True, blank=True)
    closes_at = models.DateTimeField("受付終了", null=True, blank=True, help_text="空のときは終わりません。")
    as_of = models.DateField(
        "基準日", null=True, blank=True, help_text="この日現在の状況を書きます。例: 8月末"
    )
    stage = models.CharField("進み", max_length=12, choices=Stage.choices, default=Stage.COLLECTING)
    decided_on = models.DateField("決裁日", null=True, blank=True)
    decided_by_post = models.CharField("決裁者の職", max_length=60, blank=True)
    document_number = models.CharField("文書番号", max_length=60, blank=True)

    objects = PlanPhaseManager()

    class Meta:
        verbose_name = "段階と受付期間"
        verbose_name_plural = "段階と受付期間"
        ordering = ["plan", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "phase"],
                name="plan_phase_unique",
                violation_error_message="この計画には同じ段階がすでにあります。",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True) | Q(due_at__isnull=True) | Q(due_at__gte=F("opens_at")),
                name="phase_due_after_opening",
                violation_error_message="提出期限は受付開始より後にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(closes_at__isnull=True) | Q(closes_at__gte=F("due_at")),
                name="phase_closes_after_due",
                violation_error_message="受付終了は提出期限より後にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(closes_at__gte=F("opens_at")),
                name="phase_closes_after_opening",
                violation_error_message="受付終了は受付開始より後にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.phase}"

    def natural_key(self) -> tuple[str, int, str]:
        return (*self.plan.natural_key(), self.phase)

    natural_key.dependencies = ["initiatives.yearplan"]  # type: ignore[attr-defined]


class InitiativeQuerySet(models.QuerySet["Initiative"]):
    def visible_to(self, user: User) -> InitiativeQuerySet:
        return self.filter(plan__in=YearPlan.objects.visible_to(user))

    def of_sections(self, sections: frozenset[int]) -> InitiativeQuerySet:
        return self.filter(section__in=sections)


class InitiativeManager(models.Manager["Initiative"].from_queryset(InitiativeQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, ward: str, fiscal_year: int, number: str) -> Initiative:
        return self.get(plan__ward__slug=ward, plan__fiscal_year=fiscal_year, number=number)


class Initiative(models.Model):
    """One 取組項目: the sheet that one section fills in, reviews and has approved."""

    plan = models.ForeignKey(YearPlan, models.CASCADE, related_name="initiatives", verbose_name="年間計画")
    number = models.CharField("番号", max_length=20, validators=[validate_number], help_text="例: 1、1-2-1")
    position = models.PositiveIntegerField("並び順", default=0, editable=False)
    title = models.CharField("取組項目名", max_length=200)
    section = models.ForeignKey(
        Section,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="initiatives",
        verbose_name="担当課",
        help_text="分かるまで空でもかまいません。確定のときに必要です。",
    )
    purpose = models.TextField("趣旨・目的", blank=True)
    overview = models.TextField("取組の概要", blank=True)
    activities = models.TextField("取組の内容", blank=True)
    continues = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="continued_by",
        verbose_name="前年度の取組項目",
    )
    unconfirmed = models.JSONField("未確認の欄", default=list, blank=True, editable=False)

    objects = InitiativeManager()

    class Meta:
        verbose_name = "取組項目"
        verbose_name_plural = "取組項目"
        ordering = ["plan", "position", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "number"],
                name="initiative_number_unique_in_plan",
                violation_error_message="この計画には同じ番号の取組項目がすでにあります。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def natural_key(self) -> tuple[str, int, str]:
        return (*self.plan.natural_key(), self.number)

    natural_key.dependencies = ["initiatives.yearplan"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Sort by the number as people read it, and keep the section inside the plan's ward."""
        super().clean()
        self.position = sort_position(self.number)
        if self.section_id and self.plan_id and self.section.ward_id != self.plan.ward_id:  # type: ignore[union-attr]
            raise ValidationError({"section": "この計画の区の担当課を選んでください。"})
