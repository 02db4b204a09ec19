# Prints what pandas reads from the API with nothing but a URL.
import json
import sys

import pandas as pd

frame = pd.read_csv(sys.argv[1], parse_dates=["ts"])
print(
    json.dumps(
        {
            "rows": len(frame),
            "first": frame.ts.iloc[0].isoformat(),
            "sum": float(frame.value.sum()),
            "nulls": int(frame.value.isna().sum()),
        }
    )
)
