"""The Excel layout of an edition: looked at in a trial sheet first, then kept; the newest one counts."""

from __future__ import annotations

import base64
import datetime
import hashlib

from django.core import signing
from django.db import transaction

from initiatives.form import read_form
from initiatives.models import FormEdition, FormLayout
from initiatives.permissions import can_set_layout
from initiatives.refusals import NotAllowed
from wardplan.accounts.models import User

from .workbook.drawing import layout_file
from .workbook.layout import Layout
from .workbook.layout_file import NotALayout, read_layout

LARGEST = 500 * 1024
"""Of a layout file: what is in the page until it is confirmed. A form's has about 15 KB."""
SALT = "reviews.layouts"


def newest(edition: FormEdition) -> FormLayout | None:
    """Give the edition's own layout; None when the one drawn from its questions counts."""
    layout = edition.layouts.select_related("by").first()
    return layout if layout and layout.digest else None


def file_of(edition: FormEdition) -> bytes:
    """Give the file of the layout that counts, to be changed in Excel."""
    layout = newest(edition)
    return bytes(layout.content) if layout else layout_file(read_form(edition))


def check(edition: FormEdition, content: bytes) -> Layout:
    """Read a layout for an edition. Raises NotALayout or NotOurs with all that is wrong."""
    if len(content) > LARGEST:
        raise NotALayout(
            [f"ファイルが大きすぎます。{LARGEST // 1024}KBまでです。様式のシートだけにしてください。"]
        )
    return read_layout(content, read_form(edition))


def set_layout(
    edition: FormEdition, content: bytes, *, by: User, at: datetime.datetime, file_name: str = ""
) -> FormLayout:
    """Let a layout count from now on; without content, the one drawn from the questions.

    Also for an edition that plans use: the layout changes what sheets look like, not what they say, and a
    file written before is read back by its names. Raises NotAllowed, NotALayout or NotOurs.
    """
    if not can_set_layout(by):
        raise NotAllowed("様式のレイアウトを変えられるのは、システム管理者です。")
    if content:
        check(edition, content)
    with transaction.atomic():
        edition.renew()
        return FormLayout.objects.create(
            edition=edition,
            content=content,
            digest=hashlib.sha256(content).hexdigest() if content else "",
            file_name=file_name[:200],
            by=by,
            at=at,
        )


def pack(edition: FormEdition, content: bytes, name: str, by: User) -> str:
    """Sign a file that was looked at, so that it can wait in the page: nothing is kept until confirmed."""
    file = base64.b64encode(content).decode()
    return signing.dumps({"for": [by.pk, edition.pk], "name": name, "file": file}, salt=SALT)


def unpack(packed: str, edition: FormEdition, by: User) -> tuple[bytes, str]:
    """Read again what `pack` signed. Raises BadSignature for another person's, edition's or day's."""
    said = signing.loads(packed, salt=SALT, max_age=datetime.timedelta(days=1))
    if said["for"] != [by.pk, edition.pk]:
        raise signing.BadSignature("signed for another person or edition")
    return base64.b64decode(said["file"]), said["name"]
