// The classes of windows: a glyph and a colour each, and causes in words.
import type { CompletenessClass } from '../api/records.ts'

/** One sign a class, so that a reader who sees no colours can tell them apart. */
export const glyphs: Readonly<Record<CompletenessClass, string>> = {
  complete: '✓',
  partial: '◐',
  late: '!',
  lost: '×',
  retracted: '↩',
  'not-yet-due': '·',
  'not-collected': '–',
  'before-history': ' ',
  deleted: '⌫',
  unknown: '?',
}

const causes: Readonly<Record<string, string>> = {
  'upstream-empty': 'theirs: upstream answers, but empty',
  'upstream-refused': 'theirs: upstream answers with an error',
  'upstream-unreachable': 'theirs: upstream does not answer',
  'ours-not-asked': 'ours: we did not ask',
  'ours-dead-letter': 'ours: we refused the answer',
  'ours-parked': 'ours: the dataset is parked',
  'ours-lag': 'ours: the answer is not in the store yet',
}

/** Says whose fault it is. */
export const causeText = (cause: string): string => causes[cause] ?? cause

export const ClassMark = ({ of }: { of: CompletenessClass }) => (
  <span class={`mark mark-${of}`} title={of}>
    <span aria-hidden="true">{glyphs[of]}</span> {of}
  </span>
)
