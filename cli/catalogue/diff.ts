import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { type CatalogueDiff, type Change, diffCatalogues, type EarlierEntry } from '#catalogue/diff.ts'
import { parseCatalogue } from '#catalogue/earlier.ts'
import { catalogueEntries } from '#catalogue/entry.ts'
import { printable } from '#platform/process/printable.ts'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { UserError } from '#platform/process/user-error.ts'
import { sources } from '#sources/index.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
/** Part of `npm run generate`, so each commit has it. */
const generated = 'docs/catalogue.json'
const maxBytes = 64 * 1024 * 1024

export const diff = (): Command =>
  new Command('diff')
    .description('what changed in the declarations since an earlier catalogue, and whether it breaks what others read')
    .argument('<ref>', 'a file that `npx tidemark catalogue --json` wrote, or a commit, branch or tag of this project')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExit code 3 when a change is breaking. docs/catalogue-exports.md says which changes are.')
    .action(run)

async function run(ref: string, { json }: { json?: boolean }): Promise<void> {
  const found = diffCatalogues(await readEarlier(ref), catalogueEntries(sources))
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : diffText(found))
  if (found.breaking.length > 0) process.exitCode = 3
}

/** Returns the changes as text, one line each, the breaking ones first. Pure. */
export function diffText({ breaking, additive }: CatalogueDiff): string {
  if (breaking.length + additive.length === 0) return 'nothing changed\n'
  const part = (title: string, changes: readonly Change[]): string[] =>
    changes.length === 0 ? [] : [title, ...changes.map((change) => `  ${changeText(change)}`)]
  return `${[...part('breaking', breaking), ...part('additive', additive)].join('\n')}\n`
}

function changeText({ dataset, what, from, to }: Change): string {
  const name = printable(dataset)
  if (what === null) return to === null ? `${name}: is gone (${shown(from)})` : `${name}: is new (${shown(to)})`
  return `${name}: ${what}: ${shown(from)} -> ${shown(to)}`
}

const maxShown = 200
const shown = (text: string | null): string =>
  text === null ? 'none' : printable(text.length > maxShown ? `${text.slice(0, maxShown - 1)}…` : text)

/** Reads a file if there is one of this name; else the generated catalogue of a commit of `repository`. @throws UserError */
export async function readEarlier(ref: string, repository = project): Promise<EarlierEntry[]> {
  const isFile = isFileName(ref)
  const text = isFile ? (readIfThere(ref) ?? '') : await readCommit(ref, repository)
  try {
    return parseCatalogue(text)
  } catch (error) {
    const where = isFile ? printable(ref) : `${generated} of ${printable(ref)}`
    throw new UserError(
      `${where} is not a catalogue (${printable((error as Error).message)}): name a file that \`npx tidemark catalogue --json\` wrote, or a commit.`,
    )
  }
}

/** A name that the file system cannot have is that of no file. */
function isFileName(ref: string): boolean {
  try {
    return statSync(ref, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    return false
  }
}

async function readCommit(ref: string, repository: string): Promise<string> {
  const isName = /^[^-:\s][^:\s]*$/.test(ref)
  try {
    if (!isName) throw new Error('this is neither a file nor a name of a commit')
    const { stdout } = await promisify(execFile)('git', ['cat-file', 'blob', `${ref}:${generated}`], {
      ...{ cwd: repository, maxBuffer: maxBytes },
    })
    return stdout
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    const why = code === 'ENOENT' ? 'there is no program git' : stderr?.trim() || message
    throw new UserError(
      `There is no file ${printable(ref)}, and no ${generated} in a commit of this name (${printable(why)}): name a file that \`npx tidemark catalogue --json\` wrote, or a commit, branch or tag of this project.`,
    )
  }
}
