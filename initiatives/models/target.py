from __future__ import annotations

import re

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from wardplan.accounts.models import User
from wardplan.fiscal_year import FiscalYearField

from .edition import validate_key
from .indicator import Indicator, IndicatorChange
from .plan import Initiative

YEAR_IN_BRACKETS = re.compile(r"\A\s*【[^】]*】\s*")


def without_year(wording: str) -> str:
    """Leave the year in brackets out of a target's wording, for places that name the year themselves."""
    return YEAR_IN_BRACKETS.sub("", wording)


class TargetQuerySet(models.QuerySet["Target"]):
    def with_facts(self) -> TargetQuerySet:
        """Annotate what a judgement needs beside the row, at no query of its own.

        `resolved_value` is the number that a person has put to a relative target; `changed_in` the newest
        year, up to the target's, from which the indicator's definition is another one.
        """
        newest = TargetResolution.objects.filter(target=OuterRef("pk")).order_by("-at", "-pk")
        changes = (
            IndicatorChange.objects.of_ward(OuterRef("initiative__plan__ward"))
            .breaking()
            .filter(indicator=OuterRef("indicator"), fiscal_year__lte=OuterRef("fiscal_year"))
            .order_by("-fiscal_year")
        )
        return self.annotate(
            resolved_value=Subquery(newest.values("value")[:1]),
            changed_in=Subquery(changes.values("fiscal_year")[:1]),
        )


class TargetManager(models.Manager["Target"].from_queryset(TargetQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, ward: str, fiscal_year: int, number: str, key: str) -> Target:
        return self.get(initiative=Initiative.objects.get_by_natural_key(ward, fiscal_year, number), key=key)


class Target(models.Model):
    """A promise on an indicator: the line as written, and what it means as numbers.

    `wording` stays as written (【令和2年度】 41.6%以上); the numbers beside it were confirmed by a person.
    `comparator` is what is written (nothing written is not 以上); the indicator's direction is separate.
    """

    class Scope(models.TextChoices):
        POLICY = "policy", "取組の方針・目標内容"
        ANNUAL = "annual", "当年度の取組内容"

    class Kind(models.TextChoices):
        ABSOLUTE = "absolute", "数値"
        RELATIVE = "relative", "基準年度との比較"
        RANGE = "range", "範囲"
        CUMULATIVE = "cumulative", "複数年度の合計"
        MILESTONE = "milestone", "時期や完了"
        DIRECTION = "direction", "増減のみ"
        EXTERNAL = "external", "平均などとの比較"
        NONE = "none", "数値なし"

    class Comparator(models.TextChoices):
        GE = "ge", "以上"
        LE = "le", "以下"
        GT = "gt", "上回る"
        LT = "lt", "未満"
        EQ = "eq", "等しい"

    class ChangeUnit(models.TextChoices):
        PERCENT = "percent", "%(割合)"
        POINT = "point", "ポイント"
        ABSOLUTE = "absolute", "実数"

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="targets", verbose_name="取組項目"
    )
    key = models.CharField("キー", max_length=10, validators=[validate_key], help_text="例: p1、a1")
    scope = models.CharField("欄", max_length=10, choices=Scope.choices)
    position = models.PositiveSmallIntegerField("順番", default=1)
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="targets", verbose_name="指標")
    heading = models.CharField(
        "見出し", max_length=400, blank=True, help_text="指標名と違うことばで印刷するときだけ書きます。"
    )
    wording = models.CharField("目標(原文)", max_length=400)
    quote = models.CharField(
        "過年度実績(原文)",
        max_length=400,
        blank=True,
        help_text="例: (令和元年度実績: % 平成30年度実績: 38.6%)。数値が分かると、空いたところに入ります。",
    )
    kind = models.CharField("目標の種類", max_length=12, choices=Kind.choices)
    comparator = models.CharField("比べ方", max_length=2, choices=Comparator.choices, blank=True)
    fiscal_year = FiscalYearField("目標年度")
    from_fiscal_year = FiscalYearField("合計の初年度", null=True, blank=True)
    value = models.DecimalField("目標値", max_digits=15, decimal_places=4, null=True, blank=True)
    value_max = models.DecimalField("目標値の上限", max_digits=15, decimal_places=4, null=True, blank=True)
    change = models.DecimalField("増減", max_digits=15, decimal_places=4, null=True, blank=True)
    change_unit = models.CharField("増減の単位", max_length=10, choices=ChangeUnit.choices, blank=True)
    base_fiscal_year = FiscalYearField("基準年度", null=True, blank=True)
    milestone = models.CharField("時期や完了の内容", max_length=200, blank=True)

    objects = TargetManager()

    class Meta:
        verbose_name = "目標"
        verbose_name_plural = "目標"
        ordering = ["initiative", "-scope", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "key"],
                name="target_key_unique_in_initiative",
                violation_error_message="この取組項目には同じキーの目標がすでにあります。",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["policy", "annual"]),
                name="target_scope_known",
                violation_error_message="欄は「取組の方針・目標内容」か「当年度の取組内容」を選んでください。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="absolute") | Q(value__isnull=False),
                name="target_absolute_has_value",
                violation_error_message="数値の目標には目標値を入力してください。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="range")
                | Q(value__isnull=False, value_max__isnull=False, value_max__gte=F("value")),
                name="target_range_in_order",
                violation_error_message="範囲の目標には、下限と、下限以上の上限を入力してください。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="cumulative")
                | Q(
                    value__isnull=False,
                    from_fiscal_year__isnull=False,
                    from_fiscal_year__lte=F("fiscal_year"),
                ),
                name="target_cumulative_has_years",
                violation_error_message="合計の目標には、目標値と、目標年度以前の初年度を入力してください。",
            ),
            models.CheckConstraint(
                condition=~Q(kind="relative") | Q(value__isnull=True),
                name="target_relative_has_no_value",
                violation_error_message="基準年度との比較では、目標値を空にしてください。基準年度の実績が分かると決まります。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heading or self.indicator} {self.wording}"

    @property
    def promise(self) -> str:
        """Give the wording without its year: 41.6%以上."""
        return without_year(self.wording)

    def natural_key(self) -> tuple[str, int, str, str]:
        return (*self.initiative.natural_key(), self.key)

    natural_key.dependencies = ["initiatives.initiative", "initiatives.indicator"]  # type: ignore[attr-defined]


class TargetResolution(models.Model):
    """The dated number of a relative target, set by a person. Append-only; the newest counts.

    `base_value` is the base year's figure it was computed from; stale when that figure has changed since.
    """

    target = models.ForeignKey(Target, models.PROTECT, related_name="resolutions", verbose_name="目標")
    value = models.DecimalField("目標値", max_digits=15, decimal_places=4)
    base_value = models.DecimalField("基準年度の実績", max_digits=15, decimal_places=4)
    by = models.ForeignKey(User, models.PROTECT, verbose_name="確定した人")
    at = models.DateTimeField("確定日時")

    class Meta:
        verbose_name = "目標値の確定"
        verbose_name_plural = "目標値の確定"
        ordering = ["target", "-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.target} {self.at:%Y-%m-%d}"


class BaselineManager(models.Manager["Baseline"]):
    def get_by_natural_key(
        self, ward: str, fiscal_year: int, number: str, key: str, quoted_year: int
    ) -> Baseline:
        return self.get(
            target=Target.objects.get_by_natural_key(ward, fiscal_year, number, key), fiscal_year=quoted_year
        )


class Baseline(models.Model):
    """A past year that is quoted beside a target (過年度実績). Its figure is the indicator's Measurement."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="baselines", verbose_name="目標")
    fiscal_year = FiscalYearField("年度")
    position = models.PositiveSmallIntegerField("順番", default=1)

    objects = BaselineManager()

    class Meta:
        verbose_name = "過年度実績"
        verbose_name_plural = "過年度実績"
        ordering = ["target", "position", "-fiscal_year"]
        constraints = [
            models.UniqueConstraint(
                fields=["target", "fiscal_year"],
                name="baseline_year_unique_in_target",
                violation_error_message="この目標には同じ年度の過年度実績がすでにあります。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.fiscal_year}"

    def natural_key(self) -> tuple[str, int, str, str, int]:
        return (*self.target.natural_key(), int(self.fiscal_year))

    natural_key.dependencies = ["initiatives.target"]  # type: ignore[attr-defined]
