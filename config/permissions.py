"""What a user may do, read in one query instead of Django's two: every page of the admin asks."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import Q

from config.second.standing import with_standing


class OneQuery(ModelBackend):
    def get_user(self, user_id: Any) -> Any:
        """The person of a session, with how the second factor stands: every page asks for that too."""
        person = with_standing(get_user_model()._default_manager.filter(pk=user_id)).first()
        return person if person is not None and self.user_can_authenticate(person) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """`app.codename` of the user's own permissions and of those of the user's groups."""
        if not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            own = Q(pk__in=user_obj.user_permissions.through.objects.filter(user=user_obj).values("permission"))
            groups = Permission.objects.filter(group__user=user_obj).values("pk")
            rows = Permission.objects.filter(own | Q(pk__in=groups)).order_by()
            names = rows.values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app}.{name}" for app, name in names}
        kept: set[str] = user_obj._perm_cache
        return kept
