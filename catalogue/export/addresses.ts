/**
 * Where others reach this tidemark. An export names no other address: the addresses that processes use among themselves
 * mean nothing outside, and say too much.
 */
export interface PublicAddresses {
  /** Base of the API, without a slash at its end: https://data.example.org/tidemark. Null: a URN stands for it. */
  url: string | null
  kafka: HostAndPort | null
  clickhouse: HostAndPort | null
}

export interface HostAndPort {
  host: string
  port: number
}

/** The identifier of a dataset, which no address and no release changes. */
export const urnOf = (dataset: string): string => `urn:tidemark:${dataset}`

/** The page of a dataset in the API. Without a public address: its URN. */
export const datasetUrl = ({ url }: PublicAddresses, dataset: string): string =>
  url === null ? urnOf(dataset) : `${url}/api/v1/datasets/${encodeURIComponent(dataset)}`
