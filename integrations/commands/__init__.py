"""The way out: what people decide becomes a row, the row is sent once, and what came of it is stored or shown as unknown.

asking: the row. claiming: who sends it. sending: the call. looking: what the vendor shows of one whose answer was lost.
deciding: what people say of those that wait. sweeping: what a lost hint left lying.
"""
