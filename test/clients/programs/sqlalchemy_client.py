"""What SQLAlchemy does with the endpoint; prints one line of JSON. Arguments: host, port, user, password."""

import datetime
import json
import sys

import sqlalchemy as sa

host, port, user, password = sys.argv[1:5]
engine = sa.create_engine(f"clickhousedb://{user}:{password}@{host}:{port}/t")
seen = {}
with engine.connect() as connection:
    connection.execute(sa.text("CREATE TABLE alchemy (id UInt32, name String, at DateTime64(3, 'UTC'), v Nullable(Float64)) ENGINE = MergeTree ORDER BY id"))
    table = sa.Table("alchemy", sa.MetaData(), autoload_with=engine)
    seen["columns"] = [f"{column.name} {column.type}" for column in table.columns]
    at = datetime.datetime(2026, 1, 1)
    rows = [{"id": i, "name": f"a\n\n;'{i}", "at": at, "v": None if i % 2 else float(i)} for i in range(500)]
    connection.execute(table.insert(), rows)
    counted = sa.select(sa.func.count(), sa.func.sum(table.c.v), sa.func.max(table.c.name)).where(table.c.id < 400)
    seen["counted"] = list(connection.execute(counted).one())
    seen["parameter"] = connection.execute(sa.text("SELECT :p"), {"p": "it's"}).scalar()
    try:
        connection.execute(sa.text("SELECT * FROM nothing"))
    except Exception as error:
        seen["error"] = "UNKNOWN_TABLE" in str(error)
inspector = sa.inspect(engine)
seen["tables"] = "alchemy" in inspector.get_table_names(schema="t")
print(json.dumps(seen))
