#!/bin/sh
# Runs the command; first turns CLICKHOUSE_PASSWORD_FILE and CLICKHOUSE_READER_PASSWORD_FILE, which only containers have, into
# the settings of the programs.
set -eu
password() {
  if [ ! -s "$2" ]; then
    echo "tidemark: $2 ($1_FILE) is missing or empty: run \`docker compose up prepare\`" >&2
    exit 1
  fi
  export "$1=$(cat "$2")"
}
if [ -n "${CLICKHOUSE_PASSWORD_FILE:-}" ]; then password CLICKHOUSE_PASSWORD "$CLICKHOUSE_PASSWORD_FILE"; fi
if [ -n "${CLICKHOUSE_READER_PASSWORD_FILE:-}" ]; then password CLICKHOUSE_READER_PASSWORD "$CLICKHOUSE_READER_PASSWORD_FILE"; fi
exec "$@"
