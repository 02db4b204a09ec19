import { doubledKey, hasDoubledKeys } from '../answers/doubled-keys.ts'
import type { VoteColumns } from './columns.ts'
import { readCreationDate } from './creation-date.ts'

/** Greatest integer that the Avro codec accepts. */
const greatest = Number.MAX_SAFE_INTEGER - 1

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const maxShownChars = 60

/** Adds the vote of a line, which must not be blank, to the columns. Returns the reason if the line is invalid. */
export function takeLine(line: Uint8Array, columns: VoteColumns): string | undefined {
  let text: string
  try {
    text = utf8.decode(line)
  } catch {
    return 'is not UTF-8'
  }
  let vote: unknown
  try {
    vote = JSON.parse(text)
  } catch {
    return `is no JSON: ${shown(text)}`
  }
  if (typeof vote !== 'object' || vote === null || Array.isArray(vote)) return `is no JSON object: ${shown(text)}`
  if (hasDoubledKeys(line, vote)) return `has the key ${shown(JSON.stringify(doubledKey(line)))} twice: ${shown(text)}`
  return takeVote(vote as Record<string, unknown>, columns)
}

function takeVote(vote: Record<string, unknown>, columns: VoteColumns): string | undefined {
  const id = wholeNumber(vote.Id, 0, greatest)
  if (id === null) return 'has no Id'
  if (id === undefined) return `has an Id that is no whole number from 0 to 2^53 - 1: ${shown(JSON.stringify(vote.Id))}`
  const { CreationDate } = vote
  if (CreationDate === undefined || CreationDate === null) return 'has no CreationDate'
  const date = typeof CreationDate === 'string' ? readCreationDate(CreationDate) : undefined
  if (date === undefined) {
    return `has a CreationDate that is no date from 1900 to 2299: ${shown(JSON.stringify(CreationDate))}`
  }
  const postId = wholeNumber(vote.PostId, 0, greatest)
  const voteTypeId = wholeNumber(vote.VoteTypeId, 0, 65_535)
  // The user id -1 is the site's community user.
  const userId = wholeNumber(vote.UserId, -1, greatest)
  const bountyAmount = wholeNumber(vote.BountyAmount, 0, 4_294_967_295)
  const others = { PostId: postId, VoteTypeId: voteTypeId, UserId: userId, BountyAmount: bountyAmount }
  const mistyped = Object.entries(others).find(([, value]) => value === undefined)?.[0]
  if (mistyped !== undefined)
    return `has a ${mistyped} that is no such number: ${shown(JSON.stringify(vote[mistyped]))}`
  columns.ids.push(id)
  columns.postIds.push(postId as number | null)
  columns.voteTypeIds.push(voteTypeId as number | null)
  columns.creationDates.push(date)
  columns.userIds.push(userId as number | null)
  columns.bountyAmounts.push(bountyAmount as number | null)
  return undefined
}

function wholeNumber(value: unknown, least: number, greatest: number): number | null | undefined {
  if (value === undefined || value === null) return null
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value
  const fits = typeof number === 'number' && Number.isInteger(number) && number >= least && number <= greatest
  return fits ? number : undefined
}

const shown = (text: string): string => {
  const plain = text.slice(0, maxShownChars).replace(/\p{Cc}/gu, '\ufffd')
  return text.length > maxShownChars ? `${plain}…` : plain
}
