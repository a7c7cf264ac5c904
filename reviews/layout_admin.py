"""The edition's page in the admin, with its Excel layout: fetched, loaded, looked at, confirmed."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from initiatives.admin import FormEditionAdmin
from initiatives.form import read_form
from initiatives.models import FormEdition
from initiatives.permissions import can_set_layout
from initiatives.xlsx.gate import NotOurs

from . import layouts
from .workbook.layout_file import NotALayout
from .workbook.trial import picture, trial_workbook
from .workbook.writer import XLSX

admin.site.unregister(FormEdition)


@admin.register(FormEdition)
class EditionWithLayoutAdmin(FormEditionAdmin):
    change_form_template = "admin/initiatives/formedition/change_form.html"

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/layout/", view(self.layout_view), name="initiatives_formedition_layout"),
            path(
                "<path:object_id>/layout/file/",
                view(self.layout_file_view),
                name="initiatives_formedition_layout_file",
            ),
            *super().get_urls(),
        ]

    def edition_for_layout(self, request, object_id):
        edition = self.get_object(request, unquote(object_id))
        if edition is None:
            raise Http404
        if not can_set_layout(request.user):
            raise PermissionDenied("様式のレイアウトを変えられるのは、システム管理者です。")
        return edition

    def layout_file_view(self, request, object_id):
        edition = self.edition_for_layout(request, object_id)
        kept = request.GET.get("kept", "")
        if kept:
            layout = edition.layouts.filter(pk=kept).first() if kept.isdecimal() else None
            if layout is None or not layout.digest:
                raise Http404
            return workbook(bytes(layout.content), f"layout-{edition.code}-{layout.pk}.xlsx")
        return workbook(layouts.file_of(edition), f"layout-{edition.code}.xlsx")

    def layout_view(self, request, object_id):
        edition = self.edition_for_layout(request, object_id)
        if request.method != "POST":
            return self.layout_page(request, edition)
        if "reset" in request.POST:
            layouts.set_layout(edition, b"", by=request.user, at=timezone.now())
            self.log_change(request, edition, "レイアウトを標準に戻しました。")
            self.message_user(request, "標準のレイアウトに戻しました。", messages.SUCCESS)
            return redirect("admin:initiatives_formedition_layout", edition.pk)
        try:
            content, name = self.given(request, edition)
            layout = layouts.check(edition, content)
        except BadSignature:
            return self.layout_page(
                request, edition, ["確認の画面が古くなりました。ファイルを選び直してください。"]
            )
        except NotALayout as refused:
            return self.layout_page(request, edition, refused.problems)
        except NotOurs as refused:
            return self.layout_page(request, edition, [refused.sentence])
        if "confirm" in request.POST:
            layouts.set_layout(edition, content, by=request.user, at=timezone.now(), file_name=name)
            self.log_change(request, edition, f"レイアウトを変えました: {name}")
            sentence = "レイアウトを変えました。これから書き出すシートは、この形になります。"
            self.message_user(request, sentence, messages.SUCCESS)
            return redirect("admin:initiatives_formedition_layout", edition.pk)
        form = read_form(edition)
        if "trial" in request.POST:
            return workbook(trial_workbook(form, layout, timezone.now()), f"trial-{edition.code}.xlsx")
        carried = layouts.pack(edition, content, name, request.user)
        return self.layout_page(request, edition, trial=picture(form, layout), carried=carried, name=name)

    def given(self, request, edition):
        """Take the file that was chosen now, or the one that the page carried along."""
        if "carried" in request.POST:
            return layouts.unpack(request.POST["carried"], edition, request.user)
        file = request.FILES.get("file")
        if file is None:
            raise NotALayout(["ファイルを選んでください。"])
        return file.read(layouts.LARGEST + 1), file.name or ""

    def layout_page(self, request, edition, problems=(), **more):
        now = layouts.newest(edition)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": edition,
            "title": "Excelのレイアウト",
            "subtitle": str(edition),
            "now": now,
            "misfit": misfit(edition, now),
            "earlier": edition.layouts.select_related("by").exclude(digest="")[:20],
            "problems": problems,
            **more,
        }
        return TemplateResponse(request, "admin/initiatives/formedition/layout.html", context)


def misfit(edition, layout):
    """Say why the kept layout is not used: questions may have changed since."""
    if layout is None:
        return ()
    try:
        layouts.check(edition, bytes(layout.content))
    except NotALayout as refused:
        return refused.problems
    except NotOurs as refused:
        return (refused.sentence,)
    return ()


def workbook(content, name):
    return HttpResponse(
        content, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
