"""The way out: what people decide becomes a row, the row is sent once, and what came of it is stored or shown as unknown.

asking: the row. giving: what it does to which things. approving: that what goes is what was seen. claiming: who sends it.
overtaking: that the newest value stays. telling: its story. sending: the call. outcomes: what came of it.
looking: what the vendor shows of one whose answer was lost. deciding: what people say of those that wait.
sweeping: what a lost hint left lying.
"""
