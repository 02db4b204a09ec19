"""Follows a topic of tidemark and prints each point that is news as one line of JSON. Reads from the topic's beginning,
commits nothing, and holds what it has seen in memory: see docs/subscribing.md before you build on it.

  pip install 'confluent-kafka[avro,schemaregistry]'
  KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 python subscribe.py

  --topic jao.timeseries        another source's slices
  --from 2026-11-21T08:00:00Z   only what became known then or later
  --skip-replays                without history that was done again
  --to-end                      stop where the topic ends now
"""

import argparse
import json
import os
import sys
from datetime import datetime, timedelta, timezone

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def time(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs its zone: 2026-11-21T08:00:00Z")
    return at


epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--topic", default="jao.timeseries")
parser.add_argument("--from", dest="since", type=time, default=epoch)
parser.add_argument("--skip-replays", action="store_true")
parser.add_argument("--to-end", action="store_true")
options = parser.parse_args()
since = options.since

registry_url = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:17301/apis/ccompat/v7")
decode = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
consumer = Consumer(
    {
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:17300"),
        "group.id": "subscribe",  # the client wants a name; nothing is committed under it
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
)

held: dict[tuple, tuple] = {}


def take(record, is_replay: bool) -> None:
    """Prints the points of a record that are news. Times are datetimes in UTC."""
    if record["knownAt"] < since or (is_replay and options.skip_replays):
        return
    # The newer answer counts, and of the same answer the newer reading.
    version = (record["knownAt"], record["transformVersion"])
    for index, value in enumerate(record["values"]):
        ts = record["start"] + timedelta(seconds=index * record["step"])
        point = (record["dataset"], record["key"], ts)
        if point in held and version <= held[point]:  # a repeat, or an older answer
            continue
        held[point] = version
        line = {"dataset": record["dataset"], "key": record["key"], "ts": text(ts), "knownAt": text(record["knownAt"])}
        line |= {"value": value, "transformVersion": record["transformVersion"], "replay": is_replay}
        print(json.dumps(line), flush=True)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def starts() -> list[TopicPartition]:
    """A record is written after it became known, so the offset of a time misses nothing; a minute is for clocks that
    differ."""
    metadata = consumer.list_topics(options.topic, timeout=30).topics[options.topic]
    if metadata.error is not None and metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        sys.exit(f"There is no topic {options.topic}")
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    at_ms = max(0, (since - epoch) // timedelta(milliseconds=1) - 60_000)
    return consumer.offsets_for_times([TopicPartition(options.topic, each, at_ms) for each in metadata.partitions], 30)


partitions = starts()
unread = {each.partition for each in partitions}
consumer.assign(partitions)
while unread or not options.to_end:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error() is None:
        # The schema's id stands in the first bytes of the value. What cannot be read ends the program.
        record = decode(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
        take(record, "replay" in dict(message.headers() or []))
    elif message.error().code() == KafkaError._PARTITION_EOF:
        unread.discard(message.partition())
    elif message.error().fatal() or not message.error().retriable():
        raise KafkaException(message.error())
consumer.close()
