"""The rows a simulated vendor holds. Rows nobody changed are made when asked for, so 100,000 of them cost nothing."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator

from integrations.simulator.wire import Row


class Table:
    """Rows in order, found by key. `Table("id", rows=rows)` holds rows; `Table("id", count, make, name)` makes them.

    `make(i)` must give the same row each time and `name(i)` the key of that row without making it.
    Not locked: whoever uses it holds the simulator's lock.
    """

    def __init__(
        self,
        key: str,
        count: int = 0,
        make: Callable[[int], Row] | None = None,
        name: Callable[[int], object] | None = None,
        *,
        rows: Iterable[Row] = (),
    ) -> None:
        self.key = key
        self.revision = 0
        self._make = make
        self._rows: dict[str, Row | int] = {}
        if make:
            of = name or (lambda number: make(number)[key])
            self._rows.update((str(of(number)), number) for number in range(count))
        self._rows.update((str(row[key]), row) for row in rows)
        self._order = list(self._rows)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Row]:
        return (self._row(key) for key in self._order)

    def __contains__(self, key: object) -> bool:
        return str(key) in self._rows

    def keys(self) -> list[str]:
        return list(self._order)

    def get(self, key: object) -> Row | None:
        return self._row(str(key)) if str(key) in self._rows else None

    def __getitem__(self, part: slice) -> list[Row]:
        return [self._row(key) for key in self._order[part]]

    def copy(self) -> list[Row]:
        """Every row, free to keep and to change."""
        return [copy.deepcopy(row) for row in self]

    def change(self, key: object, **fields: object) -> Row:
        """Set fields of one row; wire names with spaces go in as `**{"Selling Price": "9"}`. Returns the new row."""
        row = self.get(key)
        if row is None:
            raise KeyError(f"no row {key!r} in this table; the first keys are {self._order[:3]}")
        self._rows[str(key)] = row = {**row, **fields}
        self.revision += 1
        return row

    def drop_field(self, key: object, *names: str) -> None:
        row = self.change(key)
        for name in names:
            row.pop(name, None)

    def put(self, row: Row, at: int | None = None) -> None:
        """Add a row (at the end, or at a place), or replace the one with its key where it stands."""
        key = str(row[self.key])
        if key not in self._rows:
            self._order.insert(len(self._order) if at is None else at, key)
        self._rows[key] = row
        self.revision += 1

    def remove(self, *keys: object) -> None:
        gone = {str(key) for key in keys}
        if missing := gone - self._rows.keys():
            raise KeyError(f"no such rows: {sorted(missing)}")
        self._order = [key for key in self._order if key not in gone]
        for key in gone:
            del self._rows[key]
        self.revision += 1

    def readdress(self, old: str, new: str) -> None:
        """Addresses in rows that are held already; rows yet to be made take theirs then."""
        for key, row in self._rows.items():
            if not isinstance(row, int):
                self._rows[key] = json.loads(json.dumps(row).replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))
        self.revision += 1

    def _row(self, key: str) -> Row:
        held = self._rows[key]
        if not isinstance(held, int):
            return held
        assert self._make is not None
        return self._make(held)
