import copy
import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.template import Context, Template
from django.urls import path, register_converter, resolve, reverse
from django.urls.exceptions import NoReverseMatch, Resolver404
from hypothesis import given
from hypothesis import strategies as st

from wardplan.era import JST
from wardplan.fiscal_year import FiscalYear, FiscalYearConverter, FiscalYearField, FiscalYearFormField

years = st.integers(FiscalYear.FIRST, FiscalYear.LAST).map(FiscalYear)


@pytest.mark.parametrize(
    ("year", "label"),
    [
        (2020, "令和2年度"),
        (2019, "令和元年度"),
        (2018, "平成30年度"),
        (1989, "平成元年度"),
        (1988, "昭和63年度"),
        (1926, "昭和元年度"),
    ],
)
def test_label_is_the_era_year_of_the_office(year, label):
    assert str(FiscalYear(year)) == f"{FiscalYear(year)}" == FiscalYear(year).label == label


def test_with_western_says_both():
    assert FiscalYear(2020).with_western == "令和2年度(2020年度)"
    assert FiscalYear(2019).with_western == "令和元年度(2019年度)"


def test_first_and_last_day():
    year = FiscalYear(2020)
    assert (year.starts_on, year.ends_on) == (date(2020, 4, 1), date(2021, 3, 31))


def test_next_and_previous_are_fiscal_years():
    assert FiscalYear(2019).next.label == "令和2年度"
    assert FiscalYear(2019).previous.label == "平成30年度"


def test_it_behaves_as_a_number():
    year = FiscalYear(2020)
    assert year == 2020 and year < 2021 and {year: "x"}[2020] == "x" and sorted([year, 2019]) == [2019, 2020]
    assert json.dumps({"year": year, year: [year]}) == '{"year": 2020, "2020": [2020]}'
    assert f"{year:d}" == "2020"
    assert repr(year) == "FiscalYear(2020)"
    assert isinstance(copy.deepcopy(year), FiscalYear)
    assert isinstance(pickle.loads(pickle.dumps(year)), FiscalYear)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2021, 3, 31), 2020),
        (date(2021, 4, 1), 2021),
        (date(2021, 1, 1), 2020),
        (datetime(2021, 3, 31, 14, 59, 59, tzinfo=UTC), 2020),
        (datetime(2021, 3, 31, 15, 0, 0, tzinfo=UTC), 2021),
        (datetime(2021, 3, 31, 23, 59, 59, tzinfo=JST), 2020),
        (datetime(2021, 4, 1, 0, 0, 0, tzinfo=JST), 2021),
    ],
)
def test_of_changes_on_1_april_in_japan(day, year):
    assert FiscalYear.of(day) == year


def test_of_refuses_a_naive_moment():
    with pytest.raises(ValueError):
        FiscalYear.of(datetime(2021, 3, 31, 23, 59))


def test_today_changes_at_15_utc_on_31_march():
    with time_machine.travel(datetime(2021, 3, 31, 14, 59, 59, tzinfo=UTC), tick=False):
        assert FiscalYear.today() == 2020
    with time_machine.travel(datetime(2021, 3, 31, 15, 0, 0, tzinfo=UTC), tick=False):
        assert FiscalYear.today() == 2021


@pytest.mark.parametrize(
    "typed",
    [
        2020,
        FiscalYear(2020),
        "2020",
        "２０２０",
        "2020年度",
        "令和2年度",
        "令和２年度",
        "令和02年度",
        "令和　2 年度",
        " 令和2年度　",
        "令和2",
        "㋿2年度",
        "R2",
        "R02",
        "r2",
        "Ｒ２",
        "R2年度",
        "H32",
        "平成32年度",
        "S95",
        "令和2年度(2020年度)",
        "令和２年度（２０２０年度）",
    ],
)
def test_parse_takes_every_spelling(typed):
    assert FiscalYear.parse(typed) == 2020
    assert isinstance(FiscalYear.parse(typed), FiscalYear)


@pytest.mark.parametrize(
    "typed", ["令和元年度", "令和元", "元年度", "R元", "R1", "R01", "H31", "平成31年度", "2019"]
)
def test_parse_knows_the_year_with_three_names(typed):
    assert FiscalYear.parse(typed) == 2019


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("令和0年度", "令和0年はありません。1年目は「令和元年」と入力してください。"),
        ("R0", "令和0年はありません。1年目は「令和元年」と入力してください。"),
        ("平成31年", "「平成31年」は年か年度か分かりません。「平成31年度」のように入力してください。"),
        ("2020年", "「2020年」は年か年度か分かりません。「2020年度」のように入力してください。"),
        (
            "29年度",
            "「29年度」は元号が分かりません。「令和2年度」「R2」「2020」のように入力してください。",
        ),
        ("2", "「2」は元号が分かりません。「令和2年度」「R2」「2020」のように入力してください。"),
        ("1925", "年度は1926年度から2099年度までで入力してください。"),
        (2100, "年度は1926年度から2099年度までで入力してください。"),
        (-1, "年度は1926年度から2099年度までで入力してください。"),
        ("令和2年度(2021年度)", "令和2年度は2020年度です。元号と西暦のどちらかを直してください。"),
        (
            "来年度",
            "「来年度」は年度として読み取れません。「令和2年度」「R2」「2020」のように入力してください。",
        ),
    ],
)
def test_parse_refuses_with_a_sentence(typed, sentence):
    with pytest.raises(ValueError) as refusal:
        FiscalYear.parse(typed)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "value",
    [True, False, None, 2020.0, float("nan"), Decimal(2020), b"2020", [], "", " ", "٢٠٢٠", "R²", "令和二年度",
     "2020.0", "20 20", "-2020", "+2020", "2_020", "R100", "NaN", "令和2年度(2020年度)(2020年度)"],
)  # fmt: skip
def test_parse_refuses_what_is_no_year(value):
    with pytest.raises(ValueError, match="年度として読み取れません。「令和2年度」"):
        FiscalYear.parse(value)


@pytest.mark.parametrize("value", [True, 2020.0, "2020", None])
def test_the_type_itself_takes_whole_numbers_only(value):
    with pytest.raises(ValueError):
        FiscalYear(value)


@given(years)
def test_parse_reads_what_is_written(year):
    assert FiscalYear.parse(str(year)) == year
    assert FiscalYear.parse(year.with_western) == year
    assert FiscalYear.parse(f"{year:d}") == year


@given(years)
def test_every_day_of_a_year_is_of_that_year(year):
    assert FiscalYear.of(year.starts_on) == FiscalYear.of(year.ends_on) == year


@given(st.text(max_size=20))
def test_parse_answers_with_a_year_or_a_sentence(typed):
    try:
        FiscalYear.parse(typed)
    except ValueError as refusal:
        assert str(refusal).endswith("ください。")


def test_a_template_prints_the_label():
    assert Template("{{ year }}").render(Context({"year": FiscalYear(2020)})) == "令和2年度"


# The model field


class Almanac(models.Model):
    """Has no table: it is here for what the field does before the database."""

    year = FiscalYearField("年度")
    base_year = FiscalYearField("基準年度", null=True, blank=True)

    class Meta:
        app_label = "almanac"
        managed = False

    def __str__(self):
        return str(self.year)


def test_field_gives_a_fiscal_year_before_a_reload():
    almanac = Almanac(year=2020)
    assert isinstance(almanac.year, FiscalYear) and str(almanac) == "令和2年度"
    assert almanac.base_year is None


def test_field_cleans_every_spelling():
    almanac = Almanac(year="R2", base_year="平成30年度")
    almanac.clean_fields()
    assert (almanac.year, almanac.base_year) == (2020, 2018)
    assert isinstance(almanac.base_year, FiscalYear)


def test_field_says_what_is_wrong_in_japanese():
    with pytest.raises(ValidationError) as refusal:
        Almanac(year="平成31年").clean_fields()
    assert refusal.value.message_dict == {
        "year": ["「平成31年」は年か年度か分かりません。「平成31年度」のように入力してください。"]
    }


def test_field_stores_a_plain_number():
    field = Almanac._meta.get_field("year")
    assert type(field.get_prep_value(FiscalYear(2020))) is int
    assert type(field.get_prep_value("令和2年度")) is int
    assert field.get_prep_value(None) is None
    assert field.get_internal_type() == "PositiveSmallIntegerField"


def test_field_reads_back_a_fiscal_year():
    field = Almanac._meta.get_field("year")
    assert isinstance(field.from_db_value(2020, None, connection), FiscalYear)
    assert field.from_db_value(None, None, connection) is None


@pytest.mark.parametrize("value", ["abc", 2020.5, 1800, True])
def test_a_query_for_what_is_no_year_is_refused(value):
    with pytest.raises(ValueError):
        Almanac.objects.filter(year=value)


@pytest.mark.django_db
def test_both_drivers_take_a_fiscal_year_as_a_number():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 + %s", [FiscalYear(2020)])
        assert cursor.fetchone() == (2021,)


def test_field_deconstructs_under_its_own_name():
    assert FiscalYearField("年度", null=True).deconstruct() == (
        None,
        "wardplan.fiscal_year.FiscalYearField",
        [],
        {"verbose_name": "年度", "null": True},
    )


def test_fixtures_hold_a_plain_number():
    almanac = Almanac(pk=1, year=2020)
    assert json.loads(serializers.serialize("json", [almanac]))[0]["fields"] == {
        "year": 2020,
        "base_year": None,
    }
    assert ">2020</field>" in serializers.serialize("xml", [almanac])


def test_fixtures_are_read_as_fiscal_years():
    field = Almanac._meta.get_field("year")
    assert isinstance(field.to_python(2020), FiscalYear)
    assert isinstance(field.to_python(field.value_to_string(Almanac(year=2020))), FiscalYear)


@pytest.mark.parametrize("value", ["令和0年度", 1800, 2020.5, True])
def test_fixtures_with_no_year_are_refused(value):
    with pytest.raises(ValidationError):
        Almanac._meta.get_field("year").to_python(value)


# The form field


class AlmanacForm(forms.Form):
    year = FiscalYearFormField(label="年度")
    base_year = FiscalYearFormField(required=False)


def test_form_takes_every_spelling():
    form = AlmanacForm({"year": "令和２年度", "base_year": "　"})
    assert form.is_valid()
    assert form.cleaned_data == {"year": 2020, "base_year": None}
    assert isinstance(form.cleaned_data["year"], FiscalYear)


def test_form_shows_the_label_first_and_then_what_was_typed():
    assert 'value="令和2年度"' in str(AlmanacForm(initial={"year": 2020})["year"])
    assert 'value="令和0年度"' in str(AlmanacForm({"year": "令和0年度"})["year"])


def test_form_says_what_is_wrong_in_japanese():
    assert AlmanacForm({"year": "", "base_year": "29"}).errors == {
        "year": ["年度を入力してください。"],
        "base_year": ["「29」は元号が分かりません。「令和2年度」「R2」「2020」のように入力してください。"],
    }


def test_form_sees_no_change_in_another_spelling():
    form = AlmanacForm({"year": "R2", "base_year": ""}, initial={"year": 2020, "base_year": None})
    assert form.changed_data == []
    assert AlmanacForm({"year": "R3", "base_year": ""}, initial={"year": 2020}).changed_data == ["year"]


def test_the_admin_gets_a_text_input():
    field = Almanac._meta.get_field("year").formfield(widget=AdminIntegerFieldWidget)
    assert isinstance(field, FiscalYearFormField)
    assert field.widget.input_type == "text"
    assert field.label == "年度" and field.required


# The address


register_converter(FiscalYearConverter, "test_fiscal_year")
urlpatterns = [path("<test_fiscal_year:year>/", lambda request, year: None, name="year")]


@pytest.mark.urls(__name__)
def test_an_address_carries_four_digits():
    assert reverse("year", args=[FiscalYear(2020)]) == reverse("year", args=[2020]) == "/2020/"
    year = resolve("/2020/").kwargs["year"]
    assert year == 2020 and isinstance(year, FiscalYear)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["/1800/", "/9999/", "/202/", "/R2/", "/٢٠٢٠/", "/02020/"])
def test_an_address_with_no_year_is_not_found(address):
    with pytest.raises(Resolver404):
        resolve(address)


@pytest.mark.urls(__name__)
def test_no_address_is_made_for_what_is_no_year():
    with pytest.raises(NoReverseMatch):
        reverse("year", args=["abc"])
