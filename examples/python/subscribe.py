"""Follows a source of tidemark and prints each point that is news as one line of JSON, and each point that a newer answer
withdraws. Reads the source's slices and answers from their beginning, commits nothing, and holds what it has seen in
memory: see docs/subscribing.md before you build on it.

  pip install 'confluent-kafka[avro,schemaregistry]'
  KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 python subscribe.py

  --topic jao.timeseries        another source's slices; its answers are on jao.answers
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
if not options.topic.endswith(".timeseries"):
    parser.error(f"--topic {options.topic} is not a topic of slices: write jao.timeseries")
answers_topic = options.topic.removesuffix("timeseries") + "answers"

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

# The newest version of each point, and the request identity that named it.
held: dict[tuple, tuple] = {}
# Of each request identity: the version of the newest answer that names a point, by point.
named: dict[int, dict[tuple, tuple]] = {}
# Of each request identity: the newest answer of which a slice was read, and how many points of it.
read: dict[int, tuple] = {}
# Of each request identity: the newest accepted answer.
accepted: dict[int, dict] = {}


def version_of(record) -> tuple:
    """The newer answer counts, and of the same answer the newer reading."""
    return (record["knownAt"], record["transformVersion"])


def take_slice(record, replay: bool) -> None:
    """Prints the points of a slice that are news. Times are datetimes in UTC."""
    identity, version = record["identity"], version_of(record)
    for index, value in enumerate(record["values"]):
        ts = record["start"] + timedelta(seconds=index * record["step"])
        point = (record["dataset"], record["key"], ts)
        count(identity, point, version)
        if point in held and version <= held[point][0]:  # a repeat, or an older answer
            continue
        held[point] = (version, identity)
        show(point, version, value, False, replay)
    withdraw(identity, replay)


def count(identity: int, point: tuple, version: tuple) -> None:
    """Counts each point of the newest answer once."""
    points = named.setdefault(identity, {})
    if point in points and version <= points[point]:
        return
    points[point] = version
    newest, so_far = read.get(identity, (None, 0))
    if newest is None or version > newest:
        read[identity] = (version, 1)
    elif version == newest:
        read[identity] = (version, so_far + 1)


def take_answer(answer, replay: bool) -> None:
    identity = answer["identity"]
    if not answer["replaces"] or (identity in accepted and version_of(answer) <= version_of(accepted[identity])):
        return
    accepted[identity] = answer
    withdraw(identity, replay)


def withdraw(identity: int, replay: bool) -> None:
    """Once all points of the newest answer were read, what older answers of its identity named and it did not is
    withdrawn."""
    if identity not in accepted:
        return
    version = version_of(accepted[identity])
    newest, points = read.get(identity, (None, 0))
    if newest is not None and newest > version:
        return
    if (points if newest == version else 0) != accepted[identity]["points"]:
        return
    for point, was in list(named.get(identity, {}).items()):
        if was >= version:
            continue
        del named[identity][point]
        stands, named_by = held[point]
        if named_by == identity and stands < version:
            held[point] = (version, identity)
            show(point, version, None, True, replay)


def show(point: tuple, version: tuple, value: float | None, withdrawn: bool, replay: bool) -> None:
    dataset, key, ts = point
    known_at, transform_version = version
    line = {"dataset": dataset, "key": key, "ts": text(ts), "knownAt": text(known_at), "value": value}
    line |= {"withdrawn": withdrawn, "transformVersion": transform_version, "replay": replay}
    print(json.dumps(line), flush=True)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def starts(topic: str) -> list[TopicPartition]:
    """A record is written after it became known, so the offset of a time misses nothing; a minute is for clocks that
    differ."""
    metadata = consumer.list_topics(topic, timeout=30).topics[topic]
    if metadata.error is not None and metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        sys.exit(f"There is no topic {topic}")
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    at_ms = max(0, (since - epoch) // timedelta(milliseconds=1) - 60_000)
    return consumer.offsets_for_times([TopicPartition(topic, each, at_ms) for each in metadata.partitions], 30)


partitions = starts(options.topic) + starts(answers_topic)
unread = {(each.topic, each.partition) for each in partitions}
consumer.assign(partitions)
while unread or not options.to_end:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error() is None:
        # The schema's id stands in the first bytes of the value. What cannot be read ends the program.
        record = decode(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
        replay = "replay" in dict(message.headers() or [])
        if record["knownAt"] < since or (replay and options.skip_replays):
            continue
        take = take_answer if message.topic() == answers_topic else take_slice
        take(record, replay)
    elif message.error().code() == KafkaError._PARTITION_EOF:
        unread.discard((message.topic(), message.partition()))
    elif message.error().fatal() or not message.error().retriable():
        raise KafkaException(message.error())
consumer.close()
