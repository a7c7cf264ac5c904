import io
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from initiatives.xlsx.gate import LARGEST_FILE, MOST_ROWS, MOST_SHEETS, MOST_UNPACKED, NotOurs, open_package
from reviews.workbook.reader import read_workbook
from reviews.workbook.writer import write_sheet
from tests.reviews.workbook.returned import changed, patched, rezipped
from tests.reviews.workbook.samples import ANSWERS, AT, make_sheet

DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def ours():
    return write_sheet(make_sheet(ANSWERS), at=AT)


def with_parts(content, **parts):
    """Add or replace parts; __ in a name stands for a slash."""

    def change(found):
        found.update({name.replace("__", "/").replace("_DOT_", "."): part for name, part in parts.items()})

    return rezipped(content, change)


def zipped(**parts):
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), part)
    return saved.getvalue()


def refusal(content):
    with pytest.raises(NotOurs) as refused:
        read_workbook(content)
    sentence = refused.value.sentence
    assert sentence.endswith("。") and sentence.count("。") >= 2, "says what it is and what to do"
    return sentence


def test_our_own_file_passes(ours):
    assert open_package(ours).workbook == "xl/workbook.xml"


# ---- other kinds of files -------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
OTHER_KINDS = {
    "empty": (b"", "何も入っていません"),
    "xls": (OLE, "古い形式(.xls)"),
    "encrypted": (OLE + "EncryptedPackage".encode("utf-16-le"), "パスワードを外し"),
    "csv": ("番号,課題\r\n1,文\r\n".encode("cp932"), "CSVなど"),
    "csv with BOM": ("番号,課題\r\n".encode("utf-8-sig"), "CSVなど"),
    "html called xls": (b"<html><table></table></html>", "CSVなど"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "Excelのファイル(.xlsx)ではありません"),
    "cut off": (b"PK\x03\x04" + bytes(30), "壊れて"),
    "zip": (zipped(a_DOT_txt="text"), "中身がExcelのファイルではありません"),
    "zip without a workbook": (zipped(**{"[Content_Types]_DOT_xml": "<Types/>"}), "別の種類"),
    "no forms in it": (None, "取組項目のシートではありません"),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_of_files_are_named(kind):
    content, words = OTHER_KINDS[kind]
    if content is None:
        saved = io.BytesIO()
        Workbook().save(saved)
        content = saved.getvalue()
    assert words in refusal(content)


def test_word_document_called_xlsx_is_named():
    kinds = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
        'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.document.main+xml"/></Types>'
    )
    document = zipped(**{"[Content_Types]_DOT_xml": kinds, "word__document_DOT_xml": "<w/>"})
    assert refusal(document).startswith("中身がWordやPowerPointのファイルです。")


def test_ten_megabytes_pass_and_one_byte_more_does_not(ours):
    room = LARGEST_FILE - len(ours)
    with io.BytesIO() as saved:
        with zipfile.ZipFile(io.BytesIO(ours)) as archive, zipfile.ZipFile(saved, "w") as bigger:
            for entry in archive.infolist():
                bigger.writestr(entry, archive.read(entry), zipfile.ZIP_DEFLATED)
            bigger.writestr("xl/media/photo.jpeg", b"\0" * (room - 400))
        just = saved.getvalue()
    assert len(just) <= LARGEST_FILE
    open_package(just)
    assert "10MBまで" in refusal(just + b"\0" * (LARGEST_FILE + 1 - len(just)))


# ---- macros, links --------------------------------------------------------------------------------------


def test_macros_are_refused(ours):
    assert "マクロ" in refusal(with_parts(ours, xl__vbaProject_DOT_bin=b"macro"))
    kind = r"application/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet\.main\+xml"
    macro = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    assert "マクロ" in refusal(patched(ours, "[Content_Types].xml", kind, macro))


def test_links_to_other_files_are_refused(ours):
    words = "ほかのファイルへのリンク"
    assert words in refusal(with_parts(ours, xl__externalLinks__externalLink1_DOT_xml=b"<externalLink/>"))
    relation = (
        '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        '{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    )
    part = "xl/_rels/workbook.xml.rels"
    linked = relation.format(kind="externalLinkPath", target="file:///C:/a.xlsx")
    assert words in refusal(patched(ours, part, "</Relationships>", linked))
    # An address that Excel made clickable fetches nothing.
    clickable = relation.format(kind="hyperlink", target="https://example.jp/")
    read_workbook(patched(ours, part, "</Relationships>", clickable))


# ---- document types and bombs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        "xl/workbook.xml",
        "xl/styles.xml",
        "xl/theme/theme1.xml",
        "xl/_rels/workbook.xml.rels",
        "docProps/core.xml",
        "[Content_Types].xml",
        SHEET,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_every_part_and_encoding(ours, part, encoding):
    def declare(parts):
        text = parts[part].decode()
        start = text.index("?>") + 2 if text.startswith("<?xml") else 0
        parts[part] = f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}{text[start:]}'.encode(encoding)

    assert "DTD" in refusal(rezipped(ours, declare))


def test_shared_strings_with_entities_are_refused(ours):
    strings = f'<?xml version="1.0"?>{DOCTYPE}<sst><si><t>&b;</t></si></sst>'
    assert "DTD" in refusal(with_parts(ours, xl__sharedStrings_DOT_xml=strings.encode()))


def test_broken_xml_is_refused(ours):
    assert "壊れて" in refusal(patched(ours, SHEET, "</sheetData>", "</sheetdata>"))
    assert "壊れて" in refusal(with_parts(ours, xl__styles_DOT_xml=b"\xff\xfe\x00"))


def test_bombs_are_refused_before_they_are_unpacked(ours):
    zeros = b" " * (MOST_UNPACKED + 1)
    assert "大きすぎる" in refusal(with_parts(ours, xl__media__a_DOT_bin=zeros))
    assert "大きすぎる" in refusal(with_parts(ours, xl__media__a_DOT_bin=b" " * 2_000_000))  # 1,000 times
    many = {f"xl__media__{number}_DOT_bin": b"" for number in range(1001)}
    assert "大きすぎる" in refusal(with_parts(ours, **many))


def test_part_that_lies_about_its_size_is_refused(ours):
    content = bytearray(with_parts(ours, xl__calcChain_DOT_xml=b"<a>" + b" " * 5000 + b"</a>"))
    directory = content.rindex(b"xl/calcChain.xml") - 46
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    assert "壊れて" in refusal(bytes(content))


@pytest.mark.parametrize("rows", [MOST_ROWS + 1, 10_000])
def test_sheet_with_too_many_rows_is_refused(ours, rows):
    added = "".join(f'<row r="{number}"><c r="A{number}"/></row>' for number in range(1_000, 1_000 + rows))
    sentence = refusal(patched(ours, SHEET, "</sheetData>", f"{added}</sheetData>"))
    assert f"{MOST_ROWS:,}行まで" in sentence


def test_workbook_with_too_many_sheets_is_refused(ours):
    content = changed(ours, lambda book: [book.create_sheet(str(number)) for number in range(MOST_SHEETS)])
    assert f"{MOST_SHEETS}枚まで" in refusal(content)


def test_entry_names_that_repeat_and_passwords_on_entries_are_refused(ours):
    saved = io.BytesIO(ours)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    assert "壊れて" in refusal(saved.getvalue())
    content = bytearray(ours)
    content[ours.index(b"PK\x01\x02") + 8] |= 1
    assert "パスワード" in refusal(bytes(content))


# ---- memory ---------------------------------------------------------------------------------------------

HEAVY = {
    "spaces": "b'<a>' + b' ' * 23_000_000 + b'</a>'",
    "strings": "b'<sst>' + b'<si><t>a</t></si>' * 1_300_000 + b'</sst>'",
    "long string": "b'<sst><si><t>' + '\\u3042'.encode() * 7_500_000 + b'</t></si></sst>'",
    "wide string": "b'<sst><si><t>' + '\\U0001f600'.encode() * 5_800_000 + b'</t></si></sst>'",
    "attributes": "b'<sst a=\"' + b'x' * 23_000_000 + b'\"></sst>'",
    "deep": "b'<a>' * 3_200_000 + b'</a>' * 3_200_000",
    "names": "b''.join(b'<x%d/>' % i for i in range(2_000_000))",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells a program's memory on Linux only")
@pytest.mark.parametrize("kind", HEAVY)
def test_memory_stays_under_200_megabytes_whatever_is_uploaded(tmp_path, ours, kind):
    (tmp_path / "ours.xlsx").write_bytes(ours)
    made = textwrap.dedent(f"""
        import zipfile
        part = {HEAVY[kind]}
        with zipfile.ZipFile("ours.xlsx") as old, zipfile.ZipFile("heavy.xlsx", "w") as new:
            for name in old.namelist():
                text = old.read(name)
                if name.endswith("workbook.xml.rels"):
                    text = text.replace(b"</Relationships>", b'<Relationship Id="s" Type="x/sharedStrings"'
                                        b' Target="/xl/sharedStrings.xml"/></Relationships>')
                new.writestr(name, text, 8)
            new.writestr("xl/sharedStrings.xml", part, 8)
    """)
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True)
    read = textwrap.dedent("""
        import os, re, sys
        os.environ["DJANGO_SETTINGS_MODULE"] = "wardplan.settings"
        sys.path.insert(0, sys.argv[1])
        import django
        django.setup()
        import wardplan.urls
        from initiatives.xlsx import gate
        from reviews.workbook.reader import read_workbook
        gate.MOST_TIMES = 10_000  # noise passes that test; what is measured here is what unpacking takes
        try:
            read_workbook(open("heavy.xlsx", "rb").read())
        except gate.NotOurs:
            pass
        # Of this program alone: ru_maxrss also counts the one that started it.
        print(re.search("VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])
    """)
    root = str(Path(__file__).parents[3])
    told = subprocess.run(
        [sys.executable, "-c", read, root], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert int(told.stdout) // 1024 < 200
