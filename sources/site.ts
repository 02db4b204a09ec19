// The part of a source that stands in for upstream: it reads requests of upstream's own clients, and composes their
// answers from stored answers. Pure: whoever serves it finds the stored answers.
import type { Window } from './calendar.ts'

export interface Site {
  /**
   * Reads a request: its path, percent-encoded and with a leading slash, and its query. Names of parameters ignore case.
   * Returns undefined if the path is not that of a dataset of the source. Returns a problem for a parameter that cannot
   * be applied to stored answers, because ignoring it would give another answer than upstream's.
   */
  read: (path: string, query: URLSearchParams) => SiteRequest | SiteProblem | undefined
}

/** `message`: a sentence that names the parameter, and says what to send instead. */
export interface SiteProblem {
  status: 400
  message: string
}

export interface SiteRequest {
  dataset: string
  /** What is asked for besides the time, for messages: symbols joined by commas, a corridor. Null: nothing. */
  selector: string | null
  /**
   * The stored answers of the windows that overlap it are needed. Null: the newest tick at or before the instant is
   * needed. It is exactly a window if the request is the one that the dataset itself makes for the window.
   */
  span: Window | null
  /** Returns true if an answer to the dataset's own request with this selector, as it is stored, is needed. */
  needs: (selector: string | null) => boolean
  /**
   * Returns upstream's answer, from the newest accepted answer of each needed window and selector, in the order of the
   * windows. If one of them answered this very request, the body is its body, the same object. Otherwise values are cut
   * out as bytes, so numbers and the order of keys stay as upstream wrote them.
   * @throws Error if an answer cannot be read, or if rows that are counted are in none of the answers
   */
  compose: (answers: readonly SiteAnswer[]) => SiteReply
}

/** An accepted answer, and the request that it answered. `knownAtMs` tells the newer of two pages. */
export interface SiteAnswer {
  window: Window
  selector: string | null
  knownAtMs: number
  body: Uint8Array
}

/** JSON. The status is the one with which upstream sends such a body. */
export interface SiteReply {
  status: number
  body: Uint8Array
}
