// Completes package-lock.json for the platforms whose packages this machine's registry did not serve.
// npm leaves an optional platform package that it cannot fetch out of the lock, and `npm ci` on another machine
// then refuses the whole lock ("Missing: ... from lock file"). Run after every `npm install <package>`.
import { readFileSync, writeFileSync } from 'node:fs'

const lockUrl = new URL('../../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(lockUrl, 'utf8'))
let added = 0

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`
    if (lock.packages[place]) continue
    const platform = platformOf(name)
    if (!platform)
      throw new Error(`${name} (wanted by ${path || 'the project'}) is not in the lock and its name tells no platform`)
    lock.packages[place] = { version, ...(path !== '' && entry.dev ? { dev: true } : {}), optional: true, ...platform }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(lockUrl, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`package-lock.json: ${added} platform packages added\n`)

function platformOf(name) {
  const os = /(darwin|linux|win32|android|freebsd|openbsd|openharmony|sunos|netbsd|aix|wasm32-wasi)/.exec(name)?.[1]
  const cpu = /(x64|arm64|arm|ia32|riscv64|ppc64|s390x|loong64|mips64el|wasm32)/.exec(
    name.replace('arm-eabi', 'arm'),
  )?.[1]
  if (!os || !cpu) return undefined
  if (cpu === 'wasm32') return { cpu: ['wasm32'] }
  const libc = /musl/.test(name) ? ['musl'] : /gnu/.test(name) ? ['glibc'] : undefined
  return { os: [os], cpu: [cpu], ...(libc ? { libc } : {}) }
}
