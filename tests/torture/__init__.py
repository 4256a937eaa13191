"""The way out under torture: plugs pulled at every step and answers that never say, with the simulators' ledgers as witness."""
