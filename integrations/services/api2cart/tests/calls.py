"""What the simulated account was asked."""

from integrations.services.api2cart.simulator import Simulator


def asked(sim: Simulator, method: str) -> list[dict[str, str]]:
    return [dict(call.query) for call in sim.ledger.asked(f"/{method}.json")]
