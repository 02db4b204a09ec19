// `npm run setup`: installs the exact packages of package-lock.json (Node 26 among them), once per lock file, and builds
// the console, once per state of its files.
// Plain JavaScript for any Node >= 20, because it runs before Node 26 is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
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

const built = `${root}console/built`
const consoleStamp = `${built}/.made-of`
const consoleHash = hashOf(consoleFiles(), lockHash)
if (!existsSync(consoleStamp) || readFileSync(consoleStamp, 'utf8') !== consoleHash) {
  const node = `${root}node_modules/.bin/node`
  const vite = [`${root}node_modules/vite/bin/vite.js`, 'build', '--config', `${root}console/vite.config.ts`]
  const build = spawnSync(node, [...vite, '--logLevel', 'error'], { cwd: root, stdio: ['ignore', 2, 'inherit'] })
  if (build.status !== 0) {
    process.stderr.write('tidemark: the console cannot be built (see above).\n')
    process.exit(1)
  }
  writeFileSync(consoleStamp, consoleHash)
}

/** Returns the files of which the console is built, in the order of their names. */
function consoleFiles() {
  return readdirSync(`${root}console`, { recursive: true })
    .filter(
      (file) => !file.startsWith('built') && !file.includes('.test.') && statSync(`${root}console/${file}`).isFile(),
    )
    .sort()
}

function hashOf(files, salt) {
  const hash = createHash('sha256').update(salt)
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(`${root}console/${file}`))
  return hash.digest('hex')
}
