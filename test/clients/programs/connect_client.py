"""What clickhouse-connect does with the endpoint; prints one line of JSON. Arguments: host, port, user, password."""

import datetime
import json
import sys

import clickhouse_connect
import pandas as pd

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
seen = {}
ROWS = 200_000
for compress in ("lz4", "zstd", "gzip", "br", False):
    try:
        client = clickhouse_connect.get_client(
            host=host, port=port, username=user, password=password, compress=compress
        )
    except Exception as error:
        if compress == "br":  # its brotli package is an extra
            continue
        raise
    client.command("CREATE OR REPLACE TABLE t.frame (id UInt32, name String, v Nullable(Float64), ts DateTime64(3, 'UTC')) ENGINE = Memory")
    frame = pd.DataFrame(
        {
            "id": range(ROWS),
            "name": [f"n{i}\n\n;" for i in range(ROWS)],
            "v": [float(i) for i in range(ROWS)],
            "ts": pd.date_range("2026-01-01", periods=ROWS, freq="s", tz="UTC"),
        }
    )
    written = client.insert_df("t.frame", frame)
    back = client.query_df("SELECT id, name, v FROM t.frame ORDER BY id")
    seen[str(compress)] = {
        "written": written.written_rows,
        "rows": len(back),
        "sum": int(back["v"].sum()),
        "last": back["name"].iloc[-1],
    }
    client.insert("t.frame", [[1, "a", None, datetime.datetime(2026, 1, 1)]], column_names=["id", "name", "v", "ts"])
    seen[str(compress)]["nulls"] = client.query("SELECT count() FROM t.frame WHERE v IS NULL").result_rows[0][0]

with client.query_row_block_stream("SELECT number FROM numbers(500000)") as stream:
    seen["streamed"] = sum(len(block) for block in stream)
seen["parameter"] = client.query("SELECT {x:String}", parameters={"x": "it's\n"}).result_rows[0][0]
seen["setting"] = client.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 1234}).result_rows[0][0]
seen["arrow"] = client.query_arrow("SELECT number FROM numbers(10)").num_rows
try:
    client.query("SELECT * FROM t.nothing")
except Exception as error:
    seen["error"] = "code: 60" in str(error).lower() or "UNKNOWN_TABLE" in str(error)
print(json.dumps(seen))
