"""The same sheet written by openpyxl, cell by cell: slow, and right beyond doubt."""

import io
from copy import copy

from openpyxl import Workbook, load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Border, Side
from openpyxl.utils import get_column_letter

from initiatives.xlsx.characters import escape
from reviews.workbook.contents import CHOSEN, UNCHOSEN, contents_of, labelled
from reviews.workbook.pages import arrange

MEDIUM = Side("medium")


def write_plainly(sheet, layout):
    """Write one sheet in a layout; the texts must fit their cells."""
    layout = layout.for_targets([line.key for line in sheet.annual_targets])
    contents = contents_of(sheet)
    pages = arrange(layout, contents)
    book = Workbook()
    book._fonts[0] = layout.looks._fonts[0]
    page = book.active
    rows = {}
    for number, row in enumerate(pages.rows, 1):
        page.row_dimensions[number].height = row.height
        rows.setdefault((row.block, row.row), []).append(number)
    for column, pixels in enumerate(layout.columns, 1):
        page.column_dimensions[get_column_letter(column)].width = pixels / 7
    for index, block in enumerate((layout.head, *layout.blocks), -1):
        for place in block.places:
            put(
                page,
                layout,
                place,
                [rows[index, row] for row in range(place.row, place.end)],
                contents,
                pages,
            )
    saved = io.BytesIO()
    book.save(saved)
    return load_workbook(io.BytesIO(saved.getvalue()), rich_text=True).active


def put(page, layout, place, rows, contents, pages):
    content = contents.get(place.slot)
    chosen = content is not None and content.chosen
    top, bottom = rows[0][0], rows[-1][-1]
    left, right = place.column + 1, place.column + place.columns
    for offset, numbers in enumerate(rows):
        for number in numbers:
            for column in range(left, right + 1):
                face = place.faces[offset * place.columns + column - left]
                look = layout.looks._cell_styles[face]
                dress(page.cell(number, column), layout.looks, look, numbers, number, chosen)
    words = words_of(place, content, chosen)
    cuts = [row for row in pages.breaks if top <= row < bottom] if not place.slot and place.text else []
    for first, last in zip([top, *(row + 1 for row in cuts)], [*cuts, bottom], strict=True):
        cell = page.cell(first, left)
        if words:
            cell.value = words
            cell.data_type = "s"
            if place.is_long and str(words)[0] in "=+-@'\t":
                cell._style.quotePrefix = 1
        if (first, left) != (last, right):
            page.merged_cells.add(f"{get_column_letter(left)}{first}:{get_column_letter(right)}{last}")


def dress(cell, book, look, numbers, number, chosen):
    cell.font = copy(book._fonts[look.fontId])
    cell.fill = copy(book._fills[look.fillId])
    cell.alignment = copy(book._alignments[look.alignmentId])
    cell.protection = copy(book._protections[look.protectionId])
    cell.number_format = "@" if look.numFmtId else "General"
    border = copy(book._borders[look.borderId])
    if number != numbers[0]:
        border.top = Side()
    if number != numbers[-1]:
        border.bottom = Side()
    if chosen:
        font = copy(cell.font)
        font.b = True
        cell.font = font
        border = Border(top=MEDIUM, right=MEDIUM, bottom=MEDIUM, left=MEDIUM)
    cell.border = border


def words_of(place, content, chosen):
    if place.is_legend:
        return escape((CHOSEN if chosen else UNCHOSEN) + place.text)
    if not place.slot:
        return rich(place.rich) if place.rich else escape(place.text)
    text = content.text if content else ""
    if place.slot.endswith("__label"):
        return escape(labelled(place.text, text))
    if content and any(run.bold for run in content.runs):
        font = place.type
        fonts = {
            bold: InlineFont(
                rFont=name_in(place.run), b=bold or None, sz=font.size, color=colour_in(place.run)
            )
            for bold in (True, False)
        }
        return CellRichText(*(TextBlock(fonts[run.bold], escape(run.text)) for run in content.runs))
    return escape(text)


def rich(xml):
    from openpyxl.xml.functions import fromstring

    return CellRichText.from_tree(fromstring(xml))


def name_in(run):
    return run.partition('val="')[2].partition('"')[0]


def colour_in(run):
    return run.partition('rgb="')[2].partition('"')[0] or None
