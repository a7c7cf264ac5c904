"""Fiscal years (年度): 2020 is 令和2年度, 1 April 2020 to 31 March 2021 in Japan."""

import re
from contextlib import suppress
from datetime import date
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils import timezone

from wardplan.era import ERA_SIGNS, ERA_YEAR, era_year, jst_date, western_year
from wardplan.numbers import half_width
from wardplan.text import is_blank, quote

_ERA = re.compile(rf"{ERA_YEAR} *(?P<nendo>年度)?")
_WESTERN = re.compile(r"(?P<year>[0-9]{4}) *(?:年度)?")
_BOTH = re.compile(r"(?P<era>[^(]+)\((?P<western>[^()]+)\)")
_CALENDAR_YEAR = re.compile(rf"(?:{ERA_YEAR}|[0-9]{{4}}) *年")
_NO_ERA = re.compile(r"(?:元|[0-9]{1,2}) *(?:年度?)?")

_HOW = "「令和2年度」「R2」「2020」のように入力してください。"


class FiscalYear(int):
    """A fiscal year: a whole number to the database, to JSON and to comparisons, 令和2年度 to people.

    It is named after the era in force at the end of December: the year in which 令和 began is 令和元年度
    as a whole, as the office writes it, while 昭和 ended in January within 昭和63年度. Years from 1926
    (昭和元年度) to 2099 exist; everything else raises ValueError with a sentence for the user.

    Arithmetic gives plain numbers; `next` and `previous` give fiscal years. Where the bare number is
    wanted in text (addresses, CSV, file names) write `int(year)` or `f"{year:d}"`. Templates print the label
    as long as USE_THOUSAND_SEPARATOR is off, which is Django's default.
    """

    FIRST = 1926
    LAST = 2099

    def __new__(cls, year: int) -> Self:
        if isinstance(year, bool) or not isinstance(year, int):
            raise ValueError(f"年度として読み取れません。{_HOW}")
        if not cls.FIRST <= year <= cls.LAST:
            raise ValueError(f"年度は{cls.FIRST}年度から{cls.LAST}年度までで入力してください。")
        return super().__new__(cls, year)

    @classmethod
    def of(cls, day: date) -> Self:
        """Give the fiscal year of a date or an aware datetime: it changes on 1 April, 0:00 in Japan.

        The server's own clock may run in UTC, so a naive datetime raises ValueError.
        """
        day = jst_date(day)
        return cls(day.year if day.month >= 4 else day.year - 1)

    @classmethod
    def today(cls) -> Self:
        """Give the fiscal year that it is in Japan now."""
        return cls.of(timezone.now())

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a fiscal year: 2020, 2020年度, 令和2年度, R2, R02, R元, H32, 令和2年度(2020年度).

        Full-width characters and blanks count as their plain ones. An era is counted on past its end
        (H31 is 2019, 平成32年度 is 2020), as older plans do. Refused, because each could be two years:
        a calendar year (平成31年 ended in December), and a year without its era (29年度). Only 元年度 alone
        is taken, for 令和元年度: no plan of this kind is as old as 平成元年度.

        Raises ValueError with a sentence for the user.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, int):
            return cls(value)
        if not isinstance(value, str):
            raise ValueError(f"年度として読み取れません。{_HOW}")

        typed = half_width(value).translate(ERA_SIGNS).strip()
        if both := _BOTH.fullmatch(typed):
            year = cls.parse(both["era"])
            if year != cls.parse(both["western"]):
                raise ValueError(f"{year}は{year:d}年度です。元号と西暦のどちらかを直してください。")
            return year
        if match := _WESTERN.fullmatch(typed):
            return cls(int(match["year"]))
        if match := _ERA.fullmatch(typed):
            return cls(western_year(match["era"], match["era_year"]))
        if typed == "元年度":
            return cls(2019)
        if _CALENDAR_YEAR.fullmatch(typed):
            raise ValueError(f"「{typed}」は年か年度か分かりません。「{typed}度」のように入力してください。")
        if _NO_ERA.fullmatch(typed):
            raise ValueError(f"「{typed}」は元号が分かりません。{_HOW}")
        raise ValueError(f"{quote(value)}は年度として読み取れません。{_HOW}")

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"FiscalYear({int(self)})"

    @property
    def label(self) -> str:
        """The year as the office writes it: 令和2年度."""
        return f"{era_year(date(int(self), 12, 31))}年度"

    @property
    def with_western(self) -> str:
        """Both spellings: 令和2年度(2020年度)."""
        return f"{self.label}({int(self)}年度)"

    @property
    def starts_on(self) -> date:
        """The first day, 1 April."""
        return date(int(self), 4, 1)

    @property
    def ends_on(self) -> date:
        """The last day, 31 March of the following calendar year."""
        return date(int(self) + 1, 3, 31)

    @property
    def next(self) -> Self:
        """The following fiscal year."""
        return type(self)(int(self) + 1)

    @property
    def previous(self) -> Self:
        """The fiscal year before."""
        return type(self)(int(self) - 1)


class FiscalYearFormField(forms.CharField):
    """A form field that takes every spelling of a fiscal year and shows 令和2年度."""

    default_error_messages = {"required": "年度を入力してください。"}

    def to_python(self, value: Any) -> FiscalYear | None:  # type: ignore[override]
        if value is None or (isinstance(value, str) and is_blank(value)):
            return None
        try:
            return FiscalYear.parse(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        try:
            return FiscalYear(value).label
        except ValueError:
            # What was typed and not understood is shown again as it was typed.
            return value


class _AsFiscalYear(DeferredAttribute):
    """Make YearPlan(fiscal_year=2020).fiscal_year a FiscalYear at once, not only after a reload.

    Anything that is no whole number is left for validation to refuse.
    """

    def __set__(self, instance: models.Model, value: Any) -> None:
        with suppress(ValueError):
            value = FiscalYear(value)
        instance.__dict__[self.field.attname] = value


class FiscalYearField(models.PositiveSmallIntegerField):
    """A model field: a small integer in the database and in fixtures, a FiscalYear in Python."""

    description = "Fiscal year"
    descriptor_class = _AsFiscalYear

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> FiscalYear | None:
        return None if value is None else FiscalYear(value)

    def to_python(self, value: Any) -> FiscalYear | None:
        if value is None:
            return None
        try:
            return FiscalYear.parse(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid", params={"value": value}) from error

    def get_prep_value(self, value: Any) -> int | None:
        return None if value is None else int(FiscalYear.parse(value))

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))

    def formfield(self, **kwargs: Any) -> Any:
        # The admin hands a number input to every integer field; 令和2年度 would show empty in it.
        if isinstance(widget := kwargs.get("widget"), type) and issubclass(widget, forms.NumberInput):
            del kwargs["widget"]
        return models.Field.formfield(self, **{"form_class": FiscalYearFormField, **kwargs})


class FiscalYearConverter:
    """The year in an address, four digits: /mihon/2020/. A year that does not exist is a 404."""

    regex = "[0-9]{4}"

    def to_python(self, value: str) -> FiscalYear:
        return FiscalYear(int(value))

    def to_url(self, value: FiscalYear | int | str) -> str:
        return str(int(FiscalYear.parse(value)))
