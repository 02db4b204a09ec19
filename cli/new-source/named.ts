import { Script } from 'node:vm'
import { sourceNameProblem } from '#catalogue/check-declarations.ts'
import { UserError } from '#platform/process/user-error.ts'

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
