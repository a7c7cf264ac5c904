"""Django's loaddata validates nothing: here every record is checked, and a fault loads nothing at all."""

import json
import os
from contextlib import suppress

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.core.management.commands import loaddata
from django.core.serializers import base
from django.core.serializers.python import Deserializer
from django.db import DatabaseError, models, transaction

from initiatives.models import Baseline, Indicator, Initiative, PlanPhase, Target, YearPlan
from initiatives.plan_file import PlanErrors
from initiatives.plan_file.forms import HTML_TAG
from initiatives.plan_file.reading import decode
from wardplan.text import clean_text, quote

OWN_APPS = {"accounts", "initiatives", "reviews"}
PLAN_ROWS = (YearPlan, PlanPhase, Initiative, Target, Baseline)
# Texts that a plan prints; in reviews and their record, people may well write about tags.
PLAIN_TEXTS = (Initiative, Target, Indicator)
# Set by the person later; a fixture holds no password.
MAY_BE_BLANK = {"password"}


class Command(loaddata.Command):
    help = (
        "フィクスチャを確かめてから読み込みます。誤りが1つでもあれば何も読み込まず、"
        "ファイル・レコード・項目をつけてすべて表示します。"
    )

    def loaddata(self, fixture_labels):
        self.faults = []
        self.where = ""
        begun = YearPlan.objects.using(self.using).exclude(status=YearPlan.Status.DRAFT, version=0)
        self.begun = {plan.pk: plan for plan in begun.select_related("ward")}
        self.kept = set()
        try:
            super().loaddata(fixture_labels)
        except CommandError:
            raise
        except Exception:
            # What fails after a fault fails because of it.
            if not self.faults:
                raise
        if self.faults:
            heading = f"読み込めません。{len(self.faults)}か所を直してください。何も読み込んでいません。"
            raise CommandError("\n".join([heading, *self.faults]))

    def load_label(self, fixture_label):
        files = self.find_fixtures(fixture_label)
        names = [file for file, _, _ in files]
        if not all(name.endswith(".json") for name in names):
            self.where = fixture_label
            super().load_label(fixture_label)
            return
        for name in names:
            self.load_file(name)

    def load_file(self, path):
        """Load a JSON file record by record, so that one fault hides no other."""
        self.fixture_count += 1
        file, seen = os.path.basename(path), {}
        records = self.read_records(path, file)
        self.fixture_object_count += len(records)
        for position, record in enumerate(records, start=1):
            self.where = f"{file} {position}件目"
            name = self.name_of(record)
            if name and name in seen:
                self.report("", f"{seen[name]}件目と同じレコードです。どちらかを消してください。")
                continue
            seen[name] = position
            self.where += f" {name}" if name else ""
            if self.is_readable(record):
                self.load_record(record)

    def read_records(self, path, file):
        with open(path, "rb") as fixture:
            given = fixture.read()
        try:
            records = json.loads(decode(given).removeprefix("\ufeff"))
        except PlanErrors as errors:
            self.faults += [f"{file} {sentence}" for sentence in errors.messages]
        except json.JSONDecodeError as error:
            self.faults.append(
                f"{file} {error.lineno}行目の{error.colno}文字目で、JSONとして読み取れなくなりました。"
            )
        except (RecursionError, ValueError):
            self.faults.append(f"{file}: 入れ子か数値の桁が多すぎます。")
        else:
            if isinstance(records, list):
                return records
            self.faults.append(f"{file}: 全体を[ ]で囲んだレコードの一覧にしてください。")
        return []

    def report(self, field, sentence):
        self.faults.append(": ".join(part for part in (self.where, str(field), sentence) if part))

    # --- one record as JSON ------------------------------------------------------------------------------

    def name_of(self, record):
        """Name a record for a reader by its model and what tells it apart in the file."""
        model = self.model_of(record)
        if model is None:
            return ""
        fields = record.get("fields")
        fields = fields if isinstance(fields, dict) else {}
        if record.get("pk") is not None:
            return f"{model._meta.verbose_name} {record['pk']}"
        keys = next(iter(self.unique_fields(model)), ())
        found = [json.dumps(fields.get(key), ensure_ascii=False) for key in keys]
        return f"{model._meta.verbose_name} {'・'.join(found)}" if found else ""

    def unique_fields(self, model):
        for field in model._meta.concrete_fields:
            if field.unique and not field.primary_key:
                yield (field.name,)
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                yield constraint.fields

    def model_of(self, record):
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            return apps.get_model(record["model"])
        return None

    def is_readable(self, record):
        """Check that a record names a model and its fields, each with a value that the field can hold."""
        model = self.model_of(record)
        if model is None:
            if not (self.ignore and isinstance(record, dict) and "model" in record):
                self.report("model", "レコードの種類(model)が分かりません。")
            return False
        fields = record.get("fields")
        if not isinstance(fields, dict):
            self.report("fields", "項目(fields)を{ }で書いてください。")
            return False
        before = len(self.faults)
        for name, value in fields.items():
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                if not self.ignore:
                    self.report(name, "この項目はありません。項目名を確かめてください。")
                continue
            if field.is_relation:
                continue
            try:
                field.to_python(value)
            except ValidationError as error:
                for sentence in error.messages:
                    self.report(self.label(field), sentence)
            except (TypeError, ValueError):
                self.report(
                    self.label(field), f"{quote(json.dumps(value, ensure_ascii=False))}は使えません。"
                )
        return len(self.faults) == before

    def load_record(self, record):
        try:
            for obj in Deserializer(
                [record],
                using=self.using,
                ignorenonexistent=self.ignore,
                handle_forward_references=True,
            ):
                self.loaded_object_count += bool(self.save_obj(obj))
        except (base.DeserializationError, ObjectDoesNotExist) as error:
            if not self.report_missing_references(record):
                self.report("", f"読み取れません({error.__cause__ or error})。")

    def report_missing_references(self, record):
        """Name the references of a record that lead nowhere; without them it cannot even be told apart."""
        before, model = len(self.faults), self.model_of(record)
        for name, value in record["fields"].items():
            field = model._meta.get_field(name)
            if isinstance(field, models.ForeignKey) and value is not None:
                try:
                    found = base.deserialize_fk_value(field, value, self.using, True)
                except (ObjectDoesNotExist, TypeError, ValueError, ValidationError):
                    found = base.DEFER_FIELD
                if found is base.DEFER_FIELD:
                    self.report(self.label(field), self.missing(value))
        return len(self.faults) > before

    @staticmethod
    def label(field):
        return f"{field.verbose_name}({field.name})" if field.verbose_name != field.name else field.name

    # --- one object --------------------------------------------------------------------------------------

    def save_obj(self, obj):
        valid = obj.object._meta.app_label not in OWN_APPS or self.is_valid(obj)
        if self.begun and isinstance(obj.object, PLAN_ROWS) and self.changes_begun_plan(obj.object):
            return False
        # A faulty row is saved, too, where it can be: what refers to it has no fault of its own.
        try:
            # A savepoint, so that PostgreSQL goes on after a refused row and the next fault is found, too.
            with transaction.atomic(using=self.using):
                saved = super().save_obj(obj)
        except (DatabaseError, ValueError) as error:
            if valid:
                self.explain(obj.object, error)
            return False
        if self.objs_with_deferred_fields and self.objs_with_deferred_fields[-1] is obj:
            self.objs_with_deferred_fields[-1] = _Deferred(self, obj)
        return saved

    def changes_begun_plan(self, row):
        """Report, once for each plan, a record that would change a plan which people work with.

        Status, version and record of such a plan belong together; only its verbs change it.
        """
        standing = type(row)._base_manager.using(self.using).filter(pk=row.pk).first()
        names = [field.attname for field in row._meta.concrete_fields]
        if standing and all(getattr(standing, name) == getattr(row, name) for name in names):
            return False
        found = [self.begun.get(self.plan_of(version)) for version in (standing, row) if version]
        plan = next(filter(None, found), None)
        if plan is not None and plan.pk not in self.kept:
            self.kept.add(plan.pk)
            if plan.status == YearPlan.Status.DRAFT:
                state = "の案は、すでに編集されています"
            else:
                state = "は確定しています"
            self.report(
                "",
                f"{plan}の計画{state}。フィクスチャでは変えられません。"
                "計画を変えるときは、load_planか「計画の取込」で取り込んでください。",
            )
        return plan is not None

    def plan_of(self, row):
        """Give the id of a row's plan; None while what the row belongs to is not there yet."""
        if isinstance(row, YearPlan):
            return row.pk
        if isinstance(row, Target):
            row = Initiative.objects.using(self.using).filter(pk=row.initiative_id).first()
        elif isinstance(row, Baseline):
            row = Initiative.objects.using(self.using).filter(targets=row.target_id).first()
        return row and row.plan_id

    def is_valid(self, obj):
        before, row = len(self.faults), obj.object
        for field, value in obj.deferred_fields.items():
            if isinstance(field, models.ForeignKey) and not field.null:
                self.report(self.label(field), self.missing(value))
        # The database itself checks that what a foreign key names is there.
        exclude = MAY_BE_BLANK | {field.name for field in obj.deferred_fields}
        exclude |= {
            field.name
            for field in row._meta.concrete_fields
            if field.is_relation and getattr(row, field.attname) is not None
        }
        try:
            row.clean_fields(exclude=exclude)
        except ValidationError as error:
            for name, sentences in error.message_dict.items():
                for sentence in sentences:
                    self.report(self.label(row._meta.get_field(name)), sentence)
        for field in row._meta.concrete_fields:
            value = getattr(row, field.attname)
            if isinstance(field, (models.CharField, models.TextField)) and isinstance(value, str):
                self.check_text(row, field, value)
        return len(self.faults) == before

    def check_text(self, row, field, value):
        try:
            removed = clean_text(value).removed
        except ValidationError as error:
            self.report(self.label(field), " ".join(error.messages))
            return
        if removed:
            self.report(self.label(field), f"制御文字が{removed}個含まれています。取り除いてください。")
        if isinstance(row, PLAIN_TEXTS) and (tag := HTML_TAG.search(value)):
            self.report(
                self.label(field), f"HTMLタグ{quote(tag[0])}が含まれています。タグを取り除いてください。"
            )

    def explain(self, row, error):
        """Say why the database refused a row, with the words of its constraint where there are any."""
        try:
            row.full_clean(exclude=MAY_BE_BLANK)
        except ValidationError as invalid:
            for name, sentences in invalid.message_dict.items():
                label = "" if name == "__all__" else self.label(row._meta.get_field(name))
                for sentence in sentences:
                    self.report(label, sentence)
        else:
            self.report("", f"登録できません({error})。")

    @staticmethod
    def missing(value):
        return f"{json.dumps(value, ensure_ascii=False)}という参照先はありません。"


class _Deferred:
    """A row whose reference stands further down in the files, or nowhere: named when it is nowhere."""

    def __init__(self, command, obj):
        self.command, self.obj, self.where = command, obj, command.where

    def save_deferred_fields(self, using=None):
        try:
            self.obj.save_deferred_fields(using=using)
        except base.DeserializationError:
            self.command.where = self.where
            for field, value in self.obj.deferred_fields.items():
                self.command.report(self.command.label(field), self.command.missing(value))
