"""How the simulated API2Cart takes writes: names and carrier checked, repetitions of an idempotency key answered from memory.

Stated by the vendor: that memory (15 minutes; here for ever), which parameters travel in the address, the names of results.
Assumed: what each write does to the shop's rows, and every refusal's wording.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.services.api2cart.simulator_envelope import Failed, body_of, given, ok
from integrations.services.api2cart.simulator_lists import method
from integrations.services.api2cart.simulator_rows import Rows, Store
from integrations.services.api2cart.write_methods import WRITES
from integrations.simulator.wire import Request, Response, Row

if TYPE_CHECKING:
    from integrations.services.api2cart.simulator import Simulator

Written = Callable[["Simulator", Store, Row], Row]


def taken(name: str, *needed: str) -> Callable[[Written], Written]:
    """Register a function (simulator, store, parameters) → result as this method. `needed`: refused without."""
    verb, carries, params = WRITES[name]
    known = {word.partition(":")[0] for word in params.split()}

    def register(function: Written) -> Written:
        @method(verb, name)
        def answer(simulator: "Simulator", request: Request) -> Response:
            store = simulator.store(request)
            if carries == "query" and request.body:
                raise Failed(109, "This method takes no body")
            if carries == "json" and request.query:
                raise Failed(109, "This method takes no parameters in its address")
            asked = dict(given(request)) if carries == "query" else body_of(request)
            if unknown := sorted(set(asked) - known):
                raise Failed(109, f"Wrong parameter {unknown[0]}")
            if lacking := [word for word in needed if asked.get(word) in (None, "", [])]:
                raise Failed(114, f"Required parameters are missing: {', '.join(lacking)}")
            key = (store.key, str(asked.pop("idempotency_key", "")))
            if not key[1] or key not in simulator.answered:
                simulator.answered[key] = function(simulator, store, asked)
            return ok(simulator.answered[key])

        return function

    return register


def stamp(simulator: "Simulator", store: Store) -> Any:
    return Rows(store, simulator.started, 0, 0).time(simulator.now())


def found(simulator: "Simulator", store: Store, flow: str, key: object, what: str) -> Row:
    row = simulator.table(store.table(flow)).get(str(key))
    if row is None:
        row = next((one for one in simulator.table(store.table(flow)) if str(one.get("id")) == str(key)), None)
    if row is None:
        raise Failed(112, f"{what} with id {key} not found")
    return row


def new_id(simulator: "Simulator", store: Store, flow: str) -> str:
    """One beyond the largest number that is an id there."""
    ids = [int(key) for row in simulator.table(store.table(flow)) if (key := str(row["id"])).isdigit()]
    return str(max([*ids, 1_000_000]) + 1)
