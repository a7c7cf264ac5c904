"""A plan in an Excel workbook: our own export, and an office's own file laid out as the official form."""

import datetime
import io
import re
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from initiatives import workflow
from initiatives.loading import read_for
from initiatives.models import Event, Indicator, Initiative, Measurement, Target, YearPlan
from initiatives.plan_file import plan_content
from reviews.models import Review
from tests.cast import JST, difference, snapshot
from wardplan.accounts.models import User

from .test_commands import refused, run
from .test_documents import without_what_a_person_decides

AT = datetime.datetime(2020, 9, 25, 10, tzinfo=JST)
TITLE = "「令和2年度以降の市政改革計画」に基づく取組等"


def load(file, *more, ward="mihon", year="2020"):
    return ["load_plan", str(file), "--ward", ward, "--year", year, *more]


@pytest.fixture
def demo(clock, db):
    run("load_demo")
    return YearPlan.objects.select_related("ward", "edition").get()


@pytest.fixture
def exported(demo, tmp_path):
    """The year's workbook as the office downloads it."""

    def export(name="sheets.xlsx"):
        run("export_sheets", "mihon", "2020", str(tmp_path / name), by="admin")
        return tmp_path / name

    return export


def unchanged(file):
    before = snapshot()
    out = run(*load(file))
    assert out.endswith("見本区 令和2年度の計画は、ファイルと同じです。何も変えていません。\n"), out
    assert difference(before, snapshot()) == {}
    return out


# --- what was written here -------------------------------------------------------------------------------


def test_own_export_says_what_the_plan_says(exported):
    out = unchanged(exported())
    left_out = [line for line in out.splitlines() if "取り込みませんでした" in line]
    assert len(left_out) <= 1
    assert all(line.startswith("計画の様式ではないシート") for line in left_out)


def test_own_export_with_figures_numbers_and_answers_changes_no_plan(demo, exported):
    admin = User.objects.get(username="admin")
    target = Target.objects.get(initiative__number="4", key="a1")
    workflow.record_measurement(
        demo, target.indicator, by=admin, at=AT, fiscal_year=2019, value=Decimal(5), source="総務課調べ"
    )
    workflow.resolve(target, by=admin, at=AT, value=Decimal("4.5"), base_value=Decimal(5))
    Review.objects.create(
        initiative=Initiative.objects.get(number="1"),
        phase="midyear",
        status="draft",
        version=1,
        answers={
            "implementation": 1,
            "outlook": 2,
            "issues": "参加が少ない。\n(目標)\n○件数 【令和2年度】 9件",
        },
    )
    file = exported()
    assert "目標値: 4.5件" in str(list(load_workbook(file)["4 効果的・効率的な行財政運営"].values))
    out = unchanged(file)
    assert "取組項目1で、計画の欄の外(振り返りや評価など)に書かれた5行は取り込みませんでした。" in out
    assert "計画の様式ではないシート" in out


def ask(plan, file):
    """Give what a person is asked about a file: the places of the doubts."""
    reading = read_for(plan.ward, plan.fiscal_year, file.name, file.read_bytes())
    return [row.path for row in reading.unsure]


def test_own_export_of_a_confirmed_plan_asks_nothing(demo, exported):
    wrapped = "一文の途中で\n改行された文"
    Initiative.objects.filter(number="1").update(purpose=wrapped)
    file = exported()
    assert ask(demo, file) == []
    assert "人が確かめるところ" not in unchanged(file)
    assert "人が確かめるところ" not in run(*load(file, "--dry-run"))

    YearPlan.objects.update(status="draft")
    assert "initiatives[0].purpose" in ask(demo, file)


def test_only_what_the_file_changes_is_asked_about(demo, exported):
    Initiative.objects.filter(number="2").update(purpose="一文の途中で\n改行された文")
    file = exported()
    Initiative.objects.filter(number="2").update(overview="書き換えた文。")
    Target.objects.filter(initiative__number="3", key="p1").update(wording="【令和2年度】41%", value=41)
    assert ask(demo, file) == ["initiatives[2].targets[0].direction"]
    Initiative.objects.filter(number="2").update(purpose="書き換えた文。")
    assert ask(demo, file) == ["initiatives[1].purpose", "initiatives[2].targets[0].direction"]


def test_file_of_another_year_is_refused_for_its_year_alone(demo, exported):
    file = exported()
    plan = YearPlan.objects.create(ward=demo.ward, fiscal_year=2021, edition=demo.edition)
    kept = Initiative.objects.create(plan=plan, number="9", position=9, title="消せない取組")
    Review.objects.create(initiative=kept, phase="midyear", status="draft")
    rows = [line for line in refused(*load(file, year="2021")).splitlines() if "令和2年度の文書" not in line]
    assert rows == [
        "読み込めません。5か所を直してください。",
        "シート「1 人と人とのつながりづくり」のF5の5行目: 当年度の目標が令和2年度のものです。"
        "令和3年度の計画には取り込めません。年度を確かめてください。",
        "令和2年度の計画として読み込むときは、--year 2020 にしてください。",
    ]


def test_words_that_no_field_takes_are_named_though_the_plan_is_the_same(demo, office):
    assert ask(demo, office()) == []
    page = office(put("K6", "見出しのない文。"))
    assert ask(demo, page) == ["initiatives[1]"]


def test_export_of_a_plan_carried_over_changes_nothing(demo, tmp_path):
    run("roll_over", "mihon", "2020")
    assert Target.objects.get(initiative__plan__fiscal_year=2021, key="a2").baselines.count() == 2
    run("export_sheets", "mihon", "2021", str(tmp_path / "next.xlsx"), by="admin")
    out = run(*load(tmp_path / "next.xlsx", year="2021"))
    assert out.endswith("見本区 令和3年度の計画は、ファイルと同じです。何も変えていません。\n"), out


def test_own_export_makes_the_plan_of_an_empty_ward(demo, exported):
    file = exported()
    expected = plan_content(demo)
    Review.objects.all().delete()
    Measurement.objects.all().delete()
    Event.objects.all().delete()
    demo.delete()
    directions = dict(Indicator.objects.values_list("name", "direction"))
    run(*load(file))
    found = plan_content(YearPlan.objects.get())
    assert [row["section"] for row in found["initiatives"]] == [
        row["section"] for row in expected["initiatives"]
    ]
    assert without_what_a_person_decides(found) == without_what_a_person_decides(expected)
    assert dict(Indicator.objects.values_list("name", "direction")) == directions


def test_file_of_one_sheet_warns_that_the_others_would_go(demo, exported):
    book = load_workbook(exported())
    for title in [title for title in book.sheetnames if not title.startswith("2 ")]:
        del book[title]
    saved = io.BytesIO()
    book.save(saved)
    reading = read_for(demo.ward, demo.fiscal_year, "sheet.xlsx", saved.getvalue())
    assert [row["number"] for row in reading.content["initiatives"]] == ["2"]
    assert reading.notes == [
        "いまの計画にある取組項目1、3、4が、ファイルにはありません。このまま取り込むと、計画からなくなります。"
    ]


def test_own_export_for_another_ward_or_year_is_refused_whole(exported):
    file = exported()
    text = refused(*load(file, year="2021"))
    assert "シート「1 人と人とのつながりづくり」のF1: 令和2年度の文書です。令和3年度の計画には" in text
    assert text.endswith("令和2年度の計画として読み込むときは、--year 2020 にしてください。")
    text = refused(*load(file, ward="abeno"))
    assert "シート「2 区政会議の開催」のF1: 見本区の文書です。阿倍野区の計画には取り込めません。" in text


# --- an office's own file --------------------------------------------------------------------------------


def targets_of(item, scope):
    for target in item["targets"]:
        if target["scope"] == scope:
            yield f"○{target['heading'] or target['indicator']}"
            yield f"\t{target['wording']}\t"
            if target.get("quote"):
                yield target["quote"]


def office_book(content):
    """Lay a plan out as an office does: labels in cells of their own, merged areas, tabs, half-bold text."""
    book = Workbook()
    book.active.title = "目次"
    book.active.append(["番号", "取組項目", "担当課"])
    for item in content["initiatives"]:
        book.active.append([int(item["number"]), item["title"], item["section"]])
        page = book.create_sheet(f"取組{item['number']}")
        page["B2"], page["J2"] = TITLE, "見本区"
        page["B4"], page["D4"], page["E4"] = "取組項目", int(item["number"]), f"【{item['title']}】"
        page["I4"], page["J4"] = "担当課", item["section"]
        page["B6"], page["C6"], page["H6"] = "計\n画", "取組の方針・\n目標内容", "当年度の取組内容"
        page["C7"] = "（趣旨・目的）"
        page["C8"] = item["purpose"]
        page["C9"] = "（取組の概要）"
        bold = TextBlock(InlineFont(b=True), item["overview"][:5])
        page["C10"] = CellRichText(bold, item["overview"][5:])
        page["H7"] = "（取組の内容）"
        page["H8"] = item["activities"].replace("\n", "\r\n")
        page["C12"] = page["H12"] = "（目標）"
        for row, line in enumerate(targets_of(item, "policy"), 13):
            page.cell(row, 4, line)
        page["H13"] = "\n".join(targets_of(item, "annual"))
        page["B30"], page["C30"], page["H30"] = "中間振り返り", "取組内容の実施見込み", "課題と改善策"
        page["B40"], page["C40"] = "自\n己\n評\n価", "当年度の取組実績及び目標の達成状況"
        for area in ("B2:I2", "B6:B20", "C6:G6", "H6:J6", "C8:G8", "H8:J11", "H13:J20", "B30:B39"):
            page.merge_cells(area)
    return book


def with_readings(saved):
    """Put readings (furigana) above the shared texts, as Excel does when Japanese is typed into it."""
    changed = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name).decode()
            if name.endswith("sharedStrings.xml"):
                reading = '<rPh sb="0" eb="1"><t>ヨミガナ</t></rPh><phoneticPr fontId="1"/></si>'
                part = part.replace("</si>", reading)
            new.writestr(name, part)
    return changed.getvalue()


@pytest.fixture
def office(demo, tmp_path):
    """Save an office's file of the demo's plan after a change to the book, and give its path."""

    def save(change=lambda book: None):
        book = office_book(plan_content(demo))
        change(book)
        saved = io.BytesIO()
        book.save(saved)
        path = tmp_path / "計画.xlsx"
        path.write_bytes(with_readings(saved))
        return path

    return save


def test_offices_own_file_says_what_the_plan_says(office):
    assert "計画の様式ではないシート「目次」は取り込みませんでした。" in unchanged(office())


def put(cell, text, page="取組2"):
    def change(book):
        book[page][cell] = text

    return change


def hide(book):
    book["取組4"].sheet_state = "hidden"


def test_hidden_page_is_left_out_and_named(demo, office):
    reading = read_for(demo.ward, demo.fiscal_year, "計画.xlsx", office(hide).read_bytes())
    assert [row["number"] for row in reading.content["initiatives"]] == ["1", "2", "3"]
    assert "表示されていないシート「取組4」は取り込みませんでした。" in reading.notes


def test_result_of_a_formula_is_read_and_marked(demo, office):
    path = office(put("C10", '="・会議を開く。"'))
    with_value = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(with_value) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            part = re.sub(
                b'(<c r="C10"[^>]*)><f>(.*?)</f><v ?/?>(</v>)?', rb'\1 t="str"><f>\2</f><v>X</v>', part
            )
            new.writestr(name, part)
    reading = read_for(demo.ward, demo.fiscal_year, "計画.xlsx", path.read_bytes())
    assert reading.content["initiatives"][1]["overview"] == "X"
    assert [row.sentence for row in reading.unsure if "数式" in row.sentence] == [
        "シート「取組2」のC10: 数式の計算結果「X」を読み取りました。正しいか確かめてください。"
    ]


RUN_TOGETHER = "29 年度 3030 年度 30年度 3030.5達成"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("D13", f"○割合 {RUN_TOGETHER}"), ["シート「取組2」のD13: ", RUN_TOGETHER]),
        (put("H8", f"・開く。\n・{RUN_TOGETHER}"), ["シート「取組2」のH8の2行目の取組の内容: "]),
        (put("D4", 1), ["シート「取組2」のB4の番号: 取組項目1: 番号「1」が2回あります。"]),
        (put("E4", None), ["シート「取組2」のB4の取組項目名: 取組項目2: 記入してください。"]),
        (put("B4", "第2号"), ["シート「取組2」のB6: 計画の欄がありますが、「取組項目1 【…】」のような"]),
        (put("J4", "広報課"), ["シート「取組2」のB4の担当課: 取組項目2: 担当課「広報課」はこの区に"]),
        (put("J2", "阿倍野区 令和2年度"), ["シート「取組2」のJ2: 阿倍野区の文書です。"]),
        (put("J2", "見本区 令和3年度"), ["シート「取組2」のJ2: 令和3年度の文書です。令和2年度の計画には"]),
        (put("D14", "【令和0年度】 89%"), ["シート「取組2」のD13: ", "令和0年はありません"]),
        (put("C8", "#REF!"), ["シート「取組2」のC8: セルがエラー(#REF!)になっています。"]),
    ],
    ids=[
        "run together",
        "in a text",
        "number",
        "title",
        "heading",
        "section",
        "ward",
        "year",
        "era",
        "error",
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["load", "dry-run"])
def test_fault_is_named_with_sheet_and_cell(office, change, words, more):
    text = refused(*load(office(change), *more))
    for expected in words:
        assert expected in text


def test_workbook_without_the_form_is_refused(demo, tmp_path):
    book = Workbook()
    book.active.title = "集計"
    book.active["A1"] = "令和2年度 予算"
    book.save(tmp_path / "予算.xlsx")
    text = refused(*load(tmp_path / "予算.xlsx"))
    assert "計画の様式のシートがありません(シート: 「集計」)。「取組項目1 【…】」の見出しと" in text


# --- in the browser --------------------------------------------------------------------------------------


def test_office_uploads_its_file_looks_and_saves(demo, office, client):
    YearPlan.objects.filter(pk=demo.pk).update(status="draft")
    client.force_login(User.objects.get(username="admin"))
    content = office(put("H8", "・区政会議を開催する(年4回)。")).read_bytes()
    before = snapshot()
    page = client.post("/mihon/2020/plan/import/", {"file": SimpleUploadedFile("計画.xlsx", content)})
    html = page.content.decode()
    assert "シート「取組2」のB4" in html
    assert "(年4回)。" in html
    assert difference(before, snapshot()) == {}
    context = page.context
    saved = client.post(
        "/mihon/2020/plan/import/",
        {"reading": context["carried"], "opened": "", "version": context["version"], "act": "save"},
    )
    assert saved.status_code == 302
    assert Initiative.objects.get(number="2").activities == "・区政会議を開催する(年4回)。"


def test_dangerous_and_odd_files_are_refused_with_their_sentence(demo, client):
    client.force_login(User.objects.get(username="admin"))
    macros = io.BytesIO()
    book = Workbook()
    book.save(macros)
    with zipfile.ZipFile(macros, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    for content, sentence in [
        (macros.getvalue(), "マクロの入ったファイル(.xlsm)です。"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "パスワードのかかったファイルです。"),
    ]:
        before = snapshot()
        page = client.post("/mihon/2020/plan/import/", {"file": SimpleUploadedFile("計画.xlsx", content)})
        assert sentence in page.content.decode()
        assert difference(before, snapshot()) == {}
