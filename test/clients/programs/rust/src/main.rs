// What a Rust program does with the endpoint; prints one line a finding. Arguments: URL, user, password.
use clickhouse::{Client, Compression, Row};
use serde::{Deserialize, Serialize};

#[derive(Debug, Row, Serialize, Deserialize)]
struct Line {
    id: u32,
    name: String,
    v: Option<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clickhouse::error::Error> {
    let given: Vec<String> = std::env::args().collect();
    let client = Client::default()
        .with_url(&given[1])
        .with_user(&given[2])
        .with_password(&given[3])
        .with_database("t")
        .with_compression(Compression::None);
    client.query("CREATE TABLE rust (id UInt32, name String, v Nullable(Float64)) ENGINE = MergeTree ORDER BY id").execute().await?;
    let mut insert = client.insert::<Line>("rust").await?;
    for id in 0..500u32 {
        let v = if id % 2 == 0 { Some(f64::from(id)) } else { None };
        insert.write(&Line { id, name: format!("a\n\n;'{id}"), v }).await?;
    }
    insert.end().await?;
    let lines = client.query("SELECT ?fields FROM rust WHERE id < ? ORDER BY id").bind(400).fetch_all::<Line>().await?;
    let sum: f64 = lines.iter().filter_map(|line| line.v).sum();
    println!("read {} {} {:?}", lines.len(), sum, lines[399].name);
    let streamed = client.query("SELECT number FROM numbers(100000)").fetch_all::<u64>().await?;
    println!("streamed {}", streamed.len());
    let text = client.query("SELECT {p:String}").param("p", "it's\n").fetch_one::<String>().await?;
    println!("parameter {text:?}");
    let error = client.query("SELECT * FROM nothing").fetch_one::<u64>().await.unwrap_err();
    println!("error {}", error.to_string().contains("UNKNOWN_TABLE"));
    Ok(())
}
