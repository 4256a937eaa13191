"""Search in a model's one column of upper-case words (`search`), which a trigram index serves on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, QuerySet

from config.admin.place import Place

SHORTEST = 3  # letters of a trigram; a shorter word is looked for where words begin, which the index knows too
MOST = 8  # words of one search
WINDOW = 5000  # rows of the list looked through one by one, before the index is asked


class Words:
    """What an operator typed: a row is found when it holds every word, in any order."""

    def __init__(self, typed: str) -> None:
        self.words = [word.upper() for word in typed.split()[:MOST]]

    def __bool__(self) -> bool:
        return bool(self.words)

    @property
    def condition(self) -> Q:
        found = Q()
        for word in self.words:
            if len(word) < SHORTEST:
                found &= Q(search__startswith=word) | Q(search__contains=f" {word}")
            else:
                found &= Q(search__contains=word)
        return found

    def near(self, rows: QuerySet[Any], place: Place, most: int) -> list[int]:
        """Ids of at most `most` rows found among the WINDOW rows that follow `place`, in the list's order.

        A common word fills a page from here in milliseconds, where the index would hand over every row that holds it. One
        statement that no planner turns into a walk over the whole table: the inner LIMIT comes before the words.
        """
        of = rows.model._meta
        window = place.following(rows).values_list(of.pk.name, place.key, "search")[:WINDOW]
        connection = connections[rows.db]
        try:
            inner, given = window.query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:  # a filter that nothing can meet
            return []
        tests, patterns = zip(*(self._test(word) for word in self.words), strict=True)
        key, pk = (of.get_field(name).column for name in (place.key, of.pk.name))
        way = "DESC" if place.down else "ASC"
        statement = (
            f"SELECT w.{pk} FROM ({inner}) w WHERE {' AND '.join(tests)} ORDER BY w.{key} {way}, w.{pk} {way} LIMIT %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [*given, *(part for parts in patterns for part in parts), most])
            return [row[0] for row in cursor.fetchall()]

    @staticmethod
    def _test(word: str) -> tuple[str, Sequence[str]]:
        plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = r"w.search LIKE %s ESCAPE '\'"
        if len(word) < SHORTEST:
            return f"({like} OR {like})", (f"{plain}%", f"% {plain}%")
        return like, (f"%{plain}%",)
