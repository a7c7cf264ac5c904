"""An indicator that comes to mean something else: recorded with who and when, shown, and warned of."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives import workflow
from initiatives.models import Event, Indicator, IndicatorChange, Measurement, Target, TargetResolution
from initiatives.plan_file import apply_plan, plan_content
from initiatives.refusals import Incomplete, NotAllowed, NotVisible, TransitionNotAllowed
from reviews.case import open_case
from tests.cast import EARLIER, NOW, difference, snapshot
from tests.pages import Page, send
from wardplan.accounts.models import User

CHANGE = {"fiscal_year": "R2", "what": "設問が「区民」から「回答者」に変わった", "reason": "市民局の見直し"}
CAUTION = "※令和2年度から定義が変わっています。前の年度と比べてよいか確かめてください。"


@pytest.fixture
def as_(client):
    def as_(user):
        client.force_login(user)
        return client

    return as_


@pytest.fixture
def page_of(cast):
    return f"/mihon/indicators/{cast.own_indicator.pk}/"


def text_of(response):
    return " ".join(Page(response).text.split())


def change(cast, **more):
    values = {"fiscal_year": 2020, "what": CHANGE["what"], "reason": CHANGE["reason"], **more}
    workflow.change_definition(cast.plan, cast.own_indicator, by=cast.admin, at=EARLIER, **values)
    return IndicatorChange.objects.latest("pk")


def figure(cast, indicator, year, value):
    Measurement.objects.create(
        indicator=indicator, ward=cast.ward, fiscal_year=year, value=Decimal(value), at=EARLIER
    )


# ---- recording it ----------------------------------------------------------------------------------------


def test_admin_records_from_which_year_what_changed(cast, as_, page_of):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(
        definition="区民の割合", source="区民アンケート"
    )
    page = Page(as_(cast.admin).get(f"{page_of}definition/"))
    assert page.forms[f"{page_of}definition/"]["definition"].strip() == "区民の割合"
    typed = {"definition": "回答者の割合", "source": "区民アンケート", "seen": ""}
    response = send(as_(cast.admin), f"{page_of}definition/", **CHANGE, **typed)
    assert response["Location"] == page_of
    row = IndicatorChange.objects.get()
    assert (row.kind, row.fiscal_year, row.ward, row.by, row.at) == (
        "definition",
        2020,
        cast.ward,
        cast.admin,
        NOW,
    )
    assert (row.before, row.after) == ({"definition": "区民の割合"}, {"definition": "回答者の割合"})
    assert Indicator.objects.get(pk=cast.own_indicator.pk).definition == "回答者の割合"
    event = cast.plan_events()[-1]
    assert (event.verb, event.reason) == ("change_definition", CHANGE["reason"])
    assert event.content["before"] == {"definition": "区民の割合"}
    text = text_of(as_(cast.viewer).get(page_of))
    assert "※1 令和2年度から定義が変わっています: 設問が「区民」から「回答者」に変わった" in text
    assert "前の文定義区民の割合" in text
    assert "令和2年9月25日(金)10:00 取りまとめ" in text


def test_the_same_request_twice_is_one_change(cast):
    assert change(cast) == change(cast)
    assert IndicatorChange.objects.count() == 1


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"what": " 　"}, "何が変わったかを書いてください。"),
        ({"reason": ""}, "変更の理由を書いてください。"),
        ({"fiscal_year": ""}, "年度を入力してください。"),
        ({"fiscal_year": "29年度"}, "元号が分かりません。"),
        ({"fiscal_year": "R9"}, "来年度までの年度を入力してください。"),
        ({"what": "あ" * 401}, "400文字以内"),
    ],
)
def test_incomplete_change_comes_back_with_what_was_typed(cast, as_, page_of, missing, sentence):
    before = snapshot()
    response = send(as_(cast.admin), f"{page_of}definition/", **{**CHANGE, "source": "新しい出典", **missing})
    page = Page(response)
    assert sentence in str(page.errors)
    assert page.forms[f"{page_of}definition/"]["source"] == "新しい出典"
    assert difference(before, snapshot()) == {}


def test_words_that_somebody_else_rewrote_are_not_overwritten_unseen(cast, as_, page_of):
    change(cast, definition="ほかの人の文")
    response = send(as_(cast.admin), f"{page_of}definition/", **CHANGE, definition="古い文から", seen="")
    assert "ほかの方が先に変更を記録しました。" in text_of(response)
    assert Indicator.objects.get(pk=cast.own_indicator.pk).definition == "ほかの人の文"
    seen = Page(response).forms[f"{page_of}definition/"]["seen"]
    send(as_(cast.admin), f"{page_of}definition/", **CHANGE, definition="古い文から", seen=seen)
    assert Indicator.objects.get(pk=cast.own_indicator.pk).definition == "古い文から"


@pytest.mark.parametrize("who", ["staff", "manager", "viewer"])
@pytest.mark.parametrize("place", ["definition/", "direction/"])
def test_only_admins_record_and_others_read(cast, as_, page_of, who, place):
    user = cast.actor(who)
    assert as_(user).get(page_of + place).status_code == 403
    before = snapshot()
    assert send(as_(user), page_of + place, **CHANGE, direction="higher").status_code == 403
    assert difference(before, snapshot()) == {}
    assert "変更を記録する" not in text_of(as_(user).get(page_of))
    assert "定義・出典の変更を記録する" in text_of(as_(cast.admin).get(page_of))


@pytest.mark.parametrize("place", ["", "definition/", "direction/"])
def test_other_wards_know_nothing_of_it(cast, as_, page_of, place):
    assert as_(cast.other_ward).get(page_of + place).status_code == 404


def test_city_wide_indicator_says_whom_to_ask_for_other_words(cast):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(ward=None, direction="")
    User.objects.create(username="operator", name="運用 太郎", is_superuser=True)
    User.objects.create(username="former", name="前任 次郎", is_superuser=True, is_active=False)
    own = f"/mihon/indicators/{cast.own_indicator.pk}/"
    client = Client()
    client.force_login(cast.admin)
    for address in (own, f"{own}definition/"):
        page = client.get(address).content.decode()
        assert "システムの管理者(運用 太郎)が直します。" in page
        assert "システムの管理者に知らせてください。" in page
    page = client.get(own).content.decode()
    assert "システムの管理者に確かめてもらってください。" in page
    assert "取りまとめ担当に知らせてください。" not in page
    assert "正しい方向を知らせてください。" in client.get(f"{own}direction/").content.decode()

    client.force_login(cast.staff)
    page = client.get(own).content.decode()
    assert "取りまとめ担当に知らせてください。" in page and "運用 太郎" not in page


def test_change_of_a_city_wide_indicator_holds_in_the_own_ward_only(cast):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(ward=None, definition="全区の定義")
    cast.own_indicator.refresh_from_db()
    with pytest.raises(NotAllowed):
        change(cast, definition="この区の文")
    row = change(cast)
    assert (row.ward, row.after) == (cast.ward, {})
    assert list(IndicatorChange.objects.of_ward(cast.neighbour)) == []
    with pytest.raises(NotAllowed):
        workflow.confirm_direction(
            cast.plan, cast.own_indicator, by=cast.admin, at=NOW, direction="higher", reason="全区で"
        )


def test_change_recorded_by_mistake_is_withdrawn_with_a_reason(cast, as_, page_of):
    row = change(cast)
    address = f"{page_of}definition/{row.pk}/withdraw/"
    refused = send(as_(cast.admin), address, reason=" ")
    assert "取り消す理由を書いてください。" in text_of(refused)
    assert send(as_(cast.staff), address, reason="誤り").status_code == 403
    assert send(as_(cast.admin), address, reason="年度の誤り").status_code == 302
    row.refresh_from_db()
    assert (row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason) == (cast.admin, NOW, "年度の誤り")
    text = text_of(as_(cast.viewer).get(page_of))
    assert "から定義が変わっています" not in text
    assert "年度の誤り" in text and CHANGE["what"] in text
    with pytest.raises(TransitionNotAllowed):
        workflow.withdraw_definition(cast.plan, row, by=cast.admin, at=NOW, reason="もう一度")


def test_another_ward_s_change_is_not_withdrawn(cast):
    row = IndicatorChange.objects.create(
        indicator=cast.own_indicator, ward=cast.neighbour, kind="definition", fiscal_year=2020, at=NOW
    )
    with pytest.raises(NotVisible):
        workflow.withdraw_definition(cast.plan, row, by=cast.admin, at=NOW, reason="ほかの区")


# ---- which way is good -----------------------------------------------------------------------------------


def test_direction_is_confirmed_by_name_and_day(cast, as_, page_of):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(direction="")
    response = send(as_(cast.admin), f"{page_of}direction/", direction="lower", reason="")
    assert response["Location"] == page_of
    row = IndicatorChange.objects.get()
    assert (row.kind, row.fiscal_year, row.before, row.after, row.by) == (
        "direction",
        None,
        {"direction": ""},
        {"direction": "lower"},
        cast.admin,
    )
    assert Indicator.objects.get(pk=cast.own_indicator.pk).direction == "lower"
    assert f"少ないほどよい(令和2年9月25日 {cast.admin.name}確認)" in text_of(as_(cast.viewer).get(page_of))


def test_turning_a_direction_needs_a_reason(cast, as_, page_of):
    page = Page(send(as_(cast.admin), f"{page_of}direction/", direction="higher", reason=""))
    assert page.errors["reason"] == ["よい方向を変えるときは、理由を書いてください。"]
    assert Indicator.objects.get(pk=cast.own_indicator.pk).direction == "lower"
    send(as_(cast.admin), f"{page_of}direction/", direction="higher", reason="読み違えていた。")
    text = text_of(as_(cast.viewer).get(page_of))
    assert "少ないほどよい → 多いほどよい" in text and "読み違えていた。" in text


@pytest.mark.parametrize(
    ("actor", "next_step"),
    [
        ("admin", "下の「よい方向を確かめる」から確かめてください。"),
        ("staff", "取りまとめ担当に知らせてください。"),
    ],
)
def test_missing_direction_says_what_the_reader_can_do(cast, as_, page_of, actor, next_step):
    Indicator.objects.filter(pk=cast.own_indicator.pk).update(direction="")
    page = text_of(as_(cast.actor(actor)).get(page_of))
    assert f"目標は判定できません。{next_step}" in page


@pytest.mark.parametrize("direction", ["", "up"])
def test_no_direction_is_none(cast, as_, page_of, direction):
    page = Page(send(as_(cast.admin), f"{page_of}direction/", direction=direction))
    assert ("direction", "よい方向を選んでください。") in page.summary
    with pytest.raises(Incomplete):
        workflow.confirm_direction(cast.plan, cast.own_indicator, by=cast.admin, at=NOW, direction=direction)


def test_direction_that_nobody_confirmed_by_name_says_only_the_direction(cast, as_, page_of):
    assert "確認)" not in text_of(as_(cast.viewer).get(page_of))


def test_plan_file_that_turns_a_direction_is_on_record(cast):
    content = plan_content(cast.plan)
    own = next(row for row in content["indicators"] if row["name"] == cast.own_indicator.name)
    own["definition"], own["direction"] = "公表した件数", "higher"
    for initiative in content["initiatives"]:
        for target in initiative["targets"]:
            if target["indicator"] == own["name"]:
                target["direction"] = "higher"
    apply_plan(cast.plan, content, by=cast.admin, at=NOW)
    row = IndicatorChange.objects.get()
    assert (row.kind, row.before, row.after, row.by) == (
        "direction",
        {"direction": "lower"},
        {"direction": "higher"},
        cast.admin,
    )
    apply_plan(cast.plan, content, by=cast.admin, at=NOW)
    assert IndicatorChange.objects.count() == 1


# ---- what it does ----------------------------------------------------------------------------------------


def test_chart_and_table_show_where_years_cannot_be_compared(cast, as_, page_of):
    figure(cast, cast.own_indicator, 2020, "8")
    change(cast)
    change(cast, fiscal_year=2019, what="対象を広げた")
    html = as_(cast.viewer).get(page_of).content.decode()
    chart = html.partition('<svg class="chart"')[2].partition("</svg>")[0]
    assert chart.count("chart-definition-change") == 2
    assert "※1</text>" in chart and "※2</text>" in chart
    assert "令和2年度から定義が変わっています。" in chart
    assert "<polyline" not in chart  # three years, each of its own definition
    text = text_of(as_(cast.viewer).get(page_of))
    assert "令和2年度(2020)※2 この年度から定義が変わっています" in text
    assert "※1 令和元年度から定義が変わっています: 対象を広げた" in text


def test_plain_target_of_the_year_of_the_change_is_cautioned_in_the_table(cast, as_):
    figure(cast, cast.shared_indicator, 2020, "9")
    address = f"/mihon/indicators/{cast.shared_indicator.pk}/"
    assert CAUTION not in text_of(as_(cast.viewer).get(address))
    workflow.change_definition(
        cast.plan,
        cast.shared_indicator,
        by=cast.admin,
        at=EARLIER,
        fiscal_year=2020,
        what="対象",
        reason="見直し",
    )
    assert f"達成{CAUTION}" in text_of(as_(cast.viewer).get(address))


def test_judgement_across_a_change_warns_and_a_person_decides(official):
    change(official)
    figures = {"a2": {"value": "8"}, "a1": {"value": "9"}}
    first, second = (
        open_case(official.initiative, "self_evaluation", official.staff).basis({"figure": figures}).targets
    )
    assert second.judgement.outcome == "met"
    assert second.judgement.working == f"10件×0.9=9件以下に対し8件: 達成 {CAUTION}"
    assert CAUTION not in first.judgement.working


def test_page_that_confirms_a_number_warns_of_the_change(cast, as_):
    assert "定義が変わっています" not in text_of(as_(cast.staff).get("/mihon/2020/1/targets/a2/resolve/"))
    change(cast)
    assert CAUTION in text_of(as_(cast.staff).get("/mihon/2020/1/targets/a2/resolve/"))


def test_relative_target_is_not_judged_before_its_number_is_confirmed(cast, as_, page_of):
    figure(cast, cast.own_indicator, 2020, "8")
    text = text_of(as_(cast.viewer).get(page_of))
    assert "目標値が未確定のため判定できません。先に目標値を確定してください。" in text
    assert "10件×0.9=9件" not in text
    TargetResolution.objects.create(
        target=Target.objects.get(initiative=cast.initiative, key="a2"),
        value=9,
        base_value=10,
        by=cast.staff,
        at=EARLIER,
    )
    assert "10件×0.9=9件以下に対し8件: 達成" in text_of(as_(cast.viewer).get(page_of))


def test_queries_do_not_grow_with_the_changes(cast, as_, page_of):
    client = as_(cast.viewer)
    counts = []
    for year in (2010, 2011, 2012):
        change(cast, fiscal_year=year)
        client.get(page_of)
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
    assert Event.objects.filter(verb="change_definition").count() == 3


def test_admin_site_keeps_who_confirmed_a_direction(cast, as_):
    before = Indicator.objects.create(ward=cast.ward, name="来場者数", unit="人")
    typed = {"name": "来場者数", "unit": "人", "direction": "higher", "definition": "延べ", "source": ""}
    response = as_(cast.admin).post(f"/admin/initiatives/indicator/{before.pk}/change/", typed)
    assert response.status_code == 302
    row = IndicatorChange.objects.get()
    assert (row.after, row.by) == ({"direction": "higher"}, cast.admin)
    as_(cast.admin).post(f"/admin/initiatives/indicator/{before.pk}/delete/", {"post": "yes"})
    assert not Indicator.objects.filter(pk=before.pk).exists()
