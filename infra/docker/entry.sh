#!/bin/sh
# Runs the command; first turns CLICKHOUSE_PASSWORD_FILE, which only containers have, into CLICKHOUSE_PASSWORD.
set -eu
if [ -n "${CLICKHOUSE_PASSWORD_FILE:-}" ]; then
  if [ ! -s "$CLICKHOUSE_PASSWORD_FILE" ]; then
    echo "tidemark: $CLICKHOUSE_PASSWORD_FILE (CLICKHOUSE_PASSWORD_FILE) is missing or empty: run \`docker compose up prepare\`" >&2
    exit 1
  fi
  CLICKHOUSE_PASSWORD=$(cat "$CLICKHOUSE_PASSWORD_FILE")
  export CLICKHOUSE_PASSWORD
fi
exec "$@"
