import { spawnSync } from 'node:child_process'
import { UserError } from '#platform/process/user-error.ts'

/**
 * Formats what was written and makes the generated files anew, so that the checks pass without another step.
 * @throws UserError with what a program said that failed; the source's files stay
 */
export function settle(root: string, name: string): void {
  const run = (command: string, ...parameters: string[]): void => {
    const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd: root, encoding: 'utf8' })
    if (status === 0) return
    const said = (error?.message ?? `${stderr}${stdout}`).trim()
    throw new UserError(`sources/${name} is written, but \`${[command, ...parameters].join(' ')}\` failed:\n${said}`)
  }
  run(process.execPath, 'schemas/generate.ts')
  run('node_modules/.bin/biome', 'check', '--write', 'sources/index.ts', `sources/${name}`)
  run(process.execPath, 'catalogue/generate.ts')
  run(process.execPath, 'infra/docker/generate-settings.ts')
  run(process.execPath, 'test/explode/generate.ts')
}
