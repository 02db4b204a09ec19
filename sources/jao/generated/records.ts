// Made by `npm run generate` from sources/jao/*/v*.avsc. Do not edit.
import type { RecordSchema } from '#schemas/record-schema.ts'

/** One constraint of a flow-based domain in one hour, as one page of an answer told it. Topic <source>.constraints, keyed by dataset, hour and row. Columns of upstream's that come and go stand in maps by their names. */
export interface FlowConstraint {
  /** What the source publishes, e.g. jao.core.finalComputation */
  dataset: string
  /** Start of the hour that was asked for, included, UTC */
  windowStart: number
  /** End of the hour, excluded, UTC */
  windowEnd: number
  /** Which page told it: how many rows stand before the page */
  skip: number
  /** Its place among all rows of the hour, from 0 */
  row: number
  /** How many rows the hour has altogether, as the page says */
  totalRows: number
  /** Start of delivery, UTC */
  start: number
  /** The operator of the element */
  tso: null | string
  /** Name of the critical network element */
  cneName: null | string
  /** Its energy identification code */
  cneEic: null | string
  /** DIRECT or OPPOSITE */
  direction: null | string
  /** Name of the contingency; none in the base case */
  contName: null | string
  /** Whether it can bind at all (Nordic: nonRedundant) */
  presolved: null | boolean
  /** Remaining available margin, MW */
  ram: null | number
  /** Power transfer distribution factors by hub */
  ptdf: Record<string, number>
  /** All other numbers by upstream's names: fmax, frm, fref, ... */
  numbers: Record<string, number>
  /** All other texts by upstream's names; true and false as texts */
  texts: Record<string, string>
  /** The elements that are out in the contingency, all as texts */
  contingencies: (Record<string, string>)[]
  /** Upstream's own last-modified time, where it gives one */
  upstreamModifiedAt: null | number
  /** When the page's last byte arrived */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** live, simulated or file */
  origin: string
  /** Where the page lies in <source>.raw */
  raw: RawPosition
}

export interface RawPosition {
  partition: number
  offset: number
}

export const flowConstraintSchema: RecordSchema<FlowConstraint> = {
  name: 'FlowConstraint',
  file: 'sources/jao/flow-constraint/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"FlowConstraint\",\"namespace\":\"tidemark\",\"doc\":\"One constraint of a flow-based domain in one hour, as one page of an answer told it. Topic <source>.constraints, keyed by dataset, hour and row. Columns of upstream's that come and go stand in maps by their names.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\",\"doc\":\"What the source publishes, e.g. jao.core.finalComputation\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the hour that was asked for, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the hour, excluded, UTC\"},{\"name\":\"skip\",\"type\":\"int\",\"doc\":\"Which page told it: how many rows stand before the page\"},{\"name\":\"row\",\"type\":\"int\",\"doc\":\"Its place among all rows of the hour, from 0\"},{\"name\":\"totalRows\",\"type\":\"int\",\"doc\":\"How many rows the hour has altogether, as the page says\"},{\"name\":\"start\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of delivery, UTC\"},{\"name\":\"tso\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The operator of the element\"},{\"name\":\"cneName\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Name of the critical network element\"},{\"name\":\"cneEic\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Its energy identification code\"},{\"name\":\"direction\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"DIRECT or OPPOSITE\"},{\"name\":\"contName\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Name of the contingency; none in the base case\"},{\"name\":\"presolved\",\"type\":[\"null\",\"boolean\"],\"default\":null,\"doc\":\"Whether it can bind at all (Nordic: nonRedundant)\"},{\"name\":\"ram\",\"type\":[\"null\",\"double\"],\"default\":null,\"doc\":\"Remaining available margin, MW\"},{\"name\":\"ptdf\",\"type\":{\"type\":\"map\",\"values\":\"double\"},\"default\":{},\"doc\":\"Power transfer distribution factors by hub\"},{\"name\":\"numbers\",\"type\":{\"type\":\"map\",\"values\":\"double\"},\"default\":{},\"doc\":\"All other numbers by upstream's names: fmax, frm, fref, ...\"},{\"name\":\"texts\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"default\":{},\"doc\":\"All other texts by upstream's names; true and false as texts\"},{\"name\":\"contingencies\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":\"string\"}},\"default\":[],\"doc\":\"The elements that are out in the contingency, all as texts\"},{\"name\":\"upstreamModifiedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Upstream's own last-modified time, where it gives one\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the page's last byte arrived\"},{\"name\":\"transformVersion\",\"type\":\"int\",\"doc\":\"Number of the dataset's explode, 0 to 4095\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"live, simulated or file\"},{\"name\":\"raw\",\"type\":{\"type\":\"record\",\"name\":\"RawPosition\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"offset\",\"type\":\"long\"}]},\"doc\":\"Where the page lies in <source>.raw\"}]}",
}
