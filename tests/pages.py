"""Forms sent and pages read as a browser does it, for tests over HTTP.

page = Page(send(client, "/mihon/2020/1/midyear/", version=0, outlook=2, issues="…"))
page.typed["issues"], page.errors["issues"], page.summary, page.notices
"""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client

FORM = "application/x-www-form-urlencoded"


def send(client: Client, address: str, headers: dict[str, str] | None = None, **fields: Any) -> HttpResponse:
    """Send a form: URL-encoded, every newline as CRLF; a list is a field that stands in the form twice."""
    pairs = [
        (name, re.sub("\r\n|\r|\n", "\r\n", str(one)))
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return client.post(address, urlencode(pairs), content_type=FORM, headers=headers)


class Page(HTMLParser):
    """What a person sees of a page, and what its forms would send.

    `typed` maps the inputs of the page's main form (`save-form`) to their values, chosen radios only;
    `forms` does so for every form, by its address. `errors` maps an input to the sentences beside it,
    `summary` lists (input, sentence) of the error summary, `notices` are the texts of all notices.
    """

    def __init__(self, response: HttpResponse, status: int = 200) -> None:
        super().__init__()
        assert response.status_code == status, (response.status_code, response.get("Location"))
        # As every HTML parser reads it.
        self.html = response.content.decode().replace("\r\n", "\n").replace("\r", "\n")
        self.forms: dict[str, dict[str, str]] = {}
        self.main = ""
        self.summary: list[tuple[str, str]] = []
        self.errors: dict[str, list[str]] = {}
        self.notices: list[str] = []
        self.text = ""
        self._form: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str | None], int]] = []
        self.feed(self.html)

    @property
    def typed(self) -> dict[str, str]:
        return self.forms[self.main]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        if tag == "form":
            self._form = self.forms.setdefault(own.get("action") or "", {})
            if own.get("class") == "save-form":
                self.main = own.get("action") or ""
        elif tag == "input":
            if own.get("type") != "radio" or "checked" in own:
                self._form[own.get("name") or ""] = own.get("value") or ""
        elif tag not in ("meta", "link", "img", "br", "col", "use", "path"):
            self._open.append((tag, own, len(self.text)))

    def handle_data(self, text: str) -> None:
        self.text += text

    def handle_endtag(self, tag: str) -> None:
        if tag not in [name for name, _, _ in self._open]:
            return
        while True:
            name, own, start = self._open.pop()
            self._close(name, own, self.text[start:])
            if name == tag:
                return

    def _close(self, tag: str, own: dict[str, str | None], text: str) -> None:
        classes = (own.get("class") or "").split()
        inside = [(more.get("class") or "").split() for _, more, _ in self._open]
        if tag == "textarea":
            self._form[own.get("name") or ""] = text.removeprefix("\n")
        elif tag == "a" and any("error-summary" in classes for classes in inside):
            self.summary.append(((own.get("href") or "").removeprefix("#id_"), text.strip()))
        elif "field-error" in classes:
            self.errors.setdefault((own.get("id") or "")[3:].removesuffix("_error"), []).append(text.strip())
        elif "notice" in classes:
            self.notices.append(" ".join(text.split()))
