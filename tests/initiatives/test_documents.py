"""Plan documents: the office's four sheets and their relatives; what is refused, or left to a person."""

import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from initiatives.form import read_form
from initiatives.loading import read_for
from initiatives.management.commands.load_demo import FIXTURES
from initiatives.models import Event, FormEdition, Indicator, Initiative, Measurement, YearPlan
from initiatives.plan_file import PlanErrors, plan_content, read_document
from tests.cast import difference, snapshot
from wardplan.accounts.models import Ward

from .test_commands import refused, run

SEED = (Path(__file__).with_name("data") / "seed.txt").read_text()
TITLE = "「令和2年度以降の市政改革計画」に基づく取組等"
SHEETS = SEED.split(TITLE)[1:]


def content_of(text, year=2020):
    reading = read_document(text, year)
    assert reading.problems == []
    return reading.content


def same_plan(text):
    """Expect a document to say what the seed says, but for its number of sheets."""
    assert content_of(text) == content_of(SEED)


# --- the seed equals the demo ----------------------------------------------------------------------------


@pytest.fixture
def demo(db):
    call_command("loaddata", *FIXTURES, verbosity=0)
    return YearPlan.objects.select_related("ward", "edition").get()


@pytest.fixture
def seed_file(tmp_path):
    path = tmp_path / "plan.txt"
    path.write_text(SEED)
    return path


def load(file, *more):
    return ["load_plan", str(file), "--ward", "mihon", "--year", "2020", *more]


def without_what_a_person_decides(content):
    """Take out what no document says: the section of each sheet, and which direction is better.

    Nothing else is left out. City-wide indicators are registered by the office and keep their direction.
    """
    for record in content["initiatives"]:
        record.pop("section")
        for target in record["targets"]:
            target.pop("direction")
    for indicator in content["indicators"]:
        if not indicator.get("city_wide"):
            indicator.pop("direction")
    return content


def test_seed_read_into_an_empty_ward_equals_the_demo(demo, seed_file):
    expected = without_what_a_person_decides(plan_content(demo))
    Measurement.objects.all().delete()
    demo.delete()
    Indicator.objects.exclude(ward=None).delete()

    run(*load(seed_file))
    plan = YearPlan.objects.get()
    found = plan_content(plan)
    assert {record["section"] for record in found["initiatives"]} == {None}
    assert {row["direction"] for row in found["indicators"] if not row.get("city_wide")} == {""}
    assert without_what_a_person_decides(found) == expected
    assert (plan.status, Measurement.objects.count()) == ("draft", 5)


def test_seed_read_into_the_demo_changes_nothing(demo, seed_file):
    before = snapshot()
    out = run(*load(seed_file))
    assert out.splitlines()[-1] == "見本区 令和2年度の計画は、ファイルと同じです。何も変えていません。"
    assert difference(before, snapshot()) == {}
    assert "HTMLのタグ37個を取り除きました。" in out


def test_content_holds_nothing_but_what_the_seed_says(demo):
    content = content_of(SEED)
    of_demo = plan_content(demo)
    assert [(row["name"], row["unit"]) for row in content["indicators"]] == [
        (row["name"], row["unit"]) for row in of_demo["indicators"]
    ]
    assert [row.get("source") for row in content["indicators"]] == [
        None, "区民アンケート(市民局実施分)", None, None, None
    ]  # fmt: skip
    for record, known in zip(content["initiatives"], of_demo["initiatives"], strict=True):
        assert record.keys() == {"number", "title", "purpose", "overview", "activities", "targets"}
        for target, expected in zip(record["targets"], known["targets"], strict=True):
            expected.pop("direction")
            assert target == expected


def test_every_piece_knows_its_line_and_sheet():
    reading = read_document(SEED, 2020)
    assert [str(reading.place_of(f"initiatives[{index}].title")) for index in range(4)] == [
        "5行目(1枚目)", "20行目(2枚目)", "35行目(3枚目)", "50行目(4枚目)"
    ]  # fmt: skip
    assert str(reading.place_of("initiatives[3].targets[1].value")) == "54行目(4枚目)"
    assert reading.place_of("ward") is None
    assert "○不適切な事務処理事案の件数(公表ベース) 【令和2年度】" in reading.sources[3]
    assert "<p>" not in "".join(reading.sources)


def test_direction_is_left_to_a_person_once_for_each_indicator():
    reading = read_document(SEED, 2020)
    assert {row.field for row in reading.unsure} == {"direction"}
    assert [row.path for row in reading.unsure] == [
        "initiatives[0].targets[0].direction",
        "initiatives[0].targets[1].direction",
        "initiatives[1].targets[0].direction",
        "initiatives[2].targets[0].direction",
        "initiatives[3].targets[0].direction",
    ]


def test_registered_directions_are_not_asked_again(demo):
    reading = read_for(demo.ward, demo.fiscal_year, "plan.txt", SEED)
    assert [row.place for row in reading.unsure] == [
        "initiatives[0].targets[0]",
        "initiatives[1].targets[0]",
        "initiatives[2].targets[0]",
    ]
    assert {row["section"] for row in reading.content["initiatives"]} == {"市民協働課", "総務課"}


def test_printed_legends_are_no_answers():
    form_words = ("達成見込み", "実施見込み", "課題と改善策", "目標達成", "目標未達成")
    texts = [
        record[name]
        for record in content_of(SEED)["initiatives"]
        for name in ("purpose", "overview", "activities")
    ]
    assert not any(words in text for words in form_words for text in texts)


# --- other documents of the family -----------------------------------------------------------------------


def full_width(text):
    """Write digits, colons and round brackets full-width, outside the tags."""
    wide = str.maketrans("0123456789():%", "０１２３４５６７８９（）：％")
    return re.sub(r"[^<>]+(?=<|\Z)|(?<=>)[^<>]+", lambda found: found[0].translate(wide), text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", "\n\n\u3000\n"),
        lambda text: "\ufeff" + text,
        lambda text: re.sub(r"取組項目([0-9])\n\n【", r"取組項目\1【", text),
        lambda text: re.sub(r"取組項目([0-9])\n\n【", r"取組項目\1　【", text),
        lambda text: re.sub("計画\t", "", text).replace("\n\t<p>", "\n<p>"),
        lambda text: re.sub("計画\t", "計画\n\t", text),
        lambda text: text.replace("「令和2年度以降の市政改革計画」に基づく取組等\n", ""),
        lambda text: text.replace("----\t--\t--\n", ""),
        lambda text: text.replace("<p>", "<P>").replace("</p>", "</P>"),
        lambda text: re.sub(r"中間振り返り(?s:.*?)(?=「令和2年度以降|\Z)", "", text),
        lambda text: re.sub("○(?=新た|令和|区政|区役所が|不適)", "・", text),
        lambda text: re.sub("○(?=新た|令和|区政|区役所が|不適)", "◆", text),
        lambda text: text.replace("(目標)", "【目標】").replace("(取組の概要)", "〈取組の概要〉"),
        lambda text: text.replace("(目標)", "\n目標\n"),
    ],
    ids=[
        "crlf", "cr", "blank-lines", "bom", "title-beside", "title-after-blank", "no-row-label",
        "label-alone", "no-form-title", "no-rule", "upper-case-tags", "no-reviews", "dots", "diamonds",
        "other-brackets", "heading-alone",
    ],
)  # fmt: skip
def test_relatives_of_the_seed_say_the_same(change):
    text = change(SEED)
    assert text != SEED
    same_plan(text)


def test_full_width_document_gives_the_same_structure():
    kept = ["key", "scope", "fiscal_year", "kind", "comparator", "value", "change", "baselines"]
    wide = content_of(full_width(SEED))
    plain = content_of(SEED)
    for record, expected in zip(wide["initiatives"], plain["initiatives"], strict=True):
        assert (record["number"], record["title"]) == (expected["number"], expected["title"])
        kept = (
            "key",
            "scope",
            "fiscal_year",
            "kind",
            "comparator",
            "value",
            "change",
            "base_fiscal_year",
            "baselines",
        )
        for target, known in zip(record["targets"], expected["targets"], strict=True):
            assert {key: target.get(key) for key in kept} == {key: known.get(key) for key in kept}
    assert wide["initiatives"][1]["targets"][0]["wording"] == "【令和２年度】８９％"
    assert "（年３回）" in wide["initiatives"][1]["activities"]


def test_blocks_may_stand_in_another_order():
    sheet = """取組項目7
【順序の違う文書】
自己評価\t当年度の取組実績及び目標の達成状況\t課題と改善策
\t①:目標達成 ②:目標未達成\t
中間振り返り\t取組内容の実施見込み\t(i)実施見込み (ii)実施できない見込み
計画
当年度の取組内容
(目標)
○参加者数
【令和2年度】 120人以上
(取組の内容)
・教室を開く。
取組の方針・目標内容
(目標)
○参加者数
【令和4年度】 200人以上
(令和元年度: 100人)
(取組の概要)
・体操教室
(趣旨・目的)
・健康を保つ。
"""
    [record] = content_of(sheet)["initiatives"]
    assert (record["number"], record["title"]) == ("7", "順序の違う文書")
    assert (record["purpose"], record["overview"], record["activities"]) == (
        "・健康を保つ。",
        "・体操教室",
        "・教室を開く。",
    )
    assert [(row["key"], row["value"], row["fiscal_year"]) for row in record["targets"]] == [
        ("p1", "200", 2022),
        ("a1", "120", 2020),
    ]
    assert record["targets"][0]["baselines"] == [{"fiscal_year": 2019, "value": "100"}]
    assert record["targets"][0]["wording"] == "【令和4年度】 200人以上"


HTML = """<!DOCTYPE html>
<html><head><title>取組項目99</title><style>p { color: red }</style></head><body>
<!-- 取組項目98 -->
<h1>見本区 令和2年度 取組項目</h1>
<h2>取組項目<b>1</b> 【人と<span>人</span>】</h2>
<p>担当課: 市民協働課</p>
<table>
<tr><th rowspan="2">計画</th><th>取組の方針・目標内容</th><th>当年度の取組内容</th></tr>
<tr><td><p>(趣旨・目的)</p>
  <ul><li>・R&amp;Dを進める。</li>
  <li>・防災・防犯</li></ul>
  <p>(目標)</p><p>○件数<br>【令和3年度】 8件</p></td>
<td><p>(取組の内容)</p><ul><li>・5 &lt; 6</li></ul><p>(目標)</p><p>○件数【令和2年度】 7件</p></td></tr>
<tr><th>中間振り返り</th><td>目標の達成見込み</td><td>①:達成見込み</td></tr>
</table></body></html>
"""


def test_page_with_a_table_is_read():
    reading = read_document(HTML, 2020)
    [record] = reading.content["initiatives"]
    assert (record["number"], record["title"], record["section"]) == ("1", "人と人", "市民協働課")
    assert record["purpose"] == "・R&Dを進める。\n・防災・防犯"
    assert record["activities"] == "・5 < 6"
    assert [(row["key"], row["wording"]) for row in record["targets"]] == [
        ("p1", "【令和3年度】 8件"),
        ("a1", "【令和2年度】 7件"),
    ]
    assert [line.text for line in reading.heads] == ["見本区 令和2年度 取組項目"]
    assert str(reading.place_of("initiatives[0].targets[1]")) == "13行目(1枚目)"


def test_columns_of_a_table_may_go_on_over_several_rows():
    sheet = (
        "取組項目1【表】\n計画\t取組の方針・目標内容\t当年度の取組内容\n"
        "\t(趣旨・目的) ・目的\t(取組の内容) ・内容1\n\t\t・内容2\n"
        "\t(目標) ○件数【令和4年度】9件\t(目標) ○件数【令和2年度】8件\n"
    )
    [record] = content_of(sheet)["initiatives"]
    assert (record["purpose"], record["activities"]) == ("・目的", "・内容1\n・内容2")
    assert [(row["key"], row["value"]) for row in record["targets"]] == [("p1", "9"), ("a1", "8")]


def test_words_of_another_edition_are_followed(db):
    edition = FormEdition.objects.create(
        code="x", title="別の様式", first_fiscal_year=2020,
        labels={"item": "具体的取組", "plan.purpose": "(ねらい)", "plan.targets": "(指標)"},
    )  # fmt: skip
    lines = ["別の様式", "具体的取組1-2 【名】", "(ねらい)", "・つながる。"]
    lines += ["(取組の内容)", "・開く。", "(指標)", "○件数【令和2年度】8件"]
    [record] = read_document("\n".join(lines), 2020, read_form(edition)).content["initiatives"]
    assert (record["number"], record["purpose"]) == ("1-2", "・つながる。")
    assert record["targets"][0]["value"] == "8"


# --- what is uncertain is named, not guessed -------------------------------------------------------------


def doubts(text, year=2020):
    return {(row.path, row.sentence) for row in read_document(text, year).unsure if row.field != "direction"}


def sheet(*lines, head="取組項目1【名】"):
    return "\n".join([head, *lines])


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (
            sheet(head="取組項目1 名のみの題"),
            "initiatives[0].title",
            "【】のない「名のみの題」を題名と読みました",
        ),
        (sheet("(目標)", "○件数【令和2年度】8件"), "initiatives[0].targets[0].scope", "欄を選んでください"),
        (
            sheet("(趣旨・目的)", "・つながりを", "つくる。"),
            "initiatives[0].purpose",
            "「つくる。」の前で文が改行されています",
        ),
        (
            sheet("(取組の内容)", "(目標)", "○意見交換が行われていると", "感じる割合【令和2年度】8%以上"),
            "initiatives[0].targets[0].wording",
            "改行された行をつなぎました",
        ),
        (
            sheet("取組の方針・目標内容", "・本文"),
            "initiatives[0]",
            "3行目の「・本文」は取り込みませんでした",
        ),
        (sheet("(取組の内容)", "・開く。"), "initiatives[0]", "目標が見当たりません"),
        (
            sheet("(取組の内容)", "(目標)", "○件数 8件以上"),
            "initiatives[0].targets[0].fiscal_year",
            "年度を確かめてください",
        ),
        (
            sheet("(取組の内容)", "(目標)", "○件数【令和2年度】8件以上", "○人数【令和3年度】9人以上"),
            "initiatives[0].targets[1].fiscal_year",
            "令和3年度と書かれています",
        ),
    ],
)
def test_uncertain_piece_is_marked(text, path, words):
    assert [sentence for place, sentence in doubts(text) if place == path and words in sentence], doubts(text)


def test_second_target_for_one_indicator_and_year_is_asked_about():
    twice = (
        "(取組の内容)\n・開く。\n(目標)\n○件数【令和2年度】8件\n○件数【令和2年度】9件\n○件数【令和3年度】9件"
    )
    assert doubts(sheet(*twice.split("\n"))) == {
        (
            "initiatives[0].targets[1].indicator",
            "目標a1と同じ指標、同じ年度の目標です。二重に読み取っていないか確かめてください。",
        ),
        (
            "initiatives[0].targets[2].fiscal_year",
            "当年度の目標ですが、令和3年度と書かれています。年度を確かめてください。",
        ),
    }


def test_scope_that_is_not_known_stays_empty():
    [record] = read_document(sheet("(目標)", "○件数【令和2年度】8件"), 2020).content["initiatives"]
    assert (record["targets"][0]["scope"], record["targets"][0]["key"]) == ("", "t1")


def test_answers_in_the_reviews_are_named_and_left_out(demo):
    text = SEED.replace(
        "①:達成見込み ②:達成できない見込み\t", "①:達成見込み ②:達成できない見込み\t参加が少ない。", 1
    )
    reading = read_document(text, 2020, read_form(demo.edition))
    sentence = (
        "取組項目1で、計画の欄の外(振り返りや評価など)に書かれた1行は取り込みませんでした。"
        "(はじめの行: 13行目の「参加が少ない。」)"
    )
    assert sentence in reading.notes
    assert not [row for row in reading.unsure if not row.field]
    assert "参加が少ない" not in str(reading.content)
    assert not [note for note in read_document(SEED, 2020, read_form(demo.edition)).notes if "評価" in note]


# --- bad input: refused whole, the place named, nothing stored -------------------------------------------

RUN_TOGETHER = "29 年度 3030 年度 30年度 3030.5達成"


def put_in(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


SHARE_3 = (
    "○区役所が、様々な機会を通じて区民の意見やニーズを把握していると感じる区民の割合 【令和2年度】42%</p>"
)
BAD = {
    "run together": (
        put_in(SHARE_3, f"○区民の割合 {RUN_TOGETHER}</p>"),
        ["40行目(3枚目): ", f"(読み取った文: 「○区民の割合 {RUN_TOGETHER}」)"],
    ),
    "run together in a text": (
        put_in("・区政会議を開催する(年3回)。", f"・{RUN_TOGETHER}"),
        ["25行目(2枚目)の取組の内容: ", RUN_TOGETHER],
    ),
    "number twice": (
        put_in("取組項目2", "取組項目1"),
        ["20行目(2枚目)の番号: 取組項目1: 番号「1」が2回あります。"],
    ),
    "no number": (
        put_in("取組項目2", "取組項目"),
        ["20行目(2枚目)の番号: 番号の分からない取組項目: 記入してください。"],
    ),
    "no title": (
        put_in("【区政会議の開催】", ""),
        ["20行目(2枚目)の取組項目名: 取組項目2: 記入してください。"],
    ),
    "unknown section": (
        put_in("【区政会議の開催】", "【区政会議の開催】\n担当課: 広報課"),
        ["20行目(2枚目)の担当課: 取組項目2: 担当課「広報課」はこの区にありません(登録済み: 市民協働課、"],
    ),
    "era year 0": (
        put_in("【令和2年度】89%", "【令和0年度】89%"),
        ["25行目(2枚目): ", "令和0年はありません"],
    ),
    "year out of range": (
        put_in("【令和2年度】89%", "【令和99年度】89%"),
        ["25行目(2枚目): ", "2099年度まで"],
    ),
    "other year": (
        lambda text: "見本区 令和3年度\n" + text,
        ["1行目: 令和3年度の文書です。令和2年度の計画には取り込めません。"],
    ),
    "other ward": (
        lambda text: "阿倍野区 令和2年度\n" + text,
        ["1行目: 阿倍野区の文書です。見本区の計画には取り込めません。"],
    ),
    "unknown tag": (
        put_in("・区政会議を開催する", "<blink>・区政会議を開催する"),
        ["20行目(2枚目)の取組の内容: 取組項目2: HTMLタグ「<blink>」が含まれています。"],
    ),
    "no sheet": (
        lambda text: "令和2年度の予定\n4月 会議",
        ["1行目: ", "(読み取った文: 「令和2年度の予定」)"],
    ),
    "nothing but run together": (lambda text: RUN_TOGETHER, ["1行目: ", RUN_TOGETHER]),
    "empty": (lambda text: "", ["ファイルに何も書かれていません。"]),
    "blank": (lambda text: "\n\u3000\ufeff\n", ["ファイルに何も書かれていません。"]),
    "NUL": (put_in("・区政会議を開催する", "・区政\x00会議"), ["25行目: 壊れた文字が含まれている"]),
    "10,000 targets": (
        put_in(SHARE_3, SHARE_3.replace("</p>", " ○件数【令和2年度】8件" * 10_000 + "</p>")),
        ["35行目(3枚目)", "目標が10,00", "1つの取組項目に40件まで"],
    ),
    "two at once": (
        lambda text: text.replace("取組項目2", "取組項目1").replace("【効果的・効率的な行財政運営】", ""),
        ["2か所を直してください。", "番号「1」が2回", "50行目(4枚目)の取組項目名: 取組項目4: 記入"],
    ),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["load", "dry-run"])
def test_bad_document_is_refused_whole(demo, seed_file, fault, more):
    change, words = BAD[fault]
    seed_file.write_text(change(SEED))
    text = refused(*load(seed_file, *more))
    for expected in words:
        assert expected in text


def test_document_of_another_years_targets_is_refused(demo, seed_file):
    text = refused("load_plan", str(seed_file), "--ward", "mihon", "--year", "2021")
    assert "当年度の目標が令和2年度のものです。令和3年度の計画には取り込めません。" in text
    assert text.splitlines()[1].startswith("10行目(1枚目): ")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plan.txt", SEED.encode("cp932", "replace"), "文字コードがUTF-8ではありません"),
        ("plan.txt", SEED.encode("utf-16"), "文字コードがUTF-8ではありません"),
        ("plan.xlsx", b"PK\x03\x04", "ファイルが壊れていて読み取れません"),
        ("plan.xlsx", b"", "ファイルに何も書かれていません"),
        ("plan.xlsx", b"number,title", "名前はExcelですが、Excelのファイルではありません"),
        ("plan.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "古い形式(.xls)のファイルです"),
        ("plan.pdf", b"%PDF-1.7", "PDFは読み取れません"),
    ],
)
def test_file_of_another_kind_is_refused(demo, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    assert words in refused(*load(path))


def test_document_with_bom_is_read(demo, seed_file):
    seed_file.write_bytes(b"\xef\xbb\xbf" + SEED.replace("(年3回)。", "(年4回)。").encode())
    run(*load(seed_file))
    assert "(年4回)" in Initiative.objects.get(number="2").activities


PIECES = [
    "取組項目", "1", "２", "【", "】", "\n", "\t", "計画", "取組の方針・目標内容", "当年度の取組内容",
    "(趣旨・目的)", "(取組の内容)", "（目標）", "○", "・", "令和2年度", "【令和0年度】", "8件",
    "(平成30年度: 7%)", "<p>", "</td>", "<tr>", "<!--", "<script>", "&lt;", "&#0;", "中間振り返り",
    "自己評価", "担当課:総務課", "29 年度 30年度", " ", "。", "に基づく取組等",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=60).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        reading = read_document("取組項目1【名】\n" + text, 2020)
    except PlanErrors as errors:
        assert errors.problems
        return
    for row in [*reading.unsure, *reading.problems]:
        assert reading.place_of(row.place), row
    for record in reading.content["initiatives"]:
        assert not re.search("</?(p|tr|td)>", record["purpose"] + record["activities"]) or "&" in text


def test_large_odd_text_takes_no_long_time():
    start = time.perf_counter()
    for text in ("<" * 300_000, "<!--" * 100_000, "<p " * 100_000, "・" * 300_000, "(目標)" * 50_000):
        read_document("取組項目1【名】\n(取組の内容)\n" + text, 2020)
    assert time.perf_counter() - start < 10


# --- confirmed plans -------------------------------------------------------------------------------------


@pytest.fixture
def confirmed(clock, db):
    run("load_demo")
    return YearPlan.objects.get()


def test_seed_equals_the_confirmed_demo(confirmed, seed_file):
    before = snapshot()
    assert run(*load(seed_file)).endswith("何も変えていません。\n")
    assert difference(before, snapshot()) == {}


def test_confirmed_plan_is_changed_only_with_a_reason(confirmed, seed_file):
    seed_file.write_text(SEED.replace("(年3回)。", "(年4回)。"))
    text = refused(*load(seed_file))
    assert "確定しているため、読み込みません。違うところは次のとおりです。" in text
    assert "取組項目2「区政会議の開催」の取組の内容: " in text
    assert refused(*load(seed_file, "--reason", "回数の変更")).startswith("計画の変更は履歴に残ります。")
    assert refused(*load(seed_file, "--reason", "回数の変更", "--by", "staff")) == (
        "この操作は、取りまとめ担当が行います。"
    )
    out = run(*load(seed_file, "--reason", "回数の変更", "--by", "admin"))
    assert out.endswith("見本区 令和2年度の計画を変更しました(1か所)。\n")
    event = Event.objects.latest("pk")
    assert (event.verb, event.reason, event.by.username) == ("new_version", "回数の変更", "admin")
    assert "(年4回)" in Initiative.objects.get(number="2").activities
    before = snapshot()
    run(*load(seed_file, "--reason", "回数の変更", "--by", "admin"))
    assert difference(before, snapshot()) == {}


def test_dry_run_with_a_reason_tells_and_stores_nothing(confirmed, seed_file):
    seed_file.write_text(SEED.replace("(年3回)。", "(年4回)。"))
    before = snapshot()
    out = run(*load(seed_file, "--dry-run", "--reason", "回数の変更", "--by", "admin"))
    assert out.endswith("1か所が変わります。まだ何も変えていません。\n")
    assert difference(before, snapshot()) == {}


def test_other_wards_are_left_alone(demo, seed_file):
    ward = Ward.objects.get(slug="abeno")
    before = plan_content(demo)
    run("load_plan", str(seed_file), "--ward", "abeno", "--year", "R2")
    assert plan_content(YearPlan.objects.get(ward__slug="mihon")) == before
    figures = Measurement.objects.filter(ward=ward)
    assert sorted(figures.values_list("value", flat=True)) == [7, 8, Decimal("38.6"), Decimal("40.2"), 88]
