"""Names as the database's collation compares them.

MariaDB and MySQL take names for equal that differ in capitals, accents or, in older collations, in
an emoji; their unique indexes refuse such names. SQLite compares character by character.
"""

import json
from collections.abc import Collection, Sequence

from django.db import connection


def collations_of(columns: Sequence[tuple[str, str]]) -> list[str]:
    """Return the collations of (table, column) pairs, empty where characters are compared."""
    if connection.vendor != "mysql":
        return ["" for _column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT TABLE_NAME, COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE() AND (TABLE_NAME, COLUMN_NAME) IN %s",
            [tuple(columns)],
        )
        collations = {(table, column): name for table, column, name in cursor.fetchall()}
    return [str(collations[column]) for column in columns]


def sort_keys(names: Collection[str], collation: str) -> dict[str, str]:
    """Return a key for each name; keys are equal where the collation takes names for equal."""
    if not collation or not names:
        return {name: name for name in names}
    with connection.cursor() as cursor:
        # A collation cannot be a parameter; this name comes from the database itself.
        cursor.execute(
            f"SELECT at, HEX(WEIGHT_STRING(name COLLATE {collation})) FROM JSON_TABLE(%s, '$[*]'"
            " COLUMNS (at FOR ORDINALITY, name VARCHAR(200) CHARACTER SET utf8mb4 PATH '$'))"
            " AS given",
            [json.dumps(list(names), ensure_ascii=False)],
        )
        keys = dict(cursor.fetchall())
    return {name: keys[at] for at, name in enumerate(names, start=1)}
