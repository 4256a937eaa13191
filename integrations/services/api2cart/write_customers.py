"""Customers of a store. A password is not taken: it would stand in the command for ever."""

from collections.abc import Mapping

from integrations.services.api2cart.writing import StoreVerb, carried, row, write
from integrations.verbs import Body, Field

ID = Field("id", "Customer", required=True, also=("customer_id", "customer"), example="300")
PARTS = (
    "type", "first_name", "last_name", "company", "phone", "address1", "address2", "city", "postcode", "state", "country", "tax_id",
)  # fmt: skip
PEOPLE = (
    "first_name last_name company phone address | group_id group_ids status birth_day gender website note country "
    "news_letter_subscription is_tax_exempt"
)


def _address(*more: str) -> Field:
    names = [f"address_book_{part}" for part in (*more, *PARTS)]
    return Field("address", "Addresses", "rows", fields=row(*names, "address_book_default:bool"))


def anew(body: Body) -> list[tuple[str, tuple[str, ...]]]:
    return [("customers", ())]


VERBS: Mapping[str, StoreVerb] = {
    "add_customer": write(
        "Make customer", "customer.add", f"email! {PEOPLE}", _address(), about="customer", key="email",
        number="customer_id", reread=anew, look_up="customer_made",
    ),
    "update_customer": write(
        "Change customer", "customer.update", f"id! email {PEOPLE} tags tax_id", ID, _address("id"), about="customer",
        key="id", reread=anew, repeatable=True, carries=carried("customer", "id", values=f"email {PEOPLE.replace(' |', '')} tags tax_id"),
        look_up="customer_stands",
    ),
}  # fmt: skip
