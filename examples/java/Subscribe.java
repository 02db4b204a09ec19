// Follows a topic of tidemark and prints each point that is news as one line of JSON. Reads from the topic's beginning,
// commits nothing, and holds what it has seen in memory: see docs/subscribing.md before you build on it.
//
//   mvn org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies     (with the pom.xml beside this file)
//   KAFKA_BROKERS=127.0.0.1:17300 SCHEMA_REGISTRY_URL=http://127.0.0.1:17301/apis/ccompat/v7 \
//     java -cp 'target/dependency/*' Subscribe.java
//
//   --topic jao.timeseries        another source's slices
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

  static final Map<Point, Long> held = new HashMap<>();

  static String topic = "jao.timeseries";
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
    Map<String, Object> settings = Map.of("bootstrap.servers", setting("KAFKA_BROKERS", "127.0.0.1:17300"));
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes)) {
      if (!consumer.listTopics().containsKey(topic)) end("There is no topic " + topic);
      var partitions = consumer.partitionsFor(topic).stream().map(it -> new TopicPartition(topic, it.partition())).toList();
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

  /** Prints the points of a record that are news. Times are ms UTC. */
  static void take(ConsumerRecord<byte[], byte[]> record) throws IOException, InterruptedException {
    GenericRecord slice = decode(record.value());
    boolean isReplay = record.headers().lastHeader("replay") != null;
    long knownAt = (long) slice.get("knownAt");
    if (knownAt < fromMs || (isReplay && skipReplays)) return;
    // The newer answer counts, and of the same answer the newer reading (transformVersion is below 4096).
    long version = knownAt * 4096 + (int) slice.get("transformVersion");
    long ts = (long) slice.get("start");
    for (Object value : (List<?>) slice.get("values")) {
      var point = new Point(slice.get("dataset").toString(), slice.get("key").toString(), ts);
      if (version > held.getOrDefault(point, -1L)) { // else a repeat, or an older answer
        held.put(point, version);
        print(point, value, knownAt, slice.get("transformVersion"), isReplay);
      }
      ts += 1000L * (int) slice.get("step");
    }
  }

  static void print(Point point, Object value, long knownAt, Object transformVersion, boolean isReplay) throws IOException {
    var line = new LinkedHashMap<String, Object>();
    line.put("dataset", point.dataset());
    line.put("key", point.key());
    line.put("ts", Instant.ofEpochMilli(point.ts()).toString());
    line.put("knownAt", Instant.ofEpochMilli(knownAt).toString());
    line.put("value", value);
    line.put("transformVersion", transformVersion);
    line.put("replay", isReplay);
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
