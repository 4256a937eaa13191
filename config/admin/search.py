"""Search in a model's one column of upper-case words (`search`), which a trigram index serves on PostgreSQL."""

from typing import Any

SHORTEST = 3  # letters a trigram has


def narrowed(rows: Any, term: str, short_search: str) -> Any:
    """The rows that hold every word of `term`; a word too short for the index is the beginning of `short_search`."""
    for word in term.split():
        if len(word) < SHORTEST and short_search:
            rows = rows.filter(**{f"{short_search}__istartswith": word})
        else:
            rows = rows.filter(search__contains=word.upper())
    return rows
