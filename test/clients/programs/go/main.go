// What clickhouse-go is told by the endpoint, by every compression; prints one line each. Arguments: host:port, user, password.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func main() {
	methods := []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionGZIP, clickhouse.CompressionDeflate,
		clickhouse.CompressionBrotli, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD,
	}
	for _, method := range methods {
		connection, err := clickhouse.Open(&clickhouse.Options{
			Addr:        []string{os.Args[1]},
			Protocol:    clickhouse.HTTP,
			Compression: &clickhouse.Compression{Method: method},
			Auth:        clickhouse.Auth{Database: "t", Username: os.Args[2], Password: os.Args[3]},
		})
		if err == nil {
			err = connection.Ping(context.Background())
		}
		fmt.Println(method, err)
	}
}
