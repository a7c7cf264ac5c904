from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from wardplan.fiscal_year import FiscalYearField

ITEM = "取組項目"
RESERVED_PHASES = ("history", "sheet", "plan", "import", "basis", "print")
validate_key = RegexValidator(
    r"\A[a-z][a-z0-9]*(_[a-z0-9]+)*\Z", "キーは半角の英小文字・数字・下線で入力してください。"
)


class FormEditionManager(models.Manager["FormEdition"]):
    def get_by_natural_key(self, code: str) -> FormEdition:
        return self.get(code=code)


class FormEdition(models.Model):
    """The official form of some years, as data: its words and its questions. Frozen once a plan uses it.

    `labels` maps a place on the form to its printed words ("plan.purpose": "(趣旨・目的)",
    "phase.midyear": "中間振り返り"); a place that is left out has the words of `initiatives.form.LABELS`.
    `revision` names its questions, marks and layout as they stand: each process keeps them under it, since
    every page needs them. Loading the edition from a fixture makes a new one; every other change of them has
    to `renew` it.
    """

    code = models.CharField("版コード", max_length=20, unique=True, validators=[validate_key])
    title = models.CharField("様式の表題", max_length=200)
    first_fiscal_year = FiscalYearField("使い始める年度")
    labels = models.JSONField("様式の文言", default=dict, blank=True)
    revision = models.UUIDField("欄の改訂", default=uuid4, editable=False)

    objects = FormEditionManager()

    class Meta:
        verbose_name = "様式の版"
        verbose_name_plural = "様式の版"
        ordering = ["first_fiscal_year", "code"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def natural_key(self) -> tuple[str]:
        return (self.code,)

    @property
    def item(self) -> str:
        """Give the form's word for one sheet: 取組項目, unless the edition has its own."""
        return str(self.labels.get("item") or ITEM)

    def renew(self) -> None:
        """Say that questions, marks or the layout were changed: no process goes on with what it has kept."""
        self.revision = uuid4()
        self.save(update_fields=["revision"])

    def is_frozen(self) -> bool:
        """Tell whether a plan uses this edition: then its words and questions must not change any more."""
        return self.plans.exists()


class FormLayout(models.Model):
    """An .xlsx file that says how an edition's form looks in Excel; the newest one counts.

    Append-only, so that an earlier layout can be fetched again. Without a file the form is drawn from the
    questions. A layout may come after plans use the edition: it changes how sheets are written from then on,
    and files written before are still read by the names in them. `digest` is the file's SHA-256.
    """

    edition = models.ForeignKey(FormEdition, models.CASCADE, related_name="layouts", verbose_name="様式の版")
    content = models.BinaryField("ファイル", blank=True)
    digest = models.CharField("指紋", max_length=64, blank=True)
    file_name = models.CharField("ファイル名", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="登録した人"
    )
    at = models.DateTimeField("登録した日時")

    class Meta:
        verbose_name = "様式のレイアウト"
        verbose_name_plural = "様式のレイアウト"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.edition.code} {self.file_name or '標準のレイアウト'}"


class QuestionManager(models.Manager["Question"]):
    def get_by_natural_key(self, edition: str, phase: str, key: str) -> Question:
        return self.get(edition__code=edition, phase=phase, key=key)


class Question(models.Model):
    """One field of the form. A phase exists when the edition has a question in it.

    A mark with `combine` gets a proposal from the figures of its phase: the outcomes of the annual targets,
    combined by that rule; asked per target, each target's own outcome. A text with `required_when` must be
    written when a chosen mark differs from the proposal, or means something else than in the phase before.

    Form fields (`<key>`, per target `<key>_<target>`), Excel names (`<phase>_<key>`) and JSON fields
    (`<phase>.<key>`) derive from `phase` and `key`.
    """

    class Scope(models.TextChoices):
        SHEET = "sheet", "シートに1つ"
        TARGET = "target", "当年度の目標ごと"

    class Kind(models.TextChoices):
        MARK = "mark", "判定(選択)"
        TEXT = "text", "文章"
        FIGURE = "figure", "数値"

    class RequiredWhen(models.TextChoices):
        DIFFERS = "differs", "選んだ判定が、数値からの判定と異なるとき"
        TURNED = "turned", "選んだ判定の意味が、前の段階と異なるとき"

    class Combine(models.TextChoices):
        ALL = "all", "すべての目標が達成なら達成"
        ANY = "any", "どれかの目標が達成なら達成"
        MAJORITY = "majority", "過半数の目標が達成なら達成"

    class Column(models.TextChoices):
        LEFT = "left", "左"
        RIGHT = "right", "右"

    edition = models.ForeignKey(
        FormEdition, models.CASCADE, related_name="questions", verbose_name="様式の版"
    )
    phase = models.CharField("段階", max_length=30, validators=[validate_key])
    key = models.CharField("キー", max_length=30, validators=[validate_key])
    position = models.PositiveSmallIntegerField("順番")
    scope = models.CharField("単位", max_length=10, choices=Scope.choices, default=Scope.SHEET)
    kind = models.CharField("種類", max_length=10, choices=Kind.choices)
    label = models.CharField("見出し", max_length=100)
    note = models.CharField(
        "見出しの注記", max_length=100, blank=True, help_text="様式に小さく印刷されます。"
    )
    hint = models.CharField("書き方", max_length=200, blank=True, help_text="入力画面だけに出ます。")
    limit = models.PositiveIntegerField("字数の上限", null=True, blank=True)
    column = models.CharField("様式の左右", max_length=5, choices=Column.choices, default=Column.LEFT)
    on_paper = models.BooleanField("様式に印刷する", default=True)
    required = models.BooleanField("提出のとき必須", default=False)
    required_when = models.CharField(
        "判定によって必須",
        max_length=10,
        choices=RequiredWhen.choices,
        blank=True,
        help_text="文章の欄だけ。判定と異なる評価とした理由などに使います。",
    )
    combine = models.CharField(
        "数値からの判定",
        max_length=10,
        choices=Combine.choices,
        blank=True,
        help_text="判定の欄だけ。目標ごとの結果を、どの決まりで1つの案にまとめるか。空なら案を出しません。",
    )
    guide = models.TextField("記入要領", blank=True, help_text="入力画面で、欄のそばに開いて読めます。")
    final = models.BooleanField(
        "年度の実績", default=False, help_text="数値の欄だけ。承認されると、その指標の年度実績になります。"
    )

    objects = QuestionManager()

    class Meta:
        verbose_name = "様式の欄"
        verbose_name_plural = "様式の欄"
        ordering = ["edition", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "phase", "key"],
                name="question_key_unique_in_phase",
                violation_error_message="この段階には同じキーの欄があります。",
            ),
            models.UniqueConstraint(
                fields=["edition", "position"],
                name="question_position_unique",
                violation_error_message="同じ順番の欄があります。",
            ),
            models.CheckConstraint(
                condition=~models.Q(phase__in=RESERVED_PHASES),
                name="question_phase_not_reserved",
                violation_error_message="この段階の名前は画面の番地に使われています。別の名前にしてください。",
            ),
            models.CheckConstraint(
                condition=models.Q(final=False) | models.Q(kind="figure", scope="target"),
                name="question_final_is_a_target_figure",
                violation_error_message="年度の実績にできるのは、目標ごとの数値の欄だけです。",
            ),
            models.CheckConstraint(
                condition=models.Q(required_when="")
                | models.Q(kind="text", required_when__in=["differs", "turned"]),
                name="question_required_when_is_a_text",
                violation_error_message="判定によって必須にできるのは、文章の欄だけです。",
            ),
            models.CheckConstraint(
                condition=models.Q(combine="")
                | models.Q(kind="mark", combine__in=["all", "any", "majority"]),
                name="question_combine_is_a_mark",
                violation_error_message="数値からの判定を出せるのは、判定の欄だけです。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase}.{self.key} {self.label}"

    def natural_key(self) -> tuple[str, str, str]:
        return (self.edition.code, self.phase, self.key)

    natural_key.dependencies = ["initiatives.formedition"]  # type: ignore[attr-defined]


class MarkManager(models.Manager["Mark"]):
    def get_by_natural_key(self, edition: str, phase: str, key: str, position: int) -> Mark:
        return self.get(
            question__edition__code=edition, question__phase=phase, question__key=key, position=position
        )


class Mark(models.Model):
    """A possible answer to a question: ①達成見込み. `position` (1, 2 …) is what is stored and sent.

    An answer that is not on paper (対象外, 判定保留) prints blank. Where the symbol says everything, there is
    no label.
    """

    class Meaning(models.TextChoices):
        MET = "met", "達成"
        NOT_MET = "not_met", "未達成"

    question = models.ForeignKey(Question, models.CASCADE, related_name="marks", verbose_name="様式の欄")
    position = models.PositiveSmallIntegerField("順番")
    symbol = models.CharField("記号", max_length=10)
    label = models.CharField("文言", max_length=60, blank=True)
    meaning = models.CharField("意味", max_length=10, choices=Meaning.choices, blank=True)
    requires = models.CharField(
        "必須になる欄", max_length=30, blank=True, help_text="これを選ぶと必ず書く欄のキー(同じ段階)"
    )
    advises = models.CharField(
        "勧める欄", max_length=30, blank=True, help_text="これを選ぶと書くよう勧める欄のキー(同じ段階)"
    )
    on_paper = models.BooleanField("様式に印刷する", default=True)

    objects = MarkManager()

    class Meta:
        verbose_name = "判定の選択肢"
        verbose_name_plural = "判定の選択肢"
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["question", "position"],
                name="mark_position_unique_in_question",
                violation_error_message="同じ順番の選択肢があります。",
            ),
            models.CheckConstraint(
                condition=models.Q(position__gte=1),
                name="mark_position_from_one",
                violation_error_message="順番は1から始めてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol}{self.label}"

    def natural_key(self) -> tuple[str, str, str, int]:
        return (*self.question.natural_key(), self.position)

    natural_key.dependencies = ["initiatives.question"]  # type: ignore[attr-defined]
