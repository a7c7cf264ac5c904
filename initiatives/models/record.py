from __future__ import annotations

from django.db import models
from django.db.models import Q

from wardplan.accounts.models import User, Ward
from wardplan.fiscal_year import FiscalYearField

from .plan import Initiative


class Event(models.Model):
    """One accepted change, append-only: the history, the base of every merge, and what publishing copies.

    A review's event names its initiative and phase; the plan's own (confirm, publish …) names neither, and
    outlives a deleted draft because it points to the ward and the year. `content` is everything after the
    change. `fingerprint` digests verb, base version and content as they were sent, so that a repeated POST
    is recognised.
    """

    ward = models.ForeignKey(Ward, models.PROTECT, related_name="events", verbose_name="区")
    fiscal_year = FiscalYearField("年度")
    initiative = models.ForeignKey(
        Initiative, models.PROTECT, null=True, blank=True, related_name="events", verbose_name="取組項目"
    )
    phase = models.CharField("段階", max_length=30, blank=True)
    version = models.PositiveIntegerField("版")
    verb = models.CharField("操作", max_length=20)
    from_status = models.CharField("前の状態", max_length=20)
    to_status = models.CharField("後の状態", max_length=20)
    by = models.ForeignKey(User, models.PROTECT, related_name="events", verbose_name="操作した人")
    by_name = models.CharField("氏名", max_length=60)
    by_post = models.CharField("職名", max_length=120, blank=True)
    at = models.DateTimeField("日時")
    reason = models.TextField("理由", blank=True)
    late = models.BooleanField("期限後", default=False)
    on_behalf = models.BooleanField("代理", default=False)
    content = models.JSONField("変更後の内容", default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "履歴"
        verbose_name_plural = "履歴"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "phase", "version"],
                condition=Q(initiative__isnull=False),
                name="event_version_unique_in_review",
            ),
            models.UniqueConstraint(
                fields=["ward", "fiscal_year", "version"],
                condition=Q(initiative__isnull=True),
                name="event_version_unique_in_plan",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by_name} 第{self.version}版"


class PublishedSheet(models.Model):
    """An immutable public revision of a sheet: its text as it was approved, with a digest to prove it.

    `content` is canonical JSON text (sorted keys, no spaces); `sha256` is the digest of its UTF-8 bytes.
    """

    initiative = models.ForeignKey(
        Initiative, models.PROTECT, related_name="published", verbose_name="取組項目"
    )
    revision = models.PositiveIntegerField("版")
    content = models.TextField("公表した内容")
    sha256 = models.CharField("内容の照合値", max_length=64)
    reason = models.TextField("改訂の理由", blank=True)
    at = models.DateTimeField("公表日時")

    class Meta:
        verbose_name = "公表したシート"
        verbose_name_plural = "公表したシート"
        ordering = ["initiative", "revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "revision"], name="published_revision_unique_in_initiative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.initiative} 第{self.revision}版"
