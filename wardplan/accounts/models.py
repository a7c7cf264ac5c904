"""Who people are: wards, their sections, users and what a user may be there, and since when."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

RESERVED_SLUGS = (
    "accounts",
    "admin",
    "api",
    "favicon",
    "health",
    "help",
    "indicators",
    "media",
    "public",
    "queue",
    "robots",
    "static",
    "years",
)


def validate_municipality_code(code: str) -> None:
    """Check the last digit of a 6-digit 全国地方公共団体コード.

    The five digits are weighted 6, 5, 4, 3, 2; the check digit is the last digit of 11 - (sum mod 11).
    Raises ValidationError when the code has another shape or another check digit.
    """
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise ValidationError("区のコードは6桁の半角数字で入力してください。")
    weighted = sum(int(digit) * weight for digit, weight in zip(code, (6, 5, 4, 3, 2), strict=False))
    if (11 - weighted % 11) % 10 != int(code[5]):
        raise ValidationError("区のコードの検査数字(6桁目)が合いません。番号を確かめてください。")


class WardManager(models.Manager["Ward"]):
    def get_by_natural_key(self, slug: str) -> Ward:
        return self.get(slug=slug)


class Ward(models.Model):
    """A 区: the office whose plan is kept. Its slug is the first part of every address."""

    code = models.CharField(
        "団体コード",
        max_length=6,
        null=True,  # noqa: DJ001 - the demo ward has none, and empty text would collide
        blank=True,
        unique=True,
        validators=[validate_municipality_code],
        help_text="6桁。見本の区など、実在しない区では空にします。",
    )
    slug = models.CharField(
        "アドレス名",
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"\A[a-z][a-z0-9]*\Z", "アドレス名は半角の英小文字と数字で入力してください。")
        ],
        error_messages={"unique": "このアドレス名はほかの区が使っています。"},
    )
    name = models.CharField("区名", max_length=40)
    kana = models.CharField("よみ", max_length=80)

    objects = WardManager()

    class Meta:
        verbose_name = "区"
        verbose_name_plural = "区"
        ordering = [F("code").asc(nulls_last=True), "slug"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug__in=RESERVED_SLUGS),
                name="ward_slug_not_reserved",
                violation_error_message="このアドレス名は画面の番地に使われています。別の名前にしてください。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)


class SectionQuerySet(models.QuerySet["Section"]):
    def standing(self, on: datetime.date) -> SectionQuerySet:
        """Keep the sections that exist on a day: not the ones that ended in a reorganisation."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=on))


class SectionManager(models.Manager["Section"].from_queryset(SectionQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, ward: str, name: str) -> Section:
        return self.get(ward__slug=ward, name=name)


class Section(models.Model):
    """A 担当課: the range of one 担当課長. Sheets belong to it, because people move every April."""

    ward = models.ForeignKey(Ward, models.PROTECT, related_name="sections", verbose_name="区")
    name = models.CharField("課名", max_length=60)
    order = models.PositiveSmallIntegerField("並び順", default=0)
    ended_on = models.DateField("廃止日", null=True, blank=True, help_text="機構改革などで無くなった日")

    objects = SectionManager()

    class Meta:
        verbose_name = "担当課"
        verbose_name_plural = "担当課"
        ordering = ["ward", "order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ward", "name"],
                name="section_name_unique_in_ward",
                violation_error_message="この区には同じ名前の課があります。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str, str]:
        return (self.ward.slug, self.name)

    natural_key.dependencies = ["accounts.ward"]  # type: ignore[attr-defined]


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)

    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, is_superuser=True, **fields)


@dataclass(frozen=True)
class Roles:
    """What a user may be on one day: the union of the memberships that are valid then (ids of rows).

    `acting_for` are the sections where a manager's right is held as a standing deputy (代理).
    """

    wards: frozenset[int] = frozenset()
    admin_of: frozenset[int] = frozenset()
    viewer_of: frozenset[int] = frozenset()
    staff_of: frozenset[int] = frozenset()
    manager_of: frozenset[int] = frozenset()
    acting_for: frozenset[int] = frozenset()
    memberships: tuple[Membership, ...] = ()

    @property
    def sections(self) -> frozenset[int]:
        return self.staff_of | self.manager_of

    def acts_only_as_deputy(self, section: int | None) -> bool:
        return section in self.acting_for


def fold(memberships: Iterable[Membership]) -> Roles:
    """Fold memberships into the union of their rights."""
    rows = tuple(memberships)
    role = Membership.Role

    def ids(wanted: str, acting: bool | None = None) -> frozenset[int]:
        return frozenset(
            row.section_id or row.ward_id
            for row in rows
            if row.role == wanted and (acting is None or row.acting == acting)
        )

    manager = ids(role.MANAGER)
    return Roles(
        wards=frozenset(row.ward_id for row in rows),
        admin_of=ids(role.ADMIN),
        viewer_of=ids(role.VIEWER),
        staff_of=ids(role.STAFF),
        manager_of=manager,
        acting_for=manager - ids(role.MANAGER, acting=False),
        memberships=rows,
    )


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in. Deactivated when he or she leaves, never deleted: the history keeps the name."""

    username = models.CharField(
        "利用者ID",
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": "この利用者IDはすでに使われています。"},
    )
    name = models.CharField("氏名", max_length=60)
    is_active = models.BooleanField(
        "有効", default=True, help_text="異動や退職のときは外します。利用者は削除しません。"
    )
    date_joined = models.DateTimeField("登録日時", default=timezone.now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = "利用者"
        verbose_name_plural = "利用者"
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def natural_key(self) -> tuple[str]:
        return (self.username,)

    @property
    def is_staff(self) -> bool:
        """Say whether the person operates the system (Django's own word; wards' admins are memberships)."""
        return self.is_superuser

    def roles(self, on: datetime.date | None = None) -> Roles:
        """Say what this person may be on a day (JST, today by default); one query for all days, kept.

        Superusers get nothing extra: they set the system up and hold no office in a ward.
        """
        on = on or timezone.localdate()
        kept = self.__dict__.setdefault("_roles", {})
        if on not in kept:
            kept[on] = (
                fold(row for row in self._ever_held if row.is_valid_on(on)) if self.is_active else Roles()
            )
        return kept[on]

    @cached_property
    def _ever_held(self) -> list[Membership]:
        """Read every membership, the oldest first: so few that choosing the day's costs less in Python."""
        rows = Membership.objects.filter(user=self).select_related("ward", "section").order_by()
        return sorted(rows, key=lambda row: (row.starts_on, row.pk))

    def forget_roles(self) -> None:
        """Drop what `roles` kept, after a membership of this person was changed on the same object."""
        for kept in ("_roles", "_ever_held"):
            self.__dict__.pop(kept, None)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def get_by_natural_key(
        self, username: str, ward: str, section: str | None, role: str, starts_on: str
    ) -> Membership:
        return self.get(
            user__username=username, ward__slug=ward, section__name=section, role=role, starts_on=starts_on
        )

    def valid_on(self, day: datetime.date) -> MembershipQuerySet:
        return self.filter(starts_on__lte=day).filter(Q(ends_on=None) | Q(ends_on__gte=day))


class Membership(models.Model):
    """A user's role for a time: staff and managers in a section, admins and viewers in the ward."""

    class Role(models.TextChoices):
        STAFF = "staff", "担当者"
        MANAGER = "manager", "承認者(課長)"
        ADMIN = "admin", "取りまとめ担当"
        VIEWER = "viewer", "閲覧者"

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name="利用者")
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="memberships", verbose_name="区")
    section = models.ForeignKey(
        Section,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name="担当課",
        help_text="担当者と承認者は必須です。取りまとめ担当と閲覧者では空にします。",
    )
    role = models.CharField("役割", max_length=10, choices=Role.choices)
    post = models.CharField("職名", max_length=60, blank=True, help_text="空のときは課名と役割から作ります。")
    starts_on = models.DateField("開始日", default=timezone.localdate)
    ends_on = models.DateField("終了日", null=True, blank=True, help_text="この日まで有効です。")
    acting = models.BooleanField(
        "代理", default=False, help_text="課長に代わって承認する人は、チェックします。"
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "所属と役割"
        verbose_name_plural = "所属と役割"
        ordering = ["user", "starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["staff", "manager"], section__isnull=False)
                | Q(role__in=["admin", "viewer"], section__isnull=True),
                name="membership_section_fits_role",
                violation_error_message="担当者と承認者は担当課を選び、取りまとめ担当と閲覧者は空にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="membership_ends_after_start",
                violation_error_message="終了日は開始日以後の日にしてください。",
            ),
            models.CheckConstraint(
                condition=Q(acting=False) | Q(role="manager"),
                name="membership_acting_is_manager",
                violation_error_message="代理にできるのは承認者(課長)だけです。",
            ),
            models.UniqueConstraint(
                fields=["user", "section", "role", "starts_on"],
                condition=Q(section__isnull=False),
                name="membership_unique_in_section",
                violation_error_message="同じ所属と役割が、同じ日からすでにあります。",
            ),
            models.UniqueConstraint(
                fields=["user", "ward", "role", "starts_on"],
                condition=Q(section__isnull=True),
                name="membership_unique_in_ward",
                violation_error_message="同じ役割が、同じ日からすでにあります。",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str, str, str | None, str, str]:
        section = self.section.name if self.section else None
        return (self.user.username, self.ward.slug, section, self.role, str(self.starts_on))

    natural_key.dependencies = ["accounts.user", "accounts.section"]  # type: ignore[attr-defined]

    def is_valid_on(self, day: datetime.date) -> bool:
        """Say for one row what `valid_on` asks of all."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def clean(self) -> None:
        super().clean()
        if self.section_id and self.ward_id and self.section.ward_id != self.ward_id:  # type: ignore[union-attr]
            raise ValidationError({"section": "選んだ区の担当課を選んでください。"})

    @property
    def title(self) -> str:
        """Name the post as it stands on a page: 市民協働課長, 総務課 担当者, 取りまとめ担当."""
        if self.post:
            return self.post
        if self.section is None:
            return self.get_role_display()
        if self.role == self.Role.MANAGER:
            return f"{self.section.name}長代理" if self.acting else f"{self.section.name}長"
        return f"{self.section.name} 担当者"
