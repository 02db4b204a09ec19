import { ClickHouseError } from '@clickhouse/client'

/**
 * How to treat an error of the store.
 * - retry: a dependency is unavailable; the same request may succeed later.
 * - data: the store refuses the content for ever; halve the batch until the bad record is alone.
 * - unlisted: this file does not list the error's code; the rows or the table may be to blame.
 * - bug: an error in our code; the process ends.
 */
export type ErrorKind = 'retry' | 'data' | 'unlisted' | 'bug'

/**
 * Classifies an error by its ClickHouse code. An error without such a code is a network error (retry), unless it is an
 * error of the language, such as TypeError (bug).
 */
export function errorKind(error: unknown): ErrorKind {
  if (error instanceof ClickHouseError) {
    const kind = kinds.get(Number(error.code)) ?? 'unlisted'
    // Bad rows are refused by the table that is inserted into. Behind a view, the fault may be a constraint or a view that
    // an operator added, which refuses every row. The code alone does not tell, so this goes by the text.
    return kind === 'data' && error.message.includes('while pushing to view') ? 'unlisted' : kind
  }
  if (error instanceof Error && !languageErrors.some((type) => error instanceof type)) return 'retry'
  return 'bug'
}

/** Returns true if retries fail until an operator acts: provisions the store, grants rights, or frees disk space. */
export function needsOperator(error: unknown): boolean {
  return error instanceof ClickHouseError && Object.hasOwn(operatorCodes, error.code)
}

/** Returns true if the server refuses rows in a binary format because its columns have other types than they state. */
export const isOtherTypes = (error: unknown): boolean =>
  error instanceof ClickHouseError && error.code === '117' && /Type of .* must be/.test(error.message)

const languageErrors = [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]

const operatorCodes: Record<number, string> = {
  16: 'NO_SUCH_COLUMN_IN_TABLE',
  60: 'UNKNOWN_TABLE',
  81: 'UNKNOWN_DATABASE',
  164: 'READONLY',
  192: 'UNKNOWN_USER',
  193: 'WRONG_PASSWORD',
  194: 'REQUIRED_PASSWORD',
  195: 'IP_ADDRESS_NOT_ALLOWED',
  243: 'NOT_ENOUGH_SPACE',
  497: 'ACCESS_DENIED',
  516: 'AUTHENTICATION_FAILED',
  774: 'TABLE_IS_PERMANENTLY_READ_ONLY',
}

const retryCodes: Record<number, string> = {
  ...operatorCodes,
  23: 'CANNOT_READ_FROM_ISTREAM',
  24: 'CANNOT_WRITE_TO_OSTREAM',
  74: 'CANNOT_READ_FROM_FILE_DESCRIPTOR',
  75: 'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
  76: 'CANNOT_OPEN_FILE',
  77: 'CANNOT_CLOSE_FILE',
  95: 'CANNOT_READ_FROM_SOCKET',
  96: 'CANNOT_WRITE_TO_SOCKET',
  159: 'TIMEOUT_EXCEEDED',
  160: 'TOO_SLOW',
  173: 'CANNOT_ALLOCATE_MEMORY',
  198: 'DNS_ERROR',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  203: 'NO_FREE_CONNECTION',
  204: 'CANNOT_FSYNC',
  209: 'SOCKET_TIMEOUT',
  210: 'NETWORK_ERROR',
  218: 'TABLE_IS_DROPPED',
  225: 'NO_ZOOKEEPER',
  236: 'ABORTED',
  241: 'MEMORY_LIMIT_EXCEEDED',
  242: 'TABLE_IS_READ_ONLY',
  246: 'CORRUPTED_DATA',
  252: 'TOO_MANY_PARTS',
  254: 'NO_ACTIVE_REPLICAS',
  279: 'ALL_CONNECTION_TRIES_FAILED',
  285: 'TOO_FEW_LIVE_REPLICAS',
  286: 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE',
  319: 'UNKNOWN_STATUS_OF_INSERT',
  364: 'RECEIVED_ERROR_TOO_MANY_REQUESTS',
  394: 'QUERY_WAS_CANCELLED',
  425: 'SYSTEM_ERROR',
  439: 'CANNOT_SCHEDULE_TASK',
  473: 'DEADLOCK_AVOIDED',
  499: 'S3_ERROR',
  733: 'TABLE_IS_BEING_RESTARTED',
  745: 'SERVER_OVERLOADED',
  749: 'TCP_CONNECTION_LIMIT_REACHED',
  762: 'HTTP_CONNECTION_LIMIT_REACHED',
  776: 'RESOURCE_LIMIT_EXCEEDED',
  777: 'MEMORY_RESERVATION_KILLED',
  778: 'MEMORY_RESERVATION_FAILED',
  999: 'KEEPER_EXCEPTION',
  1000: 'POCO_EXCEPTION',
  1001: 'STD_EXCEPTION',
  1002: 'UNKNOWN_EXCEPTION',
}

const dataCodes: Record<number, string> = {
  6: 'CANNOT_PARSE_TEXT',
  7: 'INCORRECT_NUMBER_OF_COLUMNS',
  25: 'CANNOT_PARSE_ESCAPE_SEQUENCE',
  26: 'CANNOT_PARSE_QUOTED_STRING',
  27: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  32: 'ATTEMPT_TO_READ_AFTER_EOF',
  33: 'CANNOT_READ_ALL_DATA',
  38: 'CANNOT_PARSE_DATE',
  41: 'CANNOT_PARSE_DATETIME',
  53: 'TYPE_MISMATCH',
  69: 'ARGUMENT_OUT_OF_BOUND',
  70: 'CANNOT_CONVERT_TYPE',
  72: 'CANNOT_PARSE_NUMBER',
  117: 'INCORRECT_DATA',
  128: 'TOO_LARGE_ARRAY_SIZE',
  130: 'CANNOT_READ_ARRAY_FROM_TEXT',
  131: 'TOO_LARGE_STRING_SIZE',
  190: 'SIZES_OF_ARRAYS_DONT_MATCH',
  321: 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  349: 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN',
  467: 'CANNOT_PARSE_BOOL',
  469: 'VIOLATED_CONSTRAINT',
}

export const knownCodes: Record<number, string> = { ...retryCodes, ...dataCodes }

const kinds = new Map<number, ErrorKind>([
  ...Object.keys(retryCodes).map((code): [number, ErrorKind] => [Number(code), 'retry']),
  ...Object.keys(dataCodes).map((code): [number, ErrorKind] => [Number(code), 'data']),
])
