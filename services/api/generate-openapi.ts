// Part of `npm run generate`: writes the OpenAPI document of the API.
import { readFileSync, writeFileSync } from 'node:fs'
import { buildServer } from './server.ts'
import { unaskedParts } from './unasked-parts.ts'

const file = new URL('generated/openapi.json', import.meta.url)

const server = await buildServer(unaskedParts())
const text = `${JSON.stringify(server.swagger(), null, 2)}\n`
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(`${file.pathname} is not what the routes declare: run \`npm run generate\` and commit\n`)
  process.exitCode = 1
}
await server.close()
