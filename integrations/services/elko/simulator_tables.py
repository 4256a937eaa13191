"""The simulated ELKO's tables to begin with: two accounts, the second with `_ua` behind each name."""

from datetime import datetime

from integrations.services.elko import simulator_orders as ordering
from integrations.services.elko import simulator_products as goods
from integrations.services.elko import simulator_tiny
from integrations.services.elko.simulator_assortment import BRANDS, BY_CODE, GROUPS, LEAVES, Leaf
from integrations.simulator import Table
from integrations.simulator.wire import Row

FIRST_LEAF_ID, COMPONENTS = 4201, 4101


def fill(seed: str, size: int | None, url: str, now: datetime) -> dict[str, Table]:
    """`descriptions` and `media` hold only what a test puts there; all others follow from the product."""
    if seed == "tiny":
        eu, ua = Table("id", rows=simulator_tiny.eu_rows(url)), Table("id", rows=simulator_tiny.ua_rows(url))
        leaves = [BY_CODE[code] for code in dict.fromkeys(row["catalog"] for row in eu)]
    else:
        count, name = size or 400, goods.FIRST_ID.__add__
        eu = Table("id", count, lambda number: goods.eu_row(number, url), name)
        ua = Table("id", count, lambda number: goods.ua_row(number, url), name)
        leaves = list(LEAVES)
    tables = {
        "products": eu,
        "products_ua": ua,
        "reservations": Table("id"),
        "cart": Table("elkoCode"),
        "esd_ua": Table("id"),  # licences that are on the list of licences alone
        "categories": Table("code", rows=[{"name": leaf.name, "code": leaf.code} for leaf in leaves]),
        "categories_ua": Table("code", rows=[_ua_category(leaf) for leaf in leaves]),
    }
    for suffix, products in (("", eu), ("_ua", ua)):
        some = products[:60]
        orders = ordering.seeded_orders(some, now, 2 if seed == "tiny" else 12)
        tables["vendors" + suffix] = Table("code", rows=[{"name": name, "code": code} for name, code in BRANDS.items()])
        tables["orders" + suffix] = Table("id", rows=orders)
        tables["invoices" + suffix] = Table("invoiceId", rows=ordering.seeded_invoices(orders, some))
        tables["descriptions" + suffix] = Table("productId")
        tables["media" + suffix] = Table("id")
    return tables


def _ua_category(leaf: Leaf) -> Row:
    return {"code": leaf.code, "name": leaf.name, "translation": {"ua": leaf.ukrainian}}


def tree(categories: list[Row], parent: int = 0) -> list[Row]:
    """The category tree below a node; a category that is not in the assortment hangs below the components."""
    nodes = [
        {"parentId": parent, "id": number, "name": name, "code": "", "childs": tree(categories, number)}
        for number, (above, name) in GROUPS.items()
        if above == parent
    ]
    for place, row in enumerate(categories):
        leaf = BY_CODE.get(row["code"])
        if parent in (leaf.groups if leaf else (COMPONENTS,)):
            number = FIRST_LEAF_ID + (LEAVES.index(leaf) if leaf else len(LEAVES) + place)
            nodes.append({"parentId": parent, "id": number, "name": row["name"], "code": row["code"], "childs": []})
    return [node for node in nodes if node["code"] or node["childs"]]
