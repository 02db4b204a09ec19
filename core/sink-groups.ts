import type { Topic } from '#schemas/topics.ts'

/** The consumer groups of the sink. Dead letters have their own, because they are read in much smaller fetches. */
export const sinkGroup = 'sink'
export const sinkLettersGroup = 'sink-dead-letters'

/** Returns the group in which the sink reads a topic that declares a table. */
export const sinkGroupOf = ({ record }: Pick<Topic, 'record'>): string =>
  record === null ? sinkLettersGroup : sinkGroup
