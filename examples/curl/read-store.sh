#!/bin/sh
# Prints what the store knows of a dataset between two delivery times, one line of JSON a point: now, or as it was known.
#
#   CLICKHOUSE_URL=http://127.0.0.1:17302 CLICKHOUSE_USER=reader CLICKHOUSE_PASSWORD=... \
#     sh read-store.sh jao.core.maxExchanges 2026-11-20T23:00:00Z 2026-11-21T23:00:00Z [2026-11-20T10:30:00Z]
set -eu
[ $# -ge 3 ] || { echo "usage: read-store.sh DATASET FROM TO [AS-OF]" >&2; exit 2; }

view='latest'
[ $# -lt 4 ] || view="as_of(at = parseDateTime64BestEffort({at:String}, 3, 'UTC'))"

# User and password come over standard input: a command line can be read by everybody on the machine.
printf 'X-ClickHouse-User: %s\nX-ClickHouse-Key: %s\n' "${CLICKHOUSE_USER:-reader}" "${CLICKHOUSE_PASSWORD:-}" |
  curl -sS --fail-with-body -H @- -G "${CLICKHOUSE_URL:-http://127.0.0.1:17302}/" \
    --data-urlencode 'database=tidemark' \
    --data-urlencode 'date_time_output_format=iso' \
    --data-urlencode "query=SELECT key, ts, value, known_at FROM $view WHERE dataset = {dataset:String}
      AND ts >= parseDateTimeBestEffort({from:String}, 'UTC') AND ts < parseDateTimeBestEffort({to:String}, 'UTC')
      ORDER BY key, ts FORMAT JSONEachRow" \
    --data-urlencode "param_dataset=$1" \
    --data-urlencode "param_from=$2" \
    --data-urlencode "param_to=$3" \
    --data-urlencode "param_at=${4:-}"
