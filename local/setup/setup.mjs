// `npm run setup`: installs the exact packages of package-lock.json (Node 26 among them), once per lock file.
// Plain JavaScript for any Node >= 20, because it runs before Node 26 is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stamp = `${root}node_modules/.tidemark-lock`
const lockHash = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockHash) {
  process.stderr.write('tidemark: installing the packages of package-lock.json (once, about 1 GB on disk) ...\n')
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (npm.status !== 0) {
    process.stderr.write(
      'tidemark: npm ci failed (see above). Check the network and the npm registry, then run `npm run setup` again.\n',
    )
    process.exit(1)
  }
  writeFileSync(stamp, lockHash)
}
