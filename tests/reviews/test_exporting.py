import datetime
import io
import zipfile
from decimal import Decimal
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from initiatives.form import read_form
from initiatives.models import Initiative, Measurement, PlanPhase, Target, YearPlan
from reviews.exporting import INDEX_FILE, Export, write_export, write_wards
from reviews.import_preview import preview
from reviews.workbook.fitting import lines_needed
from reviews.workbook.reader import read_workbook
from tests.cast import NOW, SPRING
from tests.reviews.workbook.returned import filled
from wardplan.accounts.models import Membership, Section

FORMS = ["1 人と人とのつながりづくり", "2 区政会議の開催"]


def plan_of(cast):
    return YearPlan.objects.select_related("ward", "edition").get(pk=cast.plan.pk)


def export(cast, by=None, **options):
    return write_export(Export(plan_of(cast), **options), by=by or cast.admin, at=NOW).content


def book_of(content):
    return load_workbook(io.BytesIO(content))


def records(page):
    head, *rows = page.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def texts(page):
    return {str(cell.value) for row in page for cell in row if cell.value is not None}


def links_of(page):
    cells = (cell for row in page for cell in row if cell.hyperlink)
    return {cell.coordinate: (cell.hyperlink.location, cell.hyperlink.target) for cell in cells}


def listed(page):
    """Read the rows of 目次 under its heading."""
    rows = list(page.iter_rows(values_only=True))
    head = next(place for place, row in enumerate(rows) if "番号" in row)
    return [row for row in rows[head + 1 :] if row[1] is not None and row[2] is not None]


# ---- the file as a whole ---------------------------------------------------------------------------------


def test_year_begins_with_its_contents_and_ends_with_data_and_charts(cast):
    assert book_of(export(cast)).sheetnames == ["目次", *FORMS, "データ(目標)", "データ(評価)", "グラフ"]


def test_charts_and_cover_can_be_chosen(cast):
    found = book_of(export(cast, with_cover=True, with_charts=False)).sheetnames
    assert found == ["決裁", "目次", *FORMS, "データ(目標)", "データ(評価)"]


def test_section_holds_its_own_sheets_and_nothing_of_others(cast):
    book = book_of(export(cast, section=cast.section))
    assert book.sheetnames[:2] == ["目次", FORMS[0]]
    assert book["目次"]["A1"].value == "見本区 令和2年度 取組項目(市民協働課)"
    for title in ("データ(目標)", "データ(評価)"):
        assert {row["取組項目番号"] for row in records(book[title])} == {"1"}


def test_section_without_sheets_says_so(cast):
    empty = Section.objects.create(ward=cast.ward, name="税務課")
    book = book_of(export(cast, section=empty))
    assert "取組項目がありません。" in texts(book["目次"])
    assert [list(book["データ(目標)"].iter_rows(values_only=True))[0][0]] == ["団体コード"]


def test_untouched_year_brings_no_change_back_and_a_filled_one_only_its_own(cast):
    cast.review_in("draft")
    content = export(cast, by=cast.staff, with_cover=True)
    reading = read_workbook(content)
    assert [sheet.title for sheet in reading.sheets] == FORMS and reading.others == []
    found = preview(cast.plan, reading, by=cast.staff, at=NOW)
    assert not (found.changes or found.conflicts or found.kept or found.problems or found.notes)

    again = read_workbook(filled(content, "1", midyear_issues="別の改善策を行う。"))
    found = preview(cast.plan, again, by=cast.staff, at=NOW)
    assert [(change.key, change.mine) for change in found.changes] == [
        ("1.midyear.issues", "別の改善策を行う。")
    ]
    assert not (found.conflicts or found.problems or found.notes)


def test_year_of_a_hundred_sheets_comes_back_with_every_page_beside_them(cast):
    Initiative.objects.bulk_create(
        Initiative(plan=cast.plan, number=str(number), position=number * 1_000_000, title="取組")
        for number in range(3, 101)
    )
    cast.review_in("draft", answers=cast.answers(issues="あ" * 33_000))
    content = export(cast, with_cover=True)
    beside = load_workbook(io.BytesIO(content), read_only=True).sheetnames
    assert {"決裁", "目次", "グラフ", "お知らせ"} <= set(beside)
    reading = read_workbook(content)
    assert len(reading.sheets) == 100 and reading.others == []


def test_same_sheets_give_the_same_bytes(cast):
    assert export(cast, with_cover=True) == export(cast, with_cover=True)


def test_queries_do_not_grow_with_the_sheets(cast):
    def count():
        user = type(cast.admin).objects.get(pk=cast.admin.pk)
        plan = plan_of(cast)
        with CaptureQueriesContext(connection) as queries:
            write_export(Export(plan, with_cover=True), by=user, at=NOW)
        return len(queries)

    def grow(numbers):
        for number in numbers:
            copy = Initiative.objects.get(pk=cast.initiative.pk)
            targets = list(copy.targets.all())
            copy.pk, copy.number, copy.position = None, str(number), number * 1_000_000
            copy.save()
            for target in targets:
                target.pk, target.initiative = None, copy
                target.save()

    cast.review_in("approved")
    Initiative.objects.filter(pk=cast.other_initiative.pk).delete()
    read_form(cast.edition)  # a process keeps it
    counts = [count()]
    grow(range(11, 13))
    counts.append(count())
    grow(range(13, 40))
    counts.append(count())
    # Sheets 6, figures 1, charts 1, cover 2, and the memberships.
    assert counts == [11, 11, 11]


# ---- 目次 ------------------------------------------------------------------------------------------------


def test_contents_list_status_marks_and_a_link_to_each_sheet(cast):
    cast.review_in("submitted", answers=cast.answers(implementation=1, outlook=2))
    page = book_of(export(cast))["目次"]
    assert listed(page) == [
        ("1", "人と人とのつながりづくり", "市民協働課", "課長承認待ち", "(i) ②", "未入力", "—"),
        ("2", "区政会議の開催", "総務課", "未入力", "— —", "未入力", "—"),
    ]
    links = links_of(page)
    assert links["A6"] == (f"'{FORMS[0]}'!A1", None) and links["A7"] == (f"'{FORMS[1]}'!A1", None)
    assert {location for location, _ in links.values()} >= {"'データ(目標)'!A1", "'グラフ'!A1"}
    assert page.page_setup.paperSize == 9 and page.print_title_rows == "$5:$5"


def test_contents_tell_no_mark_that_the_reader_may_not_know(cast):
    cast.review_in("draft")
    page = book_of(export(cast, by=cast.viewer))["目次"]
    assert listed(page)[0][3:5] == ("作成中", "提出後")
    assert "「提出後」は、課長承認待ちになると表示される判定です。" in texts(page)
    assert "「提出後」は、課長承認待ちになると表示される判定です。" not in texts(
        book_of(export(cast, by=cast.staff))["目次"]
    )


# ---- データ ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["データ(目標)", "データ(評価)"])
def test_data_is_one_plain_table(cast, title):
    cast.review_in("submitted")
    page = book_of(export(cast))[title]
    assert not page.merged_cells.ranges
    head, *rows = page.iter_rows(values_only=True)
    assert len(set(head)) == len(head) and not any("\n" in heading for heading in head)
    assert all(any(cell is not None for cell in row) for row in rows)
    # No fills, no frames: what a table looks like is none of its data.
    assert {cell.fill.fill_type for row in page for cell in row} == {None}
    assert {cell.border.top.style for row in page for cell in row} == {None}
    assert (page.oddFooter.left.text, page.oddFooter.right.text) == ("&A", "&P / &N ページ")


@pytest.mark.parametrize("title", ["データ(目標)", "データ(評価)"])
def test_data_is_printed_landscape_on_pages_that_can_be_read_and_told_apart(cast, title):
    cast.review_in("submitted")
    page = book_of(export(cast))[title]
    setup = page.page_setup
    assert (setup.orientation, setup.paperSize, page.sheet_properties.pageSetUpPr.fitToPage) == (
        "landscape",
        9,
        True,
    )
    assert (setup.fitToWidth, setup.fitToHeight) == (2, 0) and page.print_options.gridLines
    assert page.print_area.endswith(f"!$A$1:${page[1][-1].column_letter}${page.max_row}")
    # Number and name of the item stand on each page, and so do the headings.
    assert (page.print_title_rows, page.print_title_cols) == ("$1:$1", "$E:$F")
    assert [cell.value for cell in page[1][4:6]] == ["取組項目番号", "取組項目名"]
    for row in page.iter_rows():
        for cell in row:
            width = page.column_dimensions[cell.column_letter].width * 7
            high = page.row_dimensions[cell.row].height
            assert high >= lines_needed(str(cell.value or ""), width, 9) * 9 * 1.25, cell.coordinate


def test_answers_lead_with_words_before_the_codes_of_programs(cast):
    head = [cell.value for cell in book_of(export(cast))["データ(評価)"][1]]
    assert head.index("段階") < head.index("設問") < head.index("目標の見出し") < head.index("設問ID")


def test_target_record_has_numbers_as_numbers_with_both_years(cast):
    cast.ward.code = "271284"
    cast.ward.save()
    Measurement.objects.create(
        indicator=cast.shared_indicator,
        ward=cast.ward,
        fiscal_year=2020,
        value=Decimal("7.5"),
        as_of=datetime.date(2021, 3, 31),
        source="=活動報告書",
        at=SPRING,
    )
    page = book_of(export(cast))["データ(目標)"]
    first, _, relative, _ = records(page)
    assert first == first | {
        "団体コード": "271284",
        "年度(西暦)": 2020,
        "年度(和暦)": "令和2年度",
        "目標ID": "p1",
        "目標の欄": "取組の方針・目標内容",
        "指標名": "連携した取組の件数",
        "よい方向": "多いほどよい",
        "目標年度(西暦)": 2020,
        "目標値": 8,
        "単位": "件",
        "実績値": 7.5,
        "実績の時点": datetime.datetime(2021, 3, 31),
        "実績の出典": "=活動報告書",
        "数値からの判定": "未達成",
    }
    assert (relative["目標値"], relative["増減"], relative["増減の単位"]) == (None, -10, "%(割合)")
    assert (relative["基準年度(西暦)"], relative["基準年度の実績値"], relative["実績値"]) == (2019, 10, None)
    assert relative["数値からの判定"] is None
    types = {cell.value: page.cell(2, cell.column).data_type for cell in page[1]}
    assert (types["団体コード"], types["目標値"], types["実績の出典"]) == ("s", "n", "s")


def test_answer_record_for_each_question_says_number_and_words(cast):
    cast.review_in("submitted", answers=cast.answers(outlook=2, issues="=1+1\n二行目"))
    evaluation = cast.answers("self_evaluation")
    cast.review_in("draft", "self_evaluation", answers=evaluation)
    found = records(book_of(export(cast, by=cast.staff))["データ(評価)"])
    mine = {(row["設問ID"], row["目標ID"]): row for row in found if row["取組項目番号"] == "1"}
    outlook = mine["midyear.outlook", None]
    assert (outlook["選択肢番号"], outlook["選択肢"]) == (2, "達成できない見込み")
    assert (outlook["段階"], outlook["状態"]) == ("中間振り返り", "課長承認待ち")
    issues = mine["midyear.issues", None]
    assert (issues["文"], issues["回答の有無"]) == ("=1+1\n二行目", "回答あり")
    figure = mine["self_evaluation.figure", "a1"]
    assert (figure["設問"], figure["目標の見出し"]) == ("実績値", "連携した取組の件数")
    assert (figure["数値"], figure["単位"]) == (9, "件")
    assert (figure["数値の時点"], figure["数値の出典"]) == (datetime.datetime(2021, 3, 31), "市民協働課調べ")
    assert mine["self_evaluation.figure", "a2"]["回答の有無"] == "回答なし"


def test_answer_that_may_not_be_read_is_hidden_and_not_called_missing(cast):
    cast.review_in("draft")
    content = export(cast, by=cast.viewer)
    row = next(row for row in records(book_of(content)["データ(評価)"]) if row["設問ID"] == "midyear.issues")
    assert (row["回答の有無"], row["文"], row["選択肢"], row["状態"]) == ("非公開", None, None, "作成中")
    assert cast.answers()["issues"] not in "".join(text for page in book_of(content) for text in texts(page))


def test_text_longer_than_a_cell_goes_on_in_a_column_of_its_own(cast):
    long = "あ" * 32_766 + "😀" + "い" * 10
    cast.review_in("draft", answers=cast.answers(issues=long))
    found = records(book_of(export(cast))["データ(評価)"])
    row = next(row for row in found if row["設問ID"] == "midyear.issues")
    assert row["文"] + row["文の続き1"] == long


# ---- グラフ ----------------------------------------------------------------------------------------------


def test_chart_draws_its_own_table_with_gaps_and_without_colour(cast):
    Target.objects.filter(initiative=cast.initiative, key="p1").update(fiscal_year=2021, value=Decimal(9))
    page = book_of(export(cast))["グラフ"]
    assert len(page._charts) == 2
    rows = list(page.iter_rows(min_row=4, values_only=True))
    assert rows[0][0] == "不適切な事務処理事案の件数(件)"
    start = next(place for place, row in enumerate(rows) if row[0] == "連携した取組の件数(件)")
    assert [row[:4] for row in rows[start + 1 : start + 6]] == [
        ("年度", "西暦", "目標(件)", "実績(件)"),
        ("平成30年度", 2018, None, 8),
        ("令和元年度", 2019, None, None),
        ("令和2年度", 2020, 8, None),
        ("令和3年度", 2021, 9, None),
    ]
    chart = page._charts[1]
    target, actual = chart.series
    first, last = start + 6, start + 9
    assert target.val.numRef.f == f"'グラフ'!$C${first}:$C${last}"
    assert actual.val.numRef.f == f"'グラフ'!$D${first}:$D${last}"
    assert {series.cat.strRef.f for series in chart.series} == {f"'グラフ'!$A${first}:$A${last}"}
    assert chart.display_blanks == "gap" and not chart.x_axis.delete and not chart.y_axis.delete
    assert (target.spPr.ln.prstDash, actual.spPr.ln.prstDash) == ("dash", "solid")
    assert (target.marker.symbol, actual.marker.symbol) == ("diamond", "circle")
    assert {series.spPr.ln.solidFill.srgbClr for series in chart.series} == {"000000"}


def test_without_figures_there_is_no_chart_but_a_sentence(cast):
    Measurement.objects.all().delete()
    Target.objects.update(kind="none", value=None)
    page = book_of(export(cast))["グラフ"]
    assert not page._charts and "数値のある指標がありません。" in texts(page)


# ---- 決裁 ------------------------------------------------------------------------------------------------


def test_cover_names_posts_and_moments_as_they_were_recorded(cast):
    cast.review_in("approved")
    Membership.objects.filter(user__in=[cast.staff, cast.manager]).update(post="別の職")
    PlanPhase.objects.filter(plan=cast.plan, phase="midyear").update(
        decided_on=datetime.date(2020, 10, 20), decided_by_post="見本区長", document_number="見本総第1号"
    )
    page = book_of(export(cast, with_cover=True))["決裁"]
    found = {row[0]: row for row in page.iter_rows(values_only=True)}
    submitted, approved = cast.events()[1:3]
    assert found["1"][3].startswith(f"{submitted.by_post}\n令和2年9月")
    assert found["1"][4].startswith(f"{approved.by_post}\n令和2年9月")
    assert found["2"][3:5] == ("未入力", None)
    assert "中間振り返りの決裁: 見本区長 令和2年10月20日 文書番号 見本総第1号" in found
    assert not any("別の職" in text or cast.manager.name in text for text in texts(page))


def test_approval_that_was_taken_back_is_on_no_cover(cast):
    cast.review_in("returned")
    page = book_of(export(cast, with_cover=True))["決裁"]
    found = {row[0]: row for row in page.iter_rows(values_only=True)}
    assert found["1"][3:5] == ("差戻し", None)


def test_pages_speak_the_words_of_the_edition(cast):
    cast.edition.labels = {**cast.edition.labels, "item": "重点取組", "phase.midyear": "中間点検"}
    cast.edition.save()
    book = book_of(export(cast, with_cover=True))
    assert book["目次"]["A1"].value == "見本区 令和2年度 重点取組"
    for title in ("目次", "決裁"):
        assert "重点取組" in texts(book[title]) and any("中間点検" in text for text in texts(book[title]))


def test_wards_of_one_name_get_files_of_their_own(cast):
    cast.neighbour.name = cast.ward.name
    cast.neighbour.save()
    YearPlan.objects.create(ward=cast.neighbour, fiscal_year=2020, edition=cast.edition, status="confirmed")
    target = io.BytesIO()
    plans = list(YearPlan.objects.select_related("ward", "edition").order_by("ward__slug"))
    write_wards(plans, target, by=cast.admin, at=NOW)
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    assert names == ["見本区_令和2年度_取組項目.xlsx", "tonari_見本区_令和2年度_取組項目.xlsx", INDEX_FILE]


# ---- all wards -------------------------------------------------------------------------------------------


def test_all_wards_are_a_book_each_and_one_that_lists_them(cast):
    other = YearPlan.objects.create(
        ward=cast.neighbour, fiscal_year=2020, edition=cast.edition, status="confirmed"
    )
    Initiative.objects.create(
        plan=other, number="1", position=1, title="隣の取組", section=cast.neighbours_section
    )
    Membership.objects.create(user=cast.admin, ward=cast.neighbour, role="viewer", starts_on="2020-04-01")
    cast.admin.forget_roles()
    plans = YearPlan.objects.select_related("ward", "edition").order_by("ward__slug")
    target = io.BytesIO()
    assert write_wards(plans, target, by=cast.admin, at=NOW) == 3

    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        index, mine, theirs = (book_of(archive.read(name)) for name in sorted(names))
    assert sorted(names) == [INDEX_FILE, "見本区_令和2年度_取組項目.xlsx", "隣区_令和2年度_取組項目.xlsx"]
    assert mine.sheetnames[:3] == ["目次", *FORMS] and theirs.sheetnames[:2] == ["目次", "1 隣の取組"]
    assert index.sheetnames == ["目次", "データ(目標)", "データ(評価)"]
    assert [row[:4] for row in listed(index["目次"])] == [
        ("見本区", "1", "人と人とのつながりづくり", "市民協働課"),
        ("見本区", "2", "区政会議の開催", "総務課"),
        ("隣区", "1", "隣の取組", "市民協働課"),
    ]
    location, target = links_of(index["目次"])["B8"]
    assert (location, unquote(target)) == ("'1 隣の取組'!A1", "隣区_令和2年度_取組項目.xlsx")
    assert {row["区"] for row in records(index["データ(評価)"])} == {"見本区", "隣区"}
