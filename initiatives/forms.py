"""What people type about figures: an actual with its sources, a target's number. Writes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from wardplan.era import parse_date, parse_moment, wareki, wareki_moment
from wardplan.fiscal_year import FiscalYear, FiscalYearFormField
from wardplan.numbers import format_number, read_number
from wardplan.text import SheetTextField

from .models import Indicator, IndicatorChange, Measurement, PlanPhase
from .workflow import decision_record_problems, definition_problems, window_problems

# Units that are counted one by one: half a piece is a typing error.
WHOLE_UNITS = ("件", "人", "回", "世帯", "校", "か所", "箇所", "団体", "社", "名")
FIGURE_PARTS = {"as_of": "時点", "source": "出典", "note": "補足", "evidence": "資料の保管場所"}
LIMITS = {"source": 200, "note": 400, "evidence": 200, "reason": 400}


class NumberField(forms.CharField):
    """A number as people type it (８件, 43.3％, 1,200); kept as plain decimal text, blank as unknown."""

    def __init__(self, unit: str, **kwargs: Any) -> None:
        self.unit = unit
        super().__init__(required=kwargs.pop("required", False), strip=False, **kwargs)

    def clean(self, value: Any) -> str:
        try:
            number = read_number(value, self.unit)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if number is None:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return ""
        self.refuse_impossible(number)
        return format_number(number)

    def refuse_impossible(self, number: Decimal) -> None:
        """Raise ValidationError for a number that cannot be; any number can be a target."""


class FigureField(NumberField):
    """An actual: what is counted piece by piece is whole, and neither that nor a percentage is negative."""

    def refuse_impossible(self, number: Decimal) -> None:
        if self.unit in WHOLE_UNITS and number != number.to_integral_value():
            raise ValidationError(f"{self.unit}の実績は整数で入力してください。例: 8")
        if number < 0 and (self.unit in WHOLE_UNITS or self.unit == "%"):
            raise ValidationError("0以上の数で入力してください。")


class DayField(forms.CharField):
    """A day in the office's spellings (令和3年3月31日, R3.3.31, 2021-03-31); kept in ISO form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=kwargs.pop("required", False), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime.date):
            return wareki(value)
        try:
            return wareki(datetime.date.fromisoformat(value)) if value else ""
        except ValueError:
            return value

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            return parse_date(typed).isoformat()
        except ValueError as error:
            raise ValidationError(str(error)) from error


class MomentField(forms.CharField):
    """A day with its time (令和2年9月30日17:15); kept as a moment in Japanese time, blank as never."""

    def __init__(self, *, without_time: datetime.time | None = None, **kwargs: Any) -> None:
        self.without_time = without_time
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return wareki_moment(value) if isinstance(value, datetime.datetime) else value

    def clean(self, value: Any) -> datetime.datetime | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return parse_moment(typed, without_time=self.without_time)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class FormWithLinks(forms.Form):
    """A form whose errors stand above it, too, each leading to its input."""

    def error_links(self) -> list[tuple[str, str]]:
        """List (id of the input, sentence) in form order for the summary above the form."""
        return [
            (self[name].id_for_label or self[name].auto_id, str(sentence))  # radios have no single one
            for name in self.fields
            for sentence in self.errors.get(name, [])
        ] + [("", str(sentence)) for sentence in self.non_field_errors()]


class MeasurementForm(FormWithLinks):
    """An indicator's figure of a year, with where it comes from. `standing` is the one to be corrected.

    `seen` is the figure that the page showed: when another one stands there by now, nobody overwrites it
    unseen. The form then comes back with what was typed.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, indicator: Indicator, standing: Measurement | None, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data)
        self.standing = standing
        self.fields["value"] = FigureField(
            indicator.unit,
            label="実績",
            required=True,
            error_messages={"required": "実績を入力してください。分からないあいだは未判明のままにします。"},
        )
        self.fields["as_of"] = DayField(
            label=FIGURE_PARTS["as_of"], help_text="いつの数値か。例: 令和3年3月31日"
        )
        hints = {
            "source": "資料や調査の名前。例: 令和2年度区民アンケート(市民局実施分)",
            "note": "数え方の注意など",
            "evidence": "公開請求のときに探せるように、簿冊やフォルダーの名前",
        }
        for name, hint in hints.items():
            self.fields[name] = self._text(FIGURE_PARTS[name], name, help_text=hint)
        if standing is not None:
            self.fields["reason"] = self._text(
                "訂正の理由", "reason", help_text="この欄も公開請求の対象になります。"
            )
        self.initial = self._initial(indicator, standing)

    @staticmethod
    def _text(label: str, name: str, **kwargs: Any) -> SheetTextField:
        return SheetTextField(
            label=label, required=False, limit=LIMITS[name], widget=forms.TextInput(), **kwargs
        )

    @staticmethod
    def _initial(indicator: Indicator, standing: Measurement | None) -> dict[str, Any]:
        if standing is None:
            return {"seen": "", "source": indicator.source}
        return {
            "seen": str(standing.pk),
            "value": format_number(standing.value),
            "as_of": standing.as_of,
            "source": standing.source,
            "note": standing.note,
            "evidence": standing.evidence,
        }

    @property
    def figure(self) -> dict[str, Any]:
        """Give what was typed as the verb `record_measurement` takes it."""
        cleaned = self.cleaned_data
        as_of = cleaned["as_of"]
        return {
            "value": Decimal(cleaned["value"]),
            "as_of": datetime.date.fromisoformat(as_of) if as_of else None,
            **{name: cleaned.get(name, "") for name in ("source", "note", "evidence")},
        }

    @property
    def changes_nothing(self) -> bool:
        """Tell that the same figure stands there already: pressed twice, or nothing was changed."""
        standing = self.standing
        return standing is not None and all(
            getattr(standing, name) == value for name, value in self.figure.items()
        )

    @property
    def is_outrun(self) -> bool:
        """Tell that somebody else entered or corrected the figure since the page was opened."""
        standing = str(self.standing.pk) if self.standing else ""
        return self.cleaned_data["seen"] != standing


class ResolutionForm(FormWithLinks):
    """The number of a relative target, which a person confirms. `base_value` is the figure that was seen."""

    base_value = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, unit: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["value"] = NumberField(
            unit,
            label="目標値",
            required=True,
            error_messages={"required": "目標値を入力してください。"},
        )

    @property
    def base(self) -> Decimal | None:
        """Read back the base figure that the page showed; None for what is no number (then it is stale)."""
        try:
            return read_number(self.cleaned_data["base_value"])
        except ValueError:
            return None


class DefinitionForm(FormWithLinks):
    """From which year an indicator means something else, and its new words where the ward may write them.

    `seen` is the newest change that the page knew of: after another one nobody overwrites words unseen.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    fiscal_year = FiscalYearFormField(
        label="この年度の数値から", help_text="例: 令和2年度。前の年度の数値とのあいだで、図の線が切れます。"
    )
    what = SheetTextField(
        label="何が変わったか",
        required=False,
        limit=400,
        widget=forms.TextInput(),
        help_text="例: アンケートの設問が「区民の割合」から「回答者の割合」に変わった",
    )
    reason = SheetTextField(
        label="変更の理由",
        required=False,
        limit=400,
        widget=forms.TextInput(),
        help_text="この欄も公開請求の対象になります。",
    )

    def __init__(
        self,
        indicator: Indicator,
        newest: IndicatorChange | None,
        *,
        may_rewrite: bool,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.newest = str(newest.pk) if newest else ""
        shown = {"seen": self.newest, "definition": indicator.definition, "source": indicator.source}
        super().__init__(data, initial=shown)
        if may_rewrite:
            self.fields["definition"] = SheetTextField(label="これからの定義", required=False, limit=4000)
            self.fields["source"] = SheetTextField(
                label="これからの出典", required=False, limit=200, widget=forms.TextInput()
            )

    def clean_fiscal_year(self) -> FiscalYear:
        year: FiscalYear = self.cleaned_data["fiscal_year"]
        if year > FiscalYear.today().next:
            raise ValidationError("来年度までの年度を入力してください。")
        return year

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        problems = definition_problems(cleaned.get("what", ""), cleaned.get("reason", ""))
        for name, sentence in problems.items():
            if name not in self.errors:
                self.add_error(name, sentence)
        if cleaned.get("seen") != self.newest:
            sentence = "ほかの方が先に変更を記録しました。記録を確かめて、もう一度押してください。"
            self.add_error("what", sentence)
            self.data = {name: self.data.get(name) for name in self.fields} | {"seen": self.newest}
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """Give what `workflow.change_definition` takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class WithdrawalForm(FormWithLinks):
    """Why a change that was recorded by mistake is taken back."""

    reason = SheetTextField(
        label="取り消す理由",
        limit=400,
        widget=forms.TextInput(),
        help_text="この欄も公開請求の対象になります。",
        error_messages={"required": "取り消す理由を書いてください。"},
    )


class DirectionForm(FormWithLinks):
    """Which way is good; turning what was confirmed needs a reason."""

    direction = forms.ChoiceField(
        label="よい方向",
        choices=Indicator.Direction.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "よい方向を選んでください。",
            "invalid_choice": "よい方向を選んでください。",
        },
    )
    reason = SheetTextField(
        label="理由",
        required=False,
        limit=400,
        widget=forms.TextInput(),
        help_text="どの資料で確かめたかなど。この欄も公開請求の対象になります。",
    )


class WindowForm(FormWithLinks):
    """When a phase opens, is due and closes, and its 基準日; an empty field is never.

    A moment that is sent back as it was shown stays as it is, with its seconds.
    """

    opens_at = MomentField(
        label="受付開始",
        without_time=datetime.time(),
        help_text="空のあいだは始まりません。例: 令和2年9月1日",
    )
    due_at = MomentField(label="提出期限", help_text="空のときは期限後になりません。例: 令和2年9月30日17:15")
    closes_at = MomentField(
        label="受付終了",
        help_text="空のときは終わりません。いま閉じるときは、いまの時刻を入力します。",
    )
    as_of = DayField(label="基準日", help_text="この日現在の状況を書きます。例: 令和2年8月31日")

    def __init__(self, row: PlanPhase, data: Mapping[str, Any] | None = None) -> None:
        self.row = row
        shown = {name: getattr(row, name) for name in self.base_fields}
        super().__init__(data, initial=shown, auto_id=f"id_{row.phase}_%s")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("opens_at", "due_at", "closes_at"):
            stored = getattr(self.row, name)
            if stored and str(self.data.get(name, "")).strip() == wareki_moment(stored):
                cleaned[name] = stored
        if not self.errors:
            moments = (cleaned[name] for name in ("opens_at", "due_at", "closes_at"))
            for name, sentence in window_problems(*moments).items():
                self.add_error(name, sentence)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """Give what `workflow.set_window` takes."""
        as_of = self.cleaned_data["as_of"]
        day = datetime.date.fromisoformat(as_of) if as_of else None
        return {**self.cleaned_data, "as_of": day}


class DecisionRecordForm(FormWithLinks):
    """How far a phase is, and its 決裁: the day, the post and the number of the document."""

    stage = forms.ChoiceField(label="進み", choices=PlanPhase.Stage.choices, required=False)
    decided_on = DayField(label="決裁日", help_text="例: 令和3年6月4日")
    decided_by_post = forms.CharField(
        label="決裁者の職", required=False, max_length=60, help_text="氏名は書きません。例: 区長"
    )
    document_number = forms.CharField(label="文書番号", required=False, max_length=60)

    def __init__(self, row: PlanPhase, data: Mapping[str, Any] | None = None) -> None:
        self.row = row
        shown = {name: getattr(row, name) for name in self.base_fields}
        super().__init__(data, initial=shown, auto_id=f"id_{row.phase}_%s")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            for name, sentence in decision_record_problems(
                cleaned["stage"], self.values["decided_on"], cleaned["decided_by_post"], timezone.now()
            ).items():
                self.add_error(name, sentence)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """Give what `workflow.record_decision` takes."""
        day = self.cleaned_data["decided_on"]
        return {**self.cleaned_data, "decided_on": datetime.date.fromisoformat(day) if day else None}
