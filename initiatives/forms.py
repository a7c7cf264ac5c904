"""What people type about figures: an actual with its sources, a target's number. Writes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from wardplan.era import parse_date, wareki
from wardplan.numbers import format_number, read_number
from wardplan.text import SheetTextField

from .models import Indicator, Measurement

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


class FormWithLinks(forms.Form):
    """A form whose errors stand above it, too, each leading to its input."""

    def error_links(self) -> list[tuple[str, str]]:
        """List (id of the input, sentence) in form order for the summary above the form."""
        return [
            (self[name].id_for_label, str(sentence))
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
            "evidence": "開示請求のときに探せるように、簿冊やフォルダーの名前",
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
