"""One form per record of a plan file: plan, indicator, measurement, initiative, target, baseline."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from initiatives.models import Indicator, Initiative, Measurement, Target
from initiatives.models.edition import validate_key
from initiatives.models.plan import validate_number
from wardplan.era import parse_date
from wardplan.fiscal_year import FiscalYear, FiscalYearFormField
from wardplan.numbers import read_number
from wardplan.text import SheetTextField, clean_text, quote

HTML_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--")


# --- fields: what JSON holds, as what it means -----------------------------------------------------------


class Text(SheetTextField):
    """Free text, kept as it is. Tags and control characters are refused instead of being taken out unseen."""

    def to_python(self, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValidationError('文字列ではありません。「"」で囲んでください。')
        text, removed = clean_text(value)
        if removed:
            raise ValidationError(f"制御文字が{removed}個含まれています。取り除いてください。")
        if tag := HTML_TAG.search(text):
            raise ValidationError(f"HTMLタグ{quote(tag[0])}が含まれています。タグを取り除いてください。")
        return text


class Code(Text):
    """A short name that other records refer to; a whole number is understood as its digits."""

    def to_python(self, value: Any) -> str:
        return super().to_python(str(value) if type(value) is int else value)


class Choice(forms.Field):
    """One of a few words."""

    default_error_messages = {"required": "入力してください。"}

    def __init__(self, choices: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def to_python(self, value: Any) -> str:
        if value is None or value == "":
            return ""
        if value not in self.choices:
            raise ValidationError(
                f"{quote(str(value))}は使えません。{'、'.join(self.choices)}のどれかにしてください。"
            )
        return str(value)


class Figure(forms.Field):
    """A number as text or as JSON number; `unit` may stand behind it (８件)."""

    default_error_messages = {"required": "数値を入力してください。"}
    unit = ""

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise ValidationError("数値として読み取れません。数字で入力してください(例: 43.3)。")
        try:
            return read_number(value, self.unit)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Day(forms.Field):
    def to_python(self, value: Any) -> date | None:
        if value is None or value == "":
            return None
        try:
            return parse_date(value if isinstance(value, str) else repr(value))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Flag(forms.Field):
    def to_python(self, value: Any) -> bool:
        if value is not None and not isinstance(value, bool):
            raise ValidationError("trueかfalseにしてください。")
        return bool(value)


class Names(forms.Field):
    def to_python(self, value: Any) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ValidationError("[ ]で囲んだ文字列の一覧にしてください。")
        return [clean_text(name).text for name in value]


# --- records ---------------------------------------------------------------------------------------------


def longest(model: type, field: str) -> int:
    return model._meta.get_field(field).max_length  # type: ignore[attr-defined]


class RecordForm(forms.Form):
    """A record of the file. `nested` are the keys whose values are records of their own."""

    nested: tuple[str, ...] = ()

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(data=record)
        self.record = record

    def clean(self) -> None:
        super().clean()
        for key in self.record:
            if key not in self.fields and key not in self.nested:
                self.add_error(None, f"「{key}」という項目はありません。項目名を確かめてください。")

    def given(self) -> dict[str, Any]:
        """Give what the record names; a key that it leaves out is not there."""
        return {key: value for key, value in self.cleaned_data.items() if key in self.record}


class PlanForm(RecordForm):
    nested = ("indicators", "measurements", "initiatives")
    ward = Code()
    fiscal_year = FiscalYearFormField()
    edition = Code(required=False)


class IndicatorForm(RecordForm):
    name = Text(limit=longest(Indicator, "name"))
    city_wide = Flag(required=False)
    unit = Text(required=False, limit=longest(Indicator, "unit"))
    direction = Choice(Indicator.Direction.values, required=False)
    definition = Text(required=False)
    source = Text(required=False, limit=longest(Indicator, "source"))
    contact = Text(required=False, limit=longest(Indicator, "contact"))
    arrives = Text(required=False, limit=longest(Indicator, "arrives"))


class MeasurementForm(RecordForm):
    indicator = Text(limit=longest(Indicator, "name"))
    fiscal_year = FiscalYearFormField()
    value = Figure()
    as_of = Day(required=False)
    source = Text(required=False, limit=longest(Measurement, "source"))
    note = Text(required=False, limit=longest(Measurement, "note"))

    def __init__(self, record: dict[str, Any], unit: str = "") -> None:
        super().__init__(record)
        self.fields["value"].unit = unit  # type: ignore[attr-defined]


class InitiativeForm(RecordForm):
    nested = ("targets",)
    number = Code(limit=longest(Initiative, "number"), validators=[validate_number])
    title = Text(limit=longest(Initiative, "title"))
    section = Text(required=False)
    purpose = Text(required=False)
    overview = Text(required=False)
    activities = Text(required=False)
    continues = Code(required=False)
    unconfirmed = Names(required=False)


class TargetForm(RecordForm):
    """A target. What its kind asks for must be there; what the kind does not use may be left out."""

    nested = ("baselines",)
    key = Code(limit=longest(Target, "key"), validators=[validate_key])
    scope = Choice(Target.Scope.values)
    indicator = Text(limit=longest(Indicator, "name"))
    unit = Text(required=False, limit=longest(Indicator, "unit"))
    direction = Choice(Indicator.Direction.values, required=False)
    heading = Text(required=False, limit=longest(Target, "heading"))
    fiscal_year = FiscalYearFormField(required=False)
    kind = Choice(Target.Kind.values)
    comparator = Choice(Target.Comparator.values, required=False)
    value = Figure(required=False)
    value_max = Figure(required=False)
    from_fiscal_year = FiscalYearFormField(required=False)
    change = Figure(required=False)
    change_unit = Choice(Target.ChangeUnit.values, required=False)
    base_fiscal_year = FiscalYearFormField(required=False)
    milestone = Text(required=False, limit=longest(Target, "milestone"))
    wording = Text(limit=longest(Target, "wording"))
    quote = Text(required=False, limit=longest(Target, "quote"))

    def __init__(self, record: dict[str, Any], plan_year: FiscalYear, unit: str = "") -> None:
        super().__init__(record)
        self.plan_year = plan_year
        for name in ("value", "value_max"):
            self.fields[name].unit = unit  # type: ignore[attr-defined]

    def clean_fiscal_year(self) -> FiscalYear:
        return self.cleaned_data["fiscal_year"] or self.plan_year

    def clean(self) -> None:
        super().clean()
        found, kind = self.cleaned_data, self.cleaned_data.get("kind")
        if kind in ("absolute", "range", "cumulative"):
            self.demand("value", "この種類の目標には、目標値を入力してください。")
        if kind == "range":
            self.demand("value_max", "範囲の目標には、上限を入力してください。")
            lowest, highest = found.get("value"), found.get("value_max")
            if lowest is not None and highest is not None and highest < lowest:
                self.add_error("value_max", "上限は下限以上にしてください。")
        if kind == "cumulative":
            self.demand("from_fiscal_year", "合計の目標には、初年度を入力してください。")
            first, last = found.get("from_fiscal_year"), found.get("fiscal_year")
            if first and last and first > last:
                self.add_error("from_fiscal_year", "合計の初年度は、目標年度以前にしてください。")
        if kind == "relative":
            if found.get("value") is not None:
                self.add_error("value", "基準年度と比べる目標では、目標値を空にしてください。")
            if found.get("change") is not None:
                self.demand("change_unit", "増減の単位(percent、point、absolute)を入力してください。")

    def demand(self, name: str, sentence: str) -> None:
        if self.cleaned_data.get(name, "?") in (None, ""):
            self.add_error(name, sentence)


class BaselineForm(RecordForm):
    fiscal_year = FiscalYearFormField()
    value = Figure(required=False)

    def __init__(self, record: dict[str, Any], unit: str = "") -> None:
        super().__init__(record)
        self.fields["value"].unit = unit  # type: ignore[attr-defined]
