import java.sql.*;
import java.util.Properties;

/** What a Java program does with the endpoint; prints one line a finding. Arguments: host:port, user, password. */
public class JdbcClient {
  public static void main(String[] args) throws Exception {
    Class.forName("com.clickhouse.jdbc.Driver");
    Properties properties = new Properties();
    properties.put("user", args[1]);
    properties.put("password", args[2]);
    try (Connection c = DriverManager.getConnection("jdbc:clickhouse://" + args[0] + "/t?compress=0", properties)) {
      try (Statement s = c.createStatement()) {
        s.execute("CREATE TABLE t.j (id UInt32, name String, at DateTime64(3, 'UTC'), v Nullable(Float64)) ENGINE = MergeTree ORDER BY id");
      }
      try (PreparedStatement p = c.prepareStatement("INSERT INTO t.j (id, name, v) VALUES (?, ?, ?)")) {
        for (int i = 0; i < 500; i++) {
          p.setInt(1, i);
          p.setString(2, "a\n\nDROP TABLE t.j;'" + i);
          if (i % 2 == 0) p.setDouble(3, i); else p.setNull(3, Types.DOUBLE);
          p.addBatch();
        }
        p.executeBatch();
      }
      try (PreparedStatement p = c.prepareStatement("SELECT count(), sum(v), max(name) FROM t.j WHERE id < ?")) {
        p.setInt(1, 400);
        try (ResultSet r = p.executeQuery()) {
          r.next();
          System.out.println("counted " + r.getLong(1) + " " + r.getDouble(2) + " " + r.getString(3).replace("\n", "|"));
        }
      }
      try (ResultSet r = c.getMetaData().getColumns(null, "t", "j", "%")) {
        StringBuilder names = new StringBuilder("columns");
        while (r.next()) names.append(' ').append(r.getString("COLUMN_NAME"));
        System.out.println(names);
      }
      try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT number FROM numbers(100000)")) {
        long rows = 0;
        while (r.next()) rows++;
        System.out.println("streamed " + rows);
      }
      try (Statement s = c.createStatement()) {
        s.executeQuery("SELECT * FROM t.nothing");
      } catch (SQLException e) {
        System.out.println("error " + e.getMessage().contains("UNKNOWN_TABLE"));
      }
    }
  }
}
