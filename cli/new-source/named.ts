import { readdirSync, readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { sourceNameProblem, takenSuffixes } from '#catalogue/check-declarations.ts'
import { UserError } from '#platform/process/user-error.ts'

export const template = new URL('template/', import.meta.url)

/** Spellings of a source's name. Each comment shows an example, and says where the spelling is used. */
export interface Names {
  /** `ice-nl`: topics, datasets, folder. */
  name: string
  /** `iceNl`: identifiers in code. */
  constant: string
  /** `ice_nl`: views. */
  view: string
  /** `ICE_NL`: prefix of environment variables. */
  upper: string
  setting: string
}

/** Spellings of a record's name. Each comment shows an example, and says where the spelling is used. */
export interface RecordNames {
  /** `WaterLevel`: schema and type. */
  type: string
  /** `waterLevel`: identifiers in code. */
  constant: string
  /** `water-level`: topic, dataset, folder and files. */
  name: string
  /** `water_level`: tables and view. */
  view: string
}

/** Returns the spellings of a record's name. @throws UserError if the name is not allowed */
export function recordNamesOf(type: string): RecordNames {
  const refuse = (why: string): never => {
    throw new UserError(`A record cannot be named ${JSON.stringify(type)}: ${why}`)
  }
  if (!/^([A-Z][a-z0-9]+)+$/.test(type)) refuse('a name is words that begin with a capital, as in WaterLevel.')
  const name = type.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
  const constant = type.charAt(0).toLowerCase() + type.slice(1)
  if (takenSuffixes.includes(name)) refuse(`every source has a topic ${name}. Choose another name.`)
  if ([type, constant, name].some(isWordOfTemplate)) refuse('it means something else in its code. Choose another name.')
  return { type, constant, name, view: name.replaceAll('-', '_') }
}

export function namesOf(name: string): Names {
  const constant = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const view = name.replaceAll('-', '_')
  const upper = view.toUpperCase()
  return { name, constant, view, upper, setting: `${upper}_BASE_URL` }
}

/** Checks the name of a new source. @throws UserError if the name is not allowed, or is in `taken` */
export function refuseName(name: string, taken: readonly string[]): void {
  const problem = sourceNameProblem(name)
  if (problem !== undefined) throw new UserError(`A source cannot be named ${JSON.stringify(name)}: ${problem}`)
  if (taken.includes(name))
    throw new UserError(`There is a source ${name} already, sources/${name}: choose another name.`)
  const { constant } = namesOf(name)
  if (!isIdentifier(constant) || constant === 'sources')
    throw new UserError(
      `A source cannot be named ${name}: ${constant} means something else in its code. Choose another name.`,
    )
}

/** Returns true if the template's code has the word: as the name of a record, it would have two meanings there. */
function isWordOfTemplate(word: string): boolean {
  if (!isIdentifier(word.replaceAll('-', '_'))) return true
  const files = readdirSync(template).filter((file) => file.endsWith('.ts'))
  const pattern = new RegExp(`(?<![\\w-])${word}(?![\\w-])`)
  return files.some((file) => pattern.test(readFileSync(new URL(file, template), 'utf8')))
}

function isIdentifier(word: string): boolean {
  try {
    return new Script(`'use strict'; let ${word}`) !== undefined
  } catch {
    return false
  }
}

export interface UpstreamAddress {
  origin: string
  /** Path of the URL, with the leading slash. Characters that would end a string literal are escaped. */
  path: string
}

/** Splits --url into origin and path. @throws UserError unless it is an http(s) address without login and query */
export function upstreamOf(text: string): UpstreamAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UserError(`--url ${JSON.stringify(text)} is not an http(s) address.`)
  if (url.username !== '' || url.password !== '')
    throw new UserError(
      '--url holds a login: leave it out, a key is declared as `credential` and comes from the environment.',
    )
  if (url.search !== '' || url.hash !== '')
    throw new UserError('--url has a query: leave it out, requestPath in daily.ts writes it.')
  return { origin: url.origin, path: url.pathname.replaceAll("'", '%27').replaceAll('$', '%24') }
}
