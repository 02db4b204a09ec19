# Prints frames of the unmodified jao-py, as JSON: of upstream, of the time machine now, and at an instant.
import json
import sys

import pandas as pd
from jao import JaoPublicationToolPandasClient

upstream, now, then = sys.argv[1:4]
day = pd.Timestamp(sys.argv[4], tz="Europe/Amsterdam")


def frames(base):
    JaoPublicationToolPandasClient.BASEURL = base + "/core/api/data/"
    client = JaoPublicationToolPandasClient()
    asked = {
        "maxbex": lambda: client.query_maxbex(day),
        "maxbex of a border": lambda: client.query_maxbex(day, from_zone="AT", to_zone="BE"),
        "net positions": lambda: client.query_net_position(day),
        "scheduled exchanges": lambda: client.query_scheduled_exchange(day, day + pd.Timedelta(days=1)),
    }
    return {name: json.loads(ask().to_json(date_format="iso")) for name, ask in asked.items()}


print(json.dumps({"upstream": frames(upstream), "now": frames(now), "then": frames(then)}))
