import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.models import Indicator, Initiative, YearPlan
from reviews import workflow
from reviews.handover import write_note
from tests.cast import NOW
from tests.pages import Page
from wardplan.accounts.models import Section


@pytest.fixture
def desk(cast, client):
    """Open a desk as somebody: desk(cast.staff) is the own section's of this year."""

    def desk(user, section=None, year=2020, **wanted):
        client.force_login(user)
        return client.get(f"/mihon/{year}/desk/{(section or cast.section).pk}/", wanted)

    return desk


@pytest.fixture
def last_year(cast):
    """Give sheet 1 a year before, returned once with a comment, then published; it belongs to 旧協働課."""
    old = Section.objects.create(ward=cast.ward, name="旧協働課", order=3, ended_on="2020-04-01")
    plan = YearPlan.objects.create(
        ward=cast.ward, fiscal_year=2019, edition=cast.edition, status="confirmed", version=1
    )
    before = Initiative.objects.create(
        plan=plan, number="5", position=5_000_000, title="前の取組", section=cast.section
    )
    Initiative.objects.filter(pk=cast.initiative.pk).update(continues=before)
    review = cast.review_in("submitted", "self_evaluation", initiative=before)
    workflow.send_back(
        before,
        "self_evaluation",
        by=cast.manager,
        at=NOW,
        version=review.version,
        reason="数値の出典を書いてください。",
        until=NOW.date(),
        comments={"results": "件数の数え方も。"},
    )
    write_note(before, "self_evaluation", by=cast.staff, at=NOW, text="前年度のメモ")
    answers = cast.answers("self_evaluation", achievement=2, issues="参加者が固定化している。")
    type(review).objects.filter(pk=review.pk).update(
        status="approved", answers=answers, submitted_by=cast.staff, approved_by=cast.manager
    )
    Initiative.objects.filter(pk=before.pk).update(section=old)
    before.refresh_from_db()
    return before


def test_desk_tells_a_newcomer_everything(cast, desk, last_year):
    cast.review_in("draft")
    Indicator.objects.filter(pk=cast.shared_indicator.pk).update(
        source="区民アンケート", contact="市民局 企画係", arrives="9月末"
    )
    write_note(cast.initiative, "midyear", by=cast.second_staff, at=NOW, text="今年度のメモ")
    page = Page(desk(cast.staff, texts="open"))
    words = " ".join(page.text.split())
    for expected in (
        "この席の仕事市民協働課 令和2年度",
        "人と人とのつながりづくり",
        "作成中 市民協働課 期限 10月2日(金)17:15",
        "今年度のメモ",
        "前年度のメモ",
        "参加者が固定化している。",
        "連携した取組の件数 区民アンケート 市民局 企画係 9月末",
        "数値の出典を書いてください。",
        "当年度の取組実績及び目標の達成状況へのコメント",
        "件数の数え方も。",
        "令和元年度 取組項目5 前の取組 (担当課は旧協働課でした)",
        "清掃活動など9件を行い、目標の8件を上回った。",
        "自己評価の提出 担当 太郎さん、承認 課長 一郎さん",
    ):
        assert expected in words, expected
    assert "区政会議の開催" not in words
    assert f'href="/mihon/2019/desk/{last_year.section_id}/"' in page.html


def test_sheet_without_a_year_before_says_so(cast, desk):
    text = Page(desk(cast.staff)).text
    assert "前年度のシートはありません。新しい取組項目です。" in text
    assert "差し戻された理由" not in text


def test_long_desk_leads_back_to_its_list(cast, desk):
    assert "シートの一覧へ戻る" not in desk(cast.staff).content.decode()
    cast.plan.initiatives.update(section=cast.section)
    assert desk(cast.staff).content.decode().count('<a href="#desk-sheets">シートの一覧へ戻る</a>') == 2


def test_texts_are_folded_until_they_are_wanted(cast, desk, last_year):
    assert "<details open>" not in desk(cast.staff).content.decode()
    assert "<details open>" in desk(cast.staff, texts="open").content.decode()


def test_who_took_sheets_over_sees_those_at_the_desk_that_is_gone(cast, desk, last_year):
    other = Initiative.objects.create(
        plan=last_year.plan, number="6", position=6_000_000, title="よその取組", section=last_year.section
    )
    page = Page(desk(cast.staff, last_year.section, 2019))
    assert "前の取組" in page.text
    assert other.title not in page.text
    assert "前年度のメモ" in page.text
    assert f'href="/mihon/2020/desk/{cast.section.pk}/"' in page.html
    assert desk(cast.staff_other_section, last_year.section, 2019).status_code == 403
    assert other.title in Page(desk(cast.admin, last_year.section, 2019)).text


@pytest.mark.parametrize(
    ("who", "code"),
    [("staff", 200), ("manager", 200), ("admin", 200), ("viewer", 403), ("staff_other_section", 403)],
)
def test_desk_is_for_the_section_and_the_admin(cast, desk, who, code):
    write_note(cast.initiative, "midyear", by=cast.staff, at=NOW, text="内輪のメモ")
    answer = desk(cast.actor(who))
    assert answer.status_code == code
    assert ("内輪のメモ" in answer.content.decode()) == (code == 200)


def test_other_ward_finds_no_desk(cast, desk, client):
    assert desk(cast.other_ward).status_code == 404
    client.force_login(cast.other_ward)
    assert client.get(f"/tonari/2020/desk/{cast.section.pk}/").status_code == 404


def test_head_of_the_page_leads_to_the_desk_of_the_running_year(cast, client, last_year):
    YearPlan.objects.create(ward=cast.ward, fiscal_year=2021, edition=cast.edition)
    client.force_login(cast.staff)
    address = f"/mihon/desk/{cast.section.pk}/"
    assert f'href="{address}"' in client.get("/").content.decode()
    assert client.get(address)["Location"] == f"/mihon/2020/desk/{cast.section.pk}/"
    client.force_login(cast.viewer)
    assert "この席の仕事" not in client.get("/").content.decode()


def test_ward_without_a_plan_says_what_comes(cast, client):
    cast.plan_in("draft")
    cast.plan.delete()
    address = f"/mihon/desk/{cast.section.pk}/"
    client.force_login(cast.staff)
    assert "見本区の計画は、まだありません。" in Page(client.get(address)).text
    for stranger in (cast.viewer, cast.other_ward):
        client.force_login(stranger)
        assert client.get(address).status_code == 404


def test_section_without_sheets_says_whom_to_ask(cast, desk):
    cast.plan.initiatives.filter(section=cast.section).update(section=cast.other_section)
    assert "取りまとめ担当に確かめてください。" in Page(desk(cast.staff)).text


def test_queries_do_not_grow_with_the_sheets(cast, client, desk, last_year):
    counts = []
    for count in (1, 3, 30):
        for number in range(cast.section.initiatives.count() + 10, count + 9 + 1):
            before = Initiative.objects.create(
                plan=last_year.plan, number=str(number), title="前", section=last_year.section
            )
            initiative = Initiative.objects.create(
                plan=cast.plan, number=str(number), title="今", section=cast.section, continues=before
            )
            cast.review_in("draft", initiative=initiative)
            cast.review_in("returned", "self_evaluation", initiative=before)
            write_note(initiative, "midyear", by=cast.staff, at=NOW, text="メモ")
        desk(cast.staff)
        with CaptureQueriesContext(connection) as queries:
            page = Page(client.get(f"/mihon/2020/desk/{cast.section.pk}/"))
        assert page.html.count('desk-sheet"') == cast.section.initiatives.filter(plan=cast.plan).count()
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 3 + 17
