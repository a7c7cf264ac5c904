import datetime
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from initiatives import workflow
from initiatives.models import (
    Baseline,
    Event,
    Indicator,
    Initiative,
    Measurement,
    Target,
    TargetResolution,
    YearPlan,
)
from tests.cast import EARLIER, NOW, difference, snapshot
from tests.pages import Page, send


@pytest.fixture
def as_(client):
    """Log in and give the browser back: as_(cast.staff).get("/")."""

    def as_(user):
        client.force_login(user)
        return client

    return as_


@pytest.fixture
def page_of(cast):
    return f"/mihon/indicators/{cast.shared_indicator.pk}/"


@pytest.fixture
def entry_of(page_of):
    return f"{page_of}2019/"


def figure(indicator, year=2019):
    return Measurement.objects.current().filter(indicator=indicator, fiscal_year=year).first()


def text_of(response):
    return " ".join(Page(response).text.split())


def enter(cast, indicator, year, value, **more):
    workflow.record_measurement(
        cast.plan, indicator, by=cast.admin, at=EARLIER, fiscal_year=year, value=Decimal(value), **more
    )


# ---- the list --------------------------------------------------------------------------------------------


def test_list_tells_newest_figure_and_sheets(cast, as_):
    text = text_of(as_(cast.viewer).get("/mihon/indicators/"))
    assert "連携した取組の件数 単位 件 多いほどよい 8件 平成30年度 2枚" in text
    assert "不適切な事務処理事案の件数 単位 件 少ないほどよい 10件 令和元年度 1枚" in text


def test_list_is_searched_by_words(cast, as_):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(source="総務課の公表資料")
    found = text_of(as_(cast.viewer).get("/mihon/indicators/", {"words": "公表 事務"}))
    assert "不適切な事務処理事案の件数" in found
    assert "連携した取組" not in found
    nothing = text_of(as_(cast.viewer).get("/mihon/indicators/", {"words": "放置自転車"}))
    assert "「放置自転車」に合う指標はありません。" in nothing


def test_city_wide_indicator_shows_the_own_ward_s_figure(cast, as_):
    survey = Indicator.objects.create(ward=None, name="区民の割合", unit="%")
    for ward, value in [(cast.ward, "38.6"), (cast.neighbour, "51.2")]:
        Measurement.objects.create(
            indicator=survey, ward=ward, fiscal_year=2018, value=Decimal(value), at=EARLIER
        )
    assert "38.6%" in text_of(as_(cast.staff).get("/mihon/indicators/"))
    page = text_of(as_(cast.staff).get(f"/mihon/indicators/{survey.pk}/"))
    assert "38.6%" in page
    assert "51.2" not in page
    assert "51.2%" in text_of(as_(cast.other_ward).get(f"/tonari/indicators/{survey.pk}/"))


def test_draft_plan_is_not_counted_for_viewers(cast, as_):
    cast.plan_in("draft")
    unused = text_of(as_(cast.viewer).get("/mihon/indicators/"))
    assert "なし" in unused
    assert "2枚" not in unused
    assert "2枚" in text_of(as_(cast.staff).get("/mihon/indicators/"))


# ---- one indicator ---------------------------------------------------------------------------------------


def test_page_tells_what_is_measured_and_where_figures_come_from(cast, as_, page_of):
    Indicator.objects.filter(pk=cast.shared_indicator.pk).update(
        definition="連携して\n行った取組", source="課の記録", contact="市民協働課", arrives="毎年4月"
    )
    text = text_of(as_(cast.viewer).get(page_of))
    for words in ("単位 件", "多いほどよい", "連携して 行った取組", "課の記録", "市民協働課", "毎年4月"):
        assert words in text


def test_direction_that_nobody_confirmed_is_told(cast, as_, page_of):
    Indicator.objects.filter(pk=cast.shared_indicator.pk).update(direction="")
    assert "よい方向は未確認" in text_of(as_(cast.viewer).get(page_of))


def test_table_says_unknown_and_never_zero(cast, as_, page_of):
    text = text_of(as_(cast.viewer).get(page_of))
    assert "令和元年度(2019) 未判明" in text
    assert "令和2年度(2020) 8件 未判明" in text
    assert "判定できません" in text
    assert text.index("令和2年度(2020)") < text.index("令和元年度(2019)") < text.index("平成30年度(2018)")


def test_outcome_of_a_year_is_told_in_table_and_chart(cast, as_, page_of):
    enter(cast, cast.shared_indicator, 2020, "7")
    html = as_(cast.viewer).get(page_of).content.decode()
    assert "未達成 −1" in html
    assert "chart-actual-not-met" in html
    assert "outcome-not-met" in html
    assert "令和2年度は目標8件、実績7件で未達成。" in html


def test_figure_that_nobody_can_judge_says_why(cast, as_, page_of):
    Indicator.objects.filter(pk=cast.shared_indicator.pk).update(direction="")
    enter(cast, cast.shared_indicator, 2020, "9")
    html = as_(cast.viewer).get(page_of).content.decode()
    assert "よい方向が確かめられていないため判定できません。" in html
    assert "chart-actual-open" in html
    assert "実績(達成)" not in html


def test_sum_of_years_is_judged_but_is_no_point_of_one_year(cast, as_, page_of):
    Target.objects.filter(indicator=cast.shared_indicator).update(
        kind="cumulative", from_fiscal_year=2018, value=30, wording="3年間で30件"
    )
    for year in (2019, 2020):
        enter(cast, cast.shared_indicator, year, "9")
    html = as_(cast.viewer).get(page_of).content.decode()
    assert "合計26件: 未達成" in html
    assert "chart-actual-not-met" not in html
    assert "chart-target-point" not in html


def test_page_names_every_quote(cast, as_, page_of):
    text = text_of(as_(cast.viewer).get(page_of))
    assert "引用しているシート2枚" in text
    assert "令和2年度 取組項目1 方針の目標 【令和2年度】 8件" in text
    assert "過年度実績: 令和元年度 未判明・平成30年度 8件" in text
    assert "令和2年度 取組項目2 当年度の目標" in text


def test_policy_of_an_older_plan_gives_way_to_the_year_s_own(cast, as_, page_of):
    older = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed"
    )
    sheet = Initiative.objects.create(plan=older, number="1", title="前の取組", section=cast.section)
    for key, year, value in [("p1", 2020, 99), ("p2", 2021, 12)]:
        Target.objects.create(
            initiative=sheet,
            key=key,
            scope="policy",
            indicator=cast.shared_indicator,
            wording=f"{value}件",
            kind="absolute",
            fiscal_year=year,
            value=value,
        )
    text = text_of(as_(cast.viewer).get(page_of)).split("定義と出典")[0]
    assert "99件" not in text
    assert "令和3年度(2021) 12件" in text


@pytest.mark.parametrize("path", ["", "2019/", "figure/?year=R1"])
def test_other_ward_finds_nothing(cast, as_, page_of, path):
    assert as_(cast.other_ward).get(page_of + path).status_code == 404


def test_indicator_of_another_ward_is_not_ours(cast, as_, page_of):
    foreign = Indicator.objects.create(ward=cast.neighbour, name="隣の件数", unit="件")
    assert as_(cast.admin).get(f"/mihon/indicators/{foreign.pk}/").status_code == 404
    assert as_(cast.admin).get("/nowhere/indicators/").status_code == 404
    assert as_(cast.admin).get("/mihon/indicators/99999999999999999999999999/").status_code == 404


def test_stranger_is_asked_to_log_in(cast, client, page_of, entry_of):
    for url in ("/mihon/indicators/", page_of, entry_of):
        assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


def test_ward_s_years_keep_their_addresses(cast, as_):
    assert as_(cast.staff).get("/mihon/2020/").status_code == 200


# ---- entering a figure -----------------------------------------------------------------------------------

ENTRY = {
    "value": "９件",
    "as_of": "R2.3.31",
    "source": "課の記録",
    "note": "速報",
    "evidence": "簿冊12",
    "seen": "",
}


def test_figure_entered_once_fills_every_blank(cast, as_, entry_of):
    Baseline.objects.create(target=cast.other_initiative.targets.get(), fiscal_year=2019)
    Target.objects.filter(indicator=cast.shared_indicator).update(quote="(令和元年度実績: 件)")
    before = cast.plan_events()
    response = send(as_(cast.staff), entry_of, **ENTRY)
    assert response["Location"] == entry_of.removesuffix("2019/")
    entered = figure(cast.shared_indicator)
    assert (entered.value, entered.as_of, entered.by) == (9, datetime.date(2020, 3, 31), cast.staff)
    assert (entered.source, entered.note, entered.evidence) == ("課の記録", "速報", "簿冊12")
    assert [event.verb for event in cast.plan_events()[len(before) :]] == ["record_measurement"]
    for number in ("1", "2"):
        assert "(令和元年度実績: 9件)" in text_of(as_(cast.viewer).get(f"/mihon/2020/{number}/"))
        workbook = as_(cast.viewer).get(f"/mihon/2020/{number}/sheet.xlsx").content
        cells = [
            str(cell.value) for row in load_workbook(io.BytesIO(workbook)).active.iter_rows() for cell in row
        ]
        assert any("令和元年度実績: 9件" in cell for cell in cells)


def test_correction_keeps_the_old_figure_with_its_reason(cast, as_, entry_of, page_of):
    enter(cast, cast.shared_indicator, 2019, "9")
    seen = figure(cast.shared_indicator).pk
    response = send(
        as_(cast.admin), entry_of, **{**ENTRY, "value": "10", "seen": seen, "reason": "二重に数えていた。"}
    )
    assert response.status_code == 302
    assert figure(cast.shared_indicator).value == 10
    assert Measurement.objects.get(pk=seen).superseded_at == NOW
    text = text_of(as_(cast.viewer).get(page_of))
    assert "令和元年度の実績を訂正しました。" in text
    assert "令和元年度 9件 → 10件" in text
    assert "二重に数えていた。" in text
    assert cast.admin.name in text


def test_correction_without_a_reason_loses_nothing_typed(cast, as_, entry_of):
    enter(cast, cast.shared_indicator, 2019, "9")
    before = snapshot()
    response = send(
        as_(cast.staff), entry_of, **{**ENTRY, "value": "10", "seen": figure(cast.shared_indicator).pk}
    )
    page = Page(response)
    assert page.errors["reason"] == ["実績を直すときは、訂正の理由を書いてください。"]
    assert ("reason", "実績を直すときは、訂正の理由を書いてください。") in page.summary
    assert 'value="速報"' in page.html
    assert 'value="10"' in page.html
    assert difference(before, snapshot()) == {}


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("value", "", "実績を入力してください。"),
        ("value", "八件くらい", "数値として読み取れません"),
        ("value", "-", "だけでは数値になりません"),
        ("value", "8.5", "件の実績は整数で入力してください"),
        ("as_of", "去年の末", "日付として読み取れません"),
        ("source", "あ" * 201, "200文字以内"),
        ("note", "a\x00b", "壊れた文字"),
    ],
)
def test_faults_stand_beside_their_fields(cast, as_, entry_of, field, typed, sentence):
    before = snapshot()
    page = Page(send(as_(cast.staff), entry_of, **{**ENTRY, field: typed}))
    assert sentence in page.errors[field][0]
    assert page.summary[0][0] == field
    assert difference(before, snapshot()) == {}


def test_figure_that_somebody_else_entered_meanwhile_is_not_overwritten(cast, as_, entry_of):
    enter(cast, cast.shared_indicator, 2019, "12")
    before = snapshot()
    page = Page(send(as_(cast.staff), entry_of, **ENTRY))
    assert "ほかの方が先に実績を入力しました。" in page.errors["value"][0]
    assert "いまの実績は12件です。" in page.text
    assert f'name="seen" value="{figure(cast.shared_indicator).pk}"' in page.html
    assert difference(before, snapshot()) == {}


def test_same_figure_sent_twice_is_entered_once(cast, as_, entry_of):
    for _ in range(2):
        assert send(as_(cast.staff), entry_of, **ENTRY).status_code == 302
    assert Measurement.objects.filter(indicator=cast.shared_indicator, fiscal_year=2019).count() == 1


@pytest.mark.parametrize("who", ["viewer", "staff_other_section", "manager_other_section"])
def test_others_read_and_cannot_enter(cast, as_, who):
    url = f"/mihon/indicators/{cast.own_indicator.pk}/"
    before = snapshot()
    page = as_(cast.actor(who)).get(url)
    assert "実績を入力" not in page.content.decode()
    assert as_(cast.actor(who)).get(url + "2018/").status_code == 403
    assert send(as_(cast.actor(who)), url + "2018/", **ENTRY).status_code == 403
    assert difference(before, snapshot()) == {}


@pytest.mark.parametrize("who", ["staff", "manager", "admin", "staff_other_section"])
def test_sections_that_quote_and_the_admin_may_enter(cast, as_, entry_of, page_of, who):
    assert "実績を入力" in as_(cast.actor(who)).get(page_of).content.decode()
    assert send(as_(cast.actor(who)), entry_of, **ENTRY).status_code == 302
    assert figure(cast.shared_indicator).by == cast.actor(who)


def test_figure_goes_into_the_record_of_its_own_year_s_plan(cast, as_, entry_of):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed")
    send(as_(cast.admin), entry_of, **ENTRY)
    event = Event.objects.get(verb="record_measurement")
    assert event.fiscal_year == 2019


def test_section_whose_sheet_quotes_it_may_enter_what_last_year_s_plan_did_not_know(cast, as_, entry_of):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed")
    send(as_(cast.staff), entry_of, **ENTRY)
    assert Event.objects.get(verb="record_measurement").fiscal_year == 2020


def test_year_that_has_not_begun_takes_no_figure(cast, as_, page_of):
    assert as_(cast.admin).get(f"{page_of}2021/").status_code == 404
    response = as_(cast.admin).get(f"{page_of}figure/", {"year": "R3"}, follow=True)
    assert "令和3年度はまだ始まっていません。" in text_of(response)


@pytest.mark.parametrize(("typed", "year"), [("R元", 2019), ("平成２８年度", 2016), ("2018", 2018)])
def test_other_years_are_asked_for_as_people_write_them(cast, as_, page_of, typed, year):
    response = as_(cast.admin).get(f"{page_of}figure/", {"year": typed})
    assert response["Location"] == f"{page_of}{year}/"


def test_year_that_nobody_understands_is_told(cast, as_, page_of):
    response = as_(cast.admin).get(f"{page_of}figure/", {"year": "29年度"}, follow=True)
    assert "「29年度」は元号が分かりません。" in text_of(response)


# ---- queries ---------------------------------------------------------------------------------------------


def test_queries_do_not_grow(cast, as_, page_of):
    client = as_(cast.staff)
    counts = []
    for more in (1, 2, 27):
        first = Initiative.objects.filter(plan=cast.plan).count() + 1
        for number in range(first, first + more):
            sheet = Initiative.objects.create(
                plan=cast.plan, number=str(number), position=number, title="取組", section=cast.section
            )
            target = Target.objects.create(
                initiative=sheet,
                key="a1",
                scope="annual",
                indicator=cast.shared_indicator,
                wording=f"{number}件",
                kind="absolute",
                fiscal_year=2020,
                value=number,
            )
            Baseline.objects.create(target=target, fiscal_year=2019)
            Indicator.objects.create(ward=cast.ward, name=f"指標{number}", unit="件")
            Measurement.objects.create(
                indicator=cast.shared_indicator,
                ward=cast.ward,
                fiscal_year=1960 + number,
                value=number,
                at=EARLIER,
            )
        found = []
        for url in ("/mihon/indicators/", page_of, f"{page_of}2019/"):
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            found.append(len(queries) - 3)
        counts.append(found)
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][0] <= 3
    assert counts[0][1] <= 6


# ---- relative targets ------------------------------------------------------------------------------------

RESOLVE = "/mihon/2020/1/targets/a2/resolve/"
SHEET = "/mihon/2020/1/"


def test_proposal_is_shown_with_its_working(cast, as_):
    page = Page(as_(cast.staff).get(RESOLVE))
    assert "10件×0.9=9件" in page.text
    assert "【令和2年度】令和元年度件数の実績から10%減" in page.text
    assert 'name="value"' in page.html
    assert 'value="9"' in page.html


def test_confirmed_number_stands_on_the_sheet_and_in_the_file(cast, as_):
    assert "目標値を確定する" in text_of(as_(cast.staff).get(SHEET))
    response = send(as_(cast.staff), RESOLVE, value="8.5", base_value="10")
    assert response["Location"] == SHEET
    resolution = TargetResolution.objects.get()
    assert (resolution.value, resolution.base_value) == (Decimal("8.5"), 10)
    assert (resolution.by, resolution.at) == (cast.staff, NOW)
    text = text_of(as_(cast.viewer).get(SHEET))
    assert "令和元年度件数の実績から10%減 (8.5件)" in text
    assert "未確定" not in text
    assert "令和元年度の実績10件から、担当 太郎さんが令和2年9月25日(金)10:00に確定しました。" in text
    workbook = as_(cast.viewer).get(f"{SHEET}sheet.xlsx").content
    cells = [
        str(cell.value) for row in load_workbook(io.BytesIO(workbook)).active.iter_rows() for cell in row
    ]
    assert any("令和元年度件数の実績から10%減 (目標値: 8.5件)" in cell for cell in cells)


def test_promise_that_stands_twice_is_resolved_at_once(cast, as_):
    twin = Target.objects.get(pk=cast.relative_target.pk)
    twin.pk, twin.key, twin.scope = None, "p2", "policy"
    twin.save()
    send(as_(cast.staff), RESOLVE, value="9", base_value="10")
    assert set(TargetResolution.objects.values_list("target__key", "value")) == {
        ("a2", Decimal(9)),
        ("p2", Decimal(9)),
    }


def test_corrected_base_figure_flags_what_was_resolved_from_it(cast, as_):
    send(as_(cast.staff), RESOLVE, value="9", base_value="10")
    assert "確定し直す" not in text_of(as_(cast.staff).get(SHEET))
    enter(cast, cast.own_indicator, 2019, "8", reason="公表値に合わせた。")
    text = text_of(as_(cast.staff).get(SHEET))
    assert "目標値9件は、直される前の実績から決めた数値です。" in text
    assert "令和元年度の実績は10件から8件に直されました。" in text
    assert "確定し直す" in text
    assert "確定し直す" not in text_of(as_(cast.viewer).get(SHEET))
    send(as_(cast.staff), RESOLVE, value="7.2", base_value="8")
    text = text_of(as_(cast.staff).get(SHEET))
    assert "確定し直す" not in text
    assert "(7.2件)" in text
    assert TargetResolution.objects.count() == 2


def test_base_figure_that_moved_on_is_told_and_nothing_is_lost(cast, as_):
    enter(cast, cast.own_indicator, 2019, "8", reason="公表値に合わせた。")
    page = Page(send(as_(cast.staff), RESOLVE, value="8.8", base_value="10"))
    assert "基準年度の実績が変わりました。" in page.errors["value"][0]
    assert 'value="8.8"' in page.html
    assert 'name="base_value" value="8"' in page.html
    assert not TargetResolution.objects.exists()


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "目標値を入力してください。"), ("6くらい", "数値として読み取れません")]
)
def test_number_that_is_none_is_refused(cast, as_, typed, sentence):
    page = Page(send(as_(cast.staff), RESOLVE, value=typed, base_value="10"))
    assert sentence in page.errors["value"][0]
    assert not TargetResolution.objects.exists()


def test_target_waits_while_its_base_is_unknown(cast, as_):
    Measurement.objects.filter(indicator=cast.own_indicator, fiscal_year=2019).delete()
    text = text_of(as_(cast.staff).get(SHEET))
    assert "未確定" in text
    assert "令和元年度の実績を入力" in text
    assert "まだ確定できません。" in text_of(as_(cast.staff).get(RESOLVE))
    send(as_(cast.staff), RESOLVE, value="9", base_value="10")
    assert not TargetResolution.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "staff_other_section", "manager_other_section"])
def test_others_cannot_resolve(cast, as_, who):
    assert as_(cast.actor(who)).get(RESOLVE).status_code == 403
    assert send(as_(cast.actor(who)), RESOLVE, value="9", base_value="10").status_code == 403
    assert "目標値を確定する" not in text_of(as_(cast.actor(who)).get(SHEET))
    assert not TargetResolution.objects.exists()


def test_resolving_is_nothing_for_other_wards_and_other_targets(cast, as_):
    assert as_(cast.other_ward).get(RESOLVE).status_code == 404
    assert as_(cast.staff).get("/mihon/2020/1/targets/a1/resolve/").status_code == 404
    assert as_(cast.staff).get("/mihon/2020/x/targets/a2/resolve/").status_code == 404


def test_sheet_needs_no_more_queries_for_numbers(cast, as_):
    send(as_(cast.staff), RESOLVE, value="9", base_value="10")
    enter(cast, cast.own_indicator, 2019, "8", reason="公表値に合わせた。")
    client = as_(cast.staff)
    client.get(SHEET)
    with CaptureQueriesContext(connection) as queries:
        client.get(SHEET)
    assert len(queries) <= 3 + 7
