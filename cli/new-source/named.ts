import { readdirSync, readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { sourceNameProblem, takenSuffixes } from '#catalogue/check-declarations.ts'
import { UserError } from '#platform/process/user-error.ts'

/** The folder that a new source is copied from. */
export const template = new URL('template/', import.meta.url)

/** A source's name as each place spells it. */
export interface Names {
  /** ice-nl: topics, datasets, the folder. */
  name: string
  /** iceNl: in code. */
  constant: string
  /** ice_nl: views. */
  view: string
  /** ICE_NL: the beginning of its settings. */
  upper: string
  /** ICE_NL_BASE_URL */
  setting: string
}

/** The name of a record of the source's own as each place spells it. */
export interface RecordNames {
  /** WaterLevel: the schema and its type. */
  type: string
  /** waterLevel: in code. */
  constant: string
  /** water-level: the topic, the dataset, the folder and the files. */
  name: string
  /** water_level: tables and the view. */
  view: string
}

/** @throws UserError when a record cannot be named so */
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

/** @throws UserError when a source cannot be named so */
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

/** Whether a word stands in the files of the template, where it would come to mean two things. */
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

/** Where an upstream answers. */
export interface UpstreamAddress {
  origin: string
  /** Begins with a slash; holds nothing that would end a string of code. */
  path: string
}

/** @throws UserError when it is no http(s) address alone */
export function upstreamOf(text: string): UpstreamAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UserError(`--url ${JSON.stringify(text)} is no http(s) address.`)
  if (url.username !== '' || url.password !== '')
    throw new UserError(
      '--url holds a login: leave it out, a key is declared as `credential` and comes from the environment.',
    )
  if (url.search !== '' || url.hash !== '')
    throw new UserError('--url has a query: leave it out, requestPath in daily.ts writes it.')
  return { origin: url.origin, path: url.pathname.replaceAll("'", '%27').replaceAll('$', '%24') }
}
