import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics from their beginning as Java does: Kafka's own client and Apache Avro, schemas from the registry.
 * One line of JSON for each record. Arguments: brokers, registry, topics.
 */
public class ReadTopics {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final HttpClient http = HttpClient.newHttpClient();
    private static final ObjectMapper json = new ObjectMapper();
    private static final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("isolation.level", "read_committed");
        settings.put("enable.auto.commit", "false");
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : arguments[2].split(",")) {
                consumer.partitionsFor(topic).forEach(each -> partitions.add(new TopicPartition(topic, each.partition())));
            }
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) out.println(line(arguments[1], record));
            }
        }
        out.flush();
    }

    private static String line(String registry, ConsumerRecord<byte[], byte[]> record) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(record.value());
        if (bytes.get() != 0) throw new IllegalStateException("no magic byte at " + record);
        GenericDatumReader<GenericRecord> reader = readerOf(registry, bytes.getInt());
        var decoder = DecoderFactory.get().binaryDecoder(record.value(), bytes.position(), bytes.remaining(), null);
        GenericRecord event = reader.read(null, decoder);
        if (!decoder.isEnd()) throw new IllegalStateException("bytes are left over at " + record);
        String key = new String(record.key(), StandardCharsets.UTF_8);
        return "{\"stream\":" + json.writeValueAsString(key) + ",\"type\":\"" + event.getSchema().getName() + "\",\"data\":" + event + "}";
    }

    private static GenericDatumReader<GenericRecord> readerOf(String registry, int id) throws Exception {
        GenericDatumReader<GenericRecord> known = readers.get(id);
        if (known != null) return known;
        HttpRequest ask = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
        String answer = http.send(ask, HttpResponse.BodyHandlers.ofString()).body();
        var reader = new GenericDatumReader<GenericRecord>(new Schema.Parser().parse(json.readTree(answer).get("schema").asText()));
        readers.put(id, reader);
        return reader;
    }
}
