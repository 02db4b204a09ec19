// Follows a source of tidemark and prints each point that is news as one line of JSON, and each point that a newer answer
// withdraws. Reads the source's slices and answers from their beginning, commits nothing, and holds what it has seen in
// memory: see docs/subscribing.md before you build on it.
//
//   mvn org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies     (with the pom.xml beside this file)
//   KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 \
//     java -cp 'target/dependency/*' Subscribe.java
//
//   --topic jao.timeseries        another source's slices; its answers are on jao.answers
//   --from 2026-11-21T08:00:00Z   only what became known then or later
//   --skip-replays                without history that was done again
//   --to-end                      stop where the topic ends now

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Subscribe {
  static final ObjectMapper json = new ObjectMapper();
  static final HttpClient http = HttpClient.newHttpClient();
  static final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();

  record Point(String dataset, String key, long ts) {}

  record Named(long version, long identity) {}

  record Count(long version, int points) {}

  /** The newest version of each point, and the request identity that named it. */
  static final Map<Point, Named> held = new HashMap<>();
  /** Of each request identity: the version of the newest answer that names a point, by point. */
  static final Map<Long, Map<Point, Long>> named = new HashMap<>();
  /** Of each request identity: the newest answer of which a slice was read, and how many points of it. */
  static final Map<Long, Count> read = new HashMap<>();
  /** Of each request identity: the newest accepted answer. */
  static final Map<Long, GenericRecord> accepted = new HashMap<>();

  static String topic = "jao.timeseries";
  static String answersTopic;
  static long fromMs = 0;
  static boolean skipReplays, toEnd;

  public static void main(String[] arguments) throws Exception {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "error");
    for (Iterator<String> words = List.of(arguments).iterator(); words.hasNext(); ) {
      String word = words.next();
      if (word.equals("--topic")) topic = words.next();
      else if (word.equals("--from")) fromMs = Instant.parse(words.next()).toEpochMilli();
      else if (word.equals("--skip-replays")) skipReplays = true;
      else if (word.equals("--to-end")) toEnd = true;
      else end("There is no option " + word);
    }
    if (!topic.endsWith(".timeseries")) end("--topic " + topic + " is not a topic of slices: write jao.timeseries");
    answersTopic = topic.replaceAll("timeseries$", "answers");
    Map<String, Object> settings = Map.of("bootstrap.servers", setting("KAFKA_BROKERS", "127.0.0.1:17300"));
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes)) {
      var topics = consumer.listTopics();
      var partitions = new ArrayList<TopicPartition>();
      for (var each : List.of(topic, answersTopic)) {
        if (!topics.containsKey(each)) end("There is no topic " + each);
        consumer.partitionsFor(each).forEach(it -> partitions.add(new TopicPartition(each, it.partition())));
      }
      var ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      // A record is written after it became known, so the offset of a time misses nothing; a minute is for clocks that differ.
      long seekMs = Math.max(0, fromMs - 60_000);
      var starts = consumer.offsetsForTimes(partitions.stream().collect(Collectors.toMap(it -> it, it -> seekMs)));
      starts.forEach((partition, start) -> consumer.seek(partition, start == null ? ends.get(partition) : start.offset()));
      while (!toEnd || partitions.stream().anyMatch(it -> consumer.position(it) < ends.get(it))) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) take(record);
      }
    }
  }

  static void end(String why) {
    System.err.println(why);
    System.exit(1);
  }

  static void take(ConsumerRecord<byte[], byte[]> message) throws IOException, InterruptedException {
    GenericRecord record = decode(message.value());
    boolean replay = message.headers().lastHeader("replay") != null;
    if ((long) record.get("knownAt") < fromMs || (replay && skipReplays)) return;
    if (message.topic().equals(answersTopic)) takeAnswer(record, replay);
    else takeSlice(record, replay);
  }

  /** The newer answer counts, and of the same answer the newer reading (transformVersion is below 4096). */
  static long versionOf(GenericRecord record) {
    return (long) record.get("knownAt") * 4096 + (int) record.get("transformVersion");
  }

  /** Prints the points of a slice that are news. Times are ms UTC. */
  static void takeSlice(GenericRecord slice, boolean replay) throws IOException {
    long identity = (long) slice.get("identity");
    long version = versionOf(slice);
    long ts = (long) slice.get("start");
    for (Object value : (List<?>) slice.get("values")) {
      var point = new Point(slice.get("dataset").toString(), slice.get("key").toString(), ts);
      count(identity, point, version);
      if (!held.containsKey(point) || version > held.get(point).version()) { // else a repeat, or an older answer
        held.put(point, new Named(version, identity));
        print(point, value, false, version, replay);
      }
      ts += 1000L * (int) slice.get("step");
    }
    withdraw(identity, replay);
  }

  /** Counts each point of the newest answer once. */
  static void count(long identity, Point point, long version) {
    var points = named.computeIfAbsent(identity, it -> new HashMap<>());
    if (version <= points.getOrDefault(point, -1L)) return;
    points.put(point, version);
    var newest = read.getOrDefault(identity, new Count(-1, 0));
    if (version > newest.version()) read.put(identity, new Count(version, 1));
    else if (version == newest.version()) read.put(identity, new Count(version, newest.points() + 1));
  }

  static void takeAnswer(GenericRecord answer, boolean replay) throws IOException {
    long identity = (long) answer.get("identity");
    if (!(boolean) answer.get("replaces")) return;
    if (accepted.containsKey(identity) && versionOf(answer) <= versionOf(accepted.get(identity))) return;
    accepted.put(identity, answer);
    withdraw(identity, replay);
  }

  /** Once all points of the newest answer were read, what older answers of its identity named and it did not is withdrawn. */
  static void withdraw(long identity, boolean replay) throws IOException {
    if (!accepted.containsKey(identity)) return;
    long version = versionOf(accepted.get(identity));
    var newest = read.getOrDefault(identity, new Count(-1, 0));
    int points = newest.version() == version ? newest.points() : 0;
    if (newest.version() > version || points != (int) accepted.get(identity).get("points")) return;
    for (var each = named.getOrDefault(identity, new HashMap<>()).entrySet().iterator(); each.hasNext(); ) {
      var entry = each.next();
      if (entry.getValue() >= version) continue;
      var point = entry.getKey();
      each.remove();
      if (held.get(point).identity() != identity || held.get(point).version() >= version) continue;
      held.put(point, new Named(version, identity));
      print(point, null, true, version, replay);
    }
  }

  static void print(Point point, Object value, boolean withdrawn, long version, boolean replay) throws IOException {
    var line = new LinkedHashMap<String, Object>();
    line.put("dataset", point.dataset());
    line.put("key", point.key());
    line.put("ts", Instant.ofEpochMilli(point.ts()).toString());
    line.put("knownAt", Instant.ofEpochMilli(version / 4096).toString());
    line.put("value", value);
    line.put("withdrawn", withdrawn);
    line.put("transformVersion", version % 4096);
    line.put("replay", replay);
    System.out.println(json.writeValueAsString(line));
  }

  /** A zero byte, the schema's id in four bytes, then Avro as that schema says. */
  static GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    ByteBuffer buffer = ByteBuffer.wrap(value);
    if (buffer.get() != 0) throw new IOException("not a record of a schema registry");
    int id = buffer.getInt();
    if (!readers.containsKey(id)) readers.put(id, new GenericDatumReader<>(schema(id)));
    return readers.get(id).read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
  }

  static Schema schema(int id) throws IOException, InterruptedException {
    String url = setting("SCHEMA_REGISTRY_URL", "http://127.0.0.1:17301/apis/ccompat/v7") + "/schemas/ids/" + id;
    var answer = http.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IOException(url + " answered " + answer.statusCode());
    return new Schema.Parser().parse(json.readTree(answer.body()).get("schema").asText());
  }

  static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
