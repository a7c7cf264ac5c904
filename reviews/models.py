"""What happened: the record of an initiative in each phase, and what was typed but not saved yet."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from initiatives.models import Initiative
from initiatives.models.edition import validate_key
from wardplan.accounts.models import Membership, User, Ward
from wardplan.fiscal_year import FiscalYearField


def holder_name(person: str, section: str, on: datetime.date) -> Subquery:
    """Give the name of a person who works in a section on a day, or NULL; both by their paths in the row."""
    works_there = Membership.objects.valid_on(on).filter(
        user=OuterRef(person), section=OuterRef(section), user__is_active=True
    )
    return Subquery(works_there.order_by("pk").values("user__name")[:1])


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: User) -> ReviewQuerySet:
        return self.filter(initiative__in=Initiative.objects.visible_to(user))

    def awaiting_decision(self) -> ReviewQuerySet:
        return self.filter(status=Review.Status.SUBMITTED)

    def with_holder(self, on: datetime.date) -> ReviewQuerySet:
        """Name who was handed each sheet, as `holder_name`: nobody who is not in its section that day."""
        return self.annotate(holder_name=holder_name("held_by", "initiative__section", on))


class Review(models.Model):
    """The record of an initiative in one phase: its answers, its status, and who submitted and approved it.

    No row is the same as 未入力 at version 0. `answers` maps a question's key to a mark's position, a text
    or a figure; for a question per target, to such a map by the target's key. Blank answers are left out.
    Only `initiatives.workflow.record` writes `status`, `version` and `answers`.
    """

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", "未入力"
        DRAFT = "draft", "作成中"
        SUBMITTED = "submitted", "課長承認待ち"
        RETURNED = "returned", "差戻し"
        APPROVED = "approved", "課長承認済"
        PUBLISHED = "published", "公表済"

    initiative = models.ForeignKey(
        Initiative, models.PROTECT, related_name="reviews", verbose_name="取組項目"
    )
    phase = models.CharField("段階", max_length=30, validators=[validate_key])
    status = models.CharField(
        "状態", max_length=12, choices=Status.choices, default=Status.NOT_STARTED, editable=False
    )
    version = models.PositiveIntegerField("版", default=0, editable=False)
    answers = models.JSONField("回答", default=dict, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="submitted_reviews",
        verbose_name="提出した人",
    )
    approved_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="approved_reviews",
        verbose_name="承認した人",
    )
    open_until = models.DateTimeField("個別延長の期限", null=True, blank=True, editable=False)
    held_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="held_reviews",
        verbose_name="引き継いだ人",
    )

    holder_name: str | None
    """Who holds it; only with `ReviewQuerySet.with_holder`."""

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "振り返り・評価"
        verbose_name_plural = "振り返り・評価"
        ordering = ["initiative", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["initiative", "phase"],
                name="review_unique_in_phase",
                violation_error_message="この取組項目には同じ段階の記録がすでにあります。",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["not_started", "draft", "submitted", "returned", "approved", "published"]
                ),
                name="review_status_known",
            ),
            models.CheckConstraint(
                condition=Q(submitted_by__isnull=True)
                | Q(approved_by__isnull=True)
                | ~Q(submitted_by=F("approved_by")),
                name="review_four_eyes",
                violation_error_message="提出した人は承認できません。",
            ),
            models.CheckConstraint(
                condition=~Q(status="submitted") | Q(submitted_by__isnull=False),
                name="review_submitted_names_submitter",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "published"])
                | Q(submitted_by__isnull=False, approved_by__isnull=False),
                name="review_approved_names_approver",
            ),
        ]
        indexes = [
            models.Index(fields=["initiative"], condition=Q(status="submitted"), name="review_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.initiative} {self.phase} {self.get_status_display()}"

    @property
    def is_readable_by_all(self) -> bool:
        """Tell whether everybody of the ward may read the text: from 課長承認待ち on."""
        return self.status in (Review.Status.SUBMITTED, Review.Status.APPROVED, Review.Status.PUBLISHED)

    def is_extended(self, at: datetime.datetime) -> bool:
        return self.open_until is not None and at <= self.open_until


class PhaseManager(models.Manager["Review"].from_queryset(ReviewQuerySet)):  # type: ignore[misc]
    """Keep the reviews of one phase; a review that is made through it gets that phase."""

    def __init__(self, phase: str = "") -> None:
        super().__init__()
        self.phase = phase

    def get_queryset(self) -> ReviewQuerySet:
        return super().get_queryset().filter(phase=self.phase)

    def create(self, **fields: object) -> Review:
        return super().create(**{"phase": self.phase, **fields})


class MidYearReview(Review):
    """A 中間振り返り: the reviews of the phase `midyear`."""

    objects = PhaseManager("midyear")  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = "中間振り返り"
        verbose_name_plural = "中間振り返り"


class SelfEvaluation(Review):
    """A 自己評価: the reviews of the phase `self_evaluation`."""

    objects = PhaseManager("self_evaluation")  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = "自己評価"
        verbose_name_plural = "自己評価"


class UnsavedTextQuerySet(models.QuerySet["UnsavedText"]):
    def of_page(self, user: User, review: Review, page: str) -> UnsavedTextQuerySet:
        """Keep what a person typed on one opened page of a review's form."""
        return self.filter(user=user, initiative=review.initiative, phase=review.phase, page=page)


class UnsavedText(models.Model):
    """書きかけ: what a person typed and has not saved. No event, no version, nobody else's to read.

    One for each opened page of a form, so that going on with another text never overwrites it.
    """

    class Left(models.TextChoices):
        """How a text came to stay unsaved; the sentence follows a moment on the page that restores it."""

        AUTOSAVE = "autosave", "に書いていて、一時保存をしていない文です。"
        NO_SESSION = "no_session", "に保存しようとしたとき、ログインが切れていました。"
        ANOTHER_PERSON = "another", "に保存しようとしたとき、別の利用者がログインしていました。"

    user = models.ForeignKey(User, models.CASCADE, related_name="unsaved_texts", verbose_name="利用者")
    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="unsaved_texts", verbose_name="取組項目"
    )
    phase = models.CharField("段階", max_length=30)
    page = models.CharField("開いた画面", max_length=20, blank=True)
    base_version = models.PositiveIntegerField("元の版")
    fields = models.JSONField("書きかけの内容", default=dict)
    at = models.DateTimeField("日時")
    left = models.CharField("残った理由", max_length=10, choices=Left.choices, default=Left.AUTOSAVE)

    objects = UnsavedTextQuerySet.as_manager()

    class Meta:
        verbose_name = "書きかけ"
        verbose_name_plural = "書きかけ"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "initiative", "phase", "page"], name="unsaved_text_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.initiative} {self.phase}"


class NoteQuerySet(models.QuerySet["Note"]):
    def standing(self) -> NoteQuerySet:
        return self.filter(withdrawn_at=None)


class Note(models.Model):
    """A note beside the form: a comment on a field with a return, or a handover note. Part of no version.

    A handover note that is withdrawn or replaced stays, with who took it back and when; never in public.
    """

    class Kind(models.TextChoices):
        COMMENT = "comment", "差戻しのコメント"
        HANDOVER = "handover", "引継ぎメモ"

    initiative = models.ForeignKey(Initiative, models.PROTECT, related_name="notes", verbose_name="取組項目")
    phase = models.CharField("段階", max_length=30)
    version = models.PositiveIntegerField("版")
    kind = models.CharField("種類", max_length=10, choices=Kind.choices)
    field = models.CharField("欄", max_length=60, blank=True)
    text = models.TextField("本文", help_text="この欄も公開請求の対象になります。")
    by = models.ForeignKey(User, models.PROTECT, related_name="notes", verbose_name="書いた人")
    at = models.DateTimeField("日時")
    withdrawn_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="withdrawn_notes",
        verbose_name="取り下げた人",
    )
    withdrawn_at = models.DateTimeField("取り下げた日時", null=True, blank=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = "メモ"
        verbose_name_plural = "メモ"
        ordering = ["initiative", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="note_withdrawn_names_person",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class PlanReportQuerySet(models.QuerySet["PlanReport"]):
    def waiting(self) -> PlanReportQuerySet:
        return self.filter(answered_at=None)


class PlanReport(models.Model):
    """A mistake in the plan's text that somebody told the admin of, and what the admin answered.

    It names the sheet by ward, year and number and quotes the cell as it stood, so that it outlives a draft
    that is loaded anew. Nothing of it is ever public.
    """

    ward = models.ForeignKey(Ward, models.PROTECT, related_name="plan_reports", verbose_name="区")
    fiscal_year = FiscalYearField("年度")
    number = models.CharField("取組項目の番号", max_length=20)
    cell = models.CharField("欄", max_length=60)
    label = models.CharField("欄の名前", max_length=120)
    quoted = models.TextField("そのときの文", blank=True)
    text = models.TextField("どこが誤りか", blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="plan_reports", verbose_name="知らせた人")
    at = models.DateTimeField("知らせた日時")
    answer = models.TextField("回答", blank=True)
    answered_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="answered_plan_reports",
        verbose_name="回答した人",
    )
    answered_at = models.DateTimeField("回答した日時", null=True, blank=True)

    objects = PlanReportQuerySet.as_manager()

    class Meta:
        verbose_name = "計画の誤りの連絡"
        verbose_name_plural = "計画の誤りの連絡"
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True, answered_at__isnull=True, answer="")
                | Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer=""),
                name="plan_report_answer_names_person",
            ),
        ]
        indexes = [
            models.Index(fields=["ward", "fiscal_year", "number"], name="plan_report_of_sheet"),
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.number} {self.label}"
