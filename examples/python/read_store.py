"""Reads what the store knows of a dataset between two delivery times into a pandas DataFrame: now, or as it was known.
Prints the frame as CSV, one line a point.

  pip install clickhouse-connect pandas
  CLICKHOUSE_URL=http://127.0.0.1:17302 CLICKHOUSE_USER=reader CLICKHOUSE_PASSWORD=... \\
    python read_store.py jao.core.maxExchanges 2026-11-20T23:00:00Z 2026-11-21T23:00:00Z [2026-11-20T10:30:00Z]
"""

import os
import sys

import clickhouse_connect
import pandas as pd


def read(dataset: str, start: str, end: str, as_of: str | None = None) -> pd.DataFrame:
    """One row a point: key, ts (UTC), value (NaN where upstream gave none), known_at (UTC)."""
    client = clickhouse_connect.get_client(
        dsn=os.environ.get("CLICKHOUSE_URL", "http://127.0.0.1:17302"),
        username=os.environ.get("CLICKHOUSE_USER", "reader"),
        password=os.environ.get("CLICKHOUSE_PASSWORD", ""),
        database="tidemark",
        tz_mode="aware",
    )
    view = "latest" if as_of is None else "as_of(at = parseDateTime64BestEffort({at:String}, 3, 'UTC'))"
    return client.query_df(
        f"""SELECT key, ts, value, known_at FROM {view} WHERE dataset = {{dataset:String}}
        AND ts >= parseDateTimeBestEffort({{start:String}}, 'UTC') AND ts < parseDateTimeBestEffort({{end:String}}, 'UTC')
        ORDER BY key, ts""",
        parameters={"dataset": dataset, "start": start, "end": end, "at": as_of},
    )


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit("usage: read_store.py DATASET FROM TO [AS-OF]")
    frame = read(*sys.argv[1:])
    # As a table with an hour a row and a key a column: frame.pivot(index="ts", columns="key", values="value")
    print(frame.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ"), end="")
