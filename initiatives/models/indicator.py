from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYearField


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    def usable_in(self, ward: Ward) -> IndicatorQuerySet:
        return self.filter(Q(ward=ward) | Q(ward=None))


class IndicatorManager(models.Manager["Indicator"].from_queryset(IndicatorQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, ward: str | None, name: str) -> Indicator:
        return self.get(ward__slug=ward, name=name) if ward else self.get(ward=None, name=name)


class Indicator(models.Model):
    """What is measured, through the years. City-wide ones (the common survey) have no ward and exist once.

    The year and the survey belong to the source, not to the name: two names would break the line.
    """

    class Direction(models.TextChoices):
        HIGHER = "higher", "多いほどよい"
        LOWER = "lower", "少ないほどよい"
        NONE = "none", "増減では決まらない"

    ward = models.ForeignKey(
        Ward,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="indicators",
        verbose_name="区",
        help_text="全区に共通の指標では空にします。",
    )
    name = models.CharField("指標名", max_length=200)
    unit = models.CharField("単位", max_length=20, blank=True)
    direction = models.CharField(
        "よい方向",
        max_length=10,
        choices=Direction.choices,
        blank=True,
        help_text="人が確かめるまでは空にします。",
    )
    definition = models.TextField("定義", blank=True)
    source = models.CharField("出典", max_length=200, blank=True)
    contact = models.CharField("数値の問い合わせ先", max_length=200, blank=True)
    arrives = models.CharField("数値が出る時期", max_length=100, blank=True)

    objects = IndicatorManager()

    class Meta:
        verbose_name = "指標"
        verbose_name_plural = "指標"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["ward", "name"],
                condition=Q(ward__isnull=False),
                name="indicator_name_unique_in_ward",
                violation_error_message="この区には同じ名前の指標がすでにあります。",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(ward__isnull=True),
                name="indicator_name_unique_city_wide",
                violation_error_message="全区共通の指標に同じ名前のものがすでにあります。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str | None, str]:
        return (self.ward.slug if self.ward else None, self.name)

    natural_key.dependencies = ["accounts.ward"]  # type: ignore[attr-defined]


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def current(self) -> MeasurementQuerySet:
        return self.filter(superseded_at=None)


class MeasurementManager(models.Manager["Measurement"].from_queryset(MeasurementQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(
        self, ward: str, indicator_ward: str | None, indicator: str, year: int
    ) -> Measurement:
        return self.current().get(
            ward__slug=ward,
            indicator=Indicator.objects.get_by_natural_key(indicator_ward, indicator),
            fiscal_year=year,
        )


class Measurement(models.Model):
    """A final figure of an indicator in one ward and fiscal year. No row means unknown; a blank is never 0.

    One current row per (indicator, ward, year); a correction inserts a new row and supersedes the old one,
    which stays with its reason. The ward is named because one city-wide survey has a figure for each ward.
    """

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="measurements", verbose_name="指標")
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="measurements", verbose_name="区")
    fiscal_year = FiscalYearField("年度")
    value = models.DecimalField("実績", max_digits=15, decimal_places=4)
    as_of = models.DateField("時点", null=True, blank=True)
    source = models.CharField("出典", max_length=200, blank=True)
    note = models.CharField("補足", max_length=400, blank=True)
    evidence = models.CharField("資料の保管場所", max_length=200, blank=True)
    initiative = models.ForeignKey(
        "initiatives.Initiative",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measurements",
        verbose_name="この実績を承認した取組項目",
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, verbose_name="入力した人")
    at = models.DateTimeField("入力日時")
    reason = models.CharField("訂正の理由", max_length=400, blank=True)
    superseded_at = models.DateTimeField("置き換えられた日時", null=True, blank=True)

    objects = MeasurementManager()

    class Meta:
        verbose_name = "実績"
        verbose_name_plural = "実績"
        ordering = ["indicator", "-fiscal_year", "-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "ward", "fiscal_year"],
                condition=Q(superseded_at__isnull=True),
                name="measurement_current_unique",
                violation_error_message="この指標と年度の実績は、すでに入力されています。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.fiscal_year}"

    def natural_key(self) -> tuple[str, str | None, str, int]:
        return (self.ward.slug, *self.indicator.natural_key(), int(self.fiscal_year))

    natural_key.dependencies = ["initiatives.indicator", "accounts.user", "initiatives.initiative"]  # type: ignore[attr-defined]


class IndicatorChangeQuerySet(models.QuerySet["IndicatorChange"]):
    def of_ward(self, ward: Any) -> IndicatorChangeQuerySet:
        """Keep what holds in a ward (a row, its id or an outer reference): its own, and that of all wards."""
        return self.filter(Q(ward=ward) | Q(ward=None))

    def breaking(self) -> IndicatorChangeQuerySet:
        """Keep the changes from whose year on figures mean something else."""
        return self.filter(fiscal_year__isnull=False, withdrawn_at=None)


class IndicatorChange(models.Model):
    """A dated change of what an indicator means, or of which way is good. Append-only.

    With a `fiscal_year` the figures from that year on are not simply comparable with those before; without
    one only the words changed, or somebody confirmed the direction. `before` and `after` hold the fields
    that changed. A change of a city-wide indicator is recorded for the ward whose figures it touches, like
    the figures themselves; without a ward it holds in all of them. Figures and targets keep an indicator
    from being deleted; one that has neither takes this record along. What was recorded by mistake is
    withdrawn with a reason, and stays.
    """

    class Kind(models.TextChoices):
        DEFINITION = "definition", "定義・出典の変更"
        DIRECTION = "direction", "よい方向の確認"

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="changes", verbose_name="指標")
    ward = models.ForeignKey(
        Ward,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="indicator_changes",
        verbose_name="区",
        help_text="全区で変わったときは空です。",
    )
    kind = models.CharField("種類", max_length=12, choices=Kind.choices)
    fiscal_year = FiscalYearField("変わった年度", null=True, blank=True)
    before = models.JSONField("変更前", default=dict, blank=True)
    after = models.JSONField("変更後", default=dict, blank=True)
    what = models.CharField("何が変わったか", max_length=400, blank=True)
    reason = models.CharField("理由", max_length=400, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, verbose_name="記録した人")
    at = models.DateTimeField("記録日時")
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="取り消した人"
    )
    withdrawn_at = models.DateTimeField("取消日時", null=True, blank=True)
    withdrawn_reason = models.CharField("取消しの理由", max_length=400, blank=True)

    objects = models.Manager.from_queryset(IndicatorChangeQuerySet)()

    class Meta:
        verbose_name = "指標の変更"
        verbose_name_plural = "指標の変更"
        ordering = ["indicator", "-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fiscal_year=None) | Q(kind="definition"),
                name="indicator_change_year_is_of_a_definition",
                violation_error_message="年度を書くのは、定義や出典が変わったときだけです。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.get_kind_display()} {self.at:%Y-%m-%d}"

    @property
    def breaks(self) -> bool:
        """Tell whether figures from its year on are not simply comparable with those before."""
        return self.fiscal_year is not None and self.withdrawn_at is None

    @property
    def directions(self) -> tuple[str, str]:
        """Give the direction before and after in the words of the screen; "" where there was none."""
        labels = dict(Indicator.Direction.choices)
        before, after = (labels.get(words.get("direction", ""), "") for words in (self.before, self.after))
        return before, after

    @property
    def earlier_words(self) -> list[tuple[str, str]]:
        """List (label, words before) of what this change rewrote."""
        labels = {"definition": "定義", "source": "出典"}
        return [(label, self.before[name]) for name, label in labels.items() if name in self.before]
