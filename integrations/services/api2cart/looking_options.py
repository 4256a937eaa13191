"""What a store shows of a product's options and their values after an answer was lost."""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.services.api2cart.comparing import same, stand
from integrations.services.api2cart.fields import identity, listed, short
from integrations.services.api2cart.reading import Reading
from integrations.verbs import Doing, Found, Outcome

VALUE = {"option_value": "name", "price": "price", "quantity": "quantity"}


class OptionsLookedUp(Reading):
    """The methods verbs about options name as `look_up`."""

    def option_made(self, doing: Doing) -> Found:
        body, options = doing.body, self._options(doing)
        named = [one for one in options if same(one.get("name"), body["name"])]
        wanted = [one["value"] for one in body.get("values") or ()] + str(body.get("option_values") or "").split(",")
        for one in named:
            if all(_has_value(one, value) for value in wanted if value.strip()):
                return Found(True, "The shop shows this option with these values.", one, Outcome(identity(one, "id")))
        return Found(None, f"The shop shows {len(options)} options of this product, {len(named)} of this name.")

    def option_value_made(self, doing: Doing) -> Found:
        held = [one for one in self._options(doing) if _is_option(one, doing.body["option_id"])]
        stands = any(_has_value(one, doing.body["option_value"]) for one in held)
        return Found(stands or None, f"The shop shows this option {'with' if stands else 'without'} this value.")

    def option_assigned(self, doing: Doing) -> Found:
        body = doing.body
        wanted = [part.strip() for part in str(body.get("option_values") or "").split(",") if part.strip()]
        for one in self._options(doing):
            if _is_option(one, body["option_id"]) and all(_has_value(one, it) or _value(one, it) for it in wanted):
                number = short(one.get("product_option_id")) or identity(one, "id")
                return Found(True, "The shop shows this option with these values.", one, Outcome(number))
        return Found(None, "The shop shows this product without this option, or without some of these values.")

    def option_value_assigned(self, doing: Doing) -> Found:
        """By the option's id on this product alone: the same number may be another option's in the store."""
        body, options = doing.body, self._options(doing)
        held = [one for one in options if short(one.get("product_option_id")) == str(body["product_option_id"])]
        stands = any(_value(one, body["option_value_id"]) for one in held)
        return Found(stands or None, f"The shop shows this option {'with' if stands else 'without'} this value.")

    def option_value_stands(self, doing: Doing) -> Found:
        body = doing.body
        key = body["option_value_id"]
        mine = [one for one in self._options(doing) if _is_option(one, body["option_id"])]
        found = [value for one in mine if (value := _value(one, key))]
        given = {name: body[name] for name in body if name not in ("product_id", "option_id", "option_value_id")}
        return stand([{"id": key, **given}], {key: found[0]} if found else {}, VALUE)

    def option_gone(self, doing: Doing) -> Found:
        return self._gone(doing, "option", lambda option: True)

    def option_value_gone(self, doing: Doing) -> Found:
        return self._gone(doing, "value", lambda option: bool(_value(option, doing.body["option_value_id"])))

    def _gone(self, doing: Doing, what: str, holds: Callable[[Mapping[str, Any]], bool]) -> Found:
        row = self.part_of(doing, "product_options")
        if row is None or "product_options" not in row:
            return Found(None, "The shop does not show the options of this product.")
        mine = [one for one in listed(row, "product_options") if _is_option(one, doing.body["option_id"])]
        left = any(holds(one) for one in mine)
        return Found(not left, f"The shop shows {'this' if left else 'no such'} {what}.")

    def _options(self, doing: Doing) -> list[Any]:
        return listed(self.part_of(doing, "product_options") or {}, "product_options")


def _is_option(held: Mapping[str, Any], number: str) -> bool:
    return number in (short(held.get("id")), short(held.get("product_option_id")))


def _has_value(option: Mapping[str, Any], value: str) -> bool:
    return any(same(one.get("name"), value.strip()) for one in listed(option, "option_items"))


def _value(option: Mapping[str, Any], number: str) -> Mapping[str, Any]:
    """The option's value of this id; empty for none."""
    for one in listed(option, "option_items"):
        if number in (short(one.get("id")), short(one.get("product_option_item_id"))):
            found: Mapping[str, Any] = one
            return found
    return {}
