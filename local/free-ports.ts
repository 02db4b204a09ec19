import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { UserError } from '#platform/process/user-error.ts'
import { holderOf, type PortHolder } from './port-holder.ts'
import { defaultPortBase, portsOfAStack } from './ports.ts'
import { shellWord } from './shell-word.ts'

/**
 * Above the ports of stacks that assertFree names, and below those that Linux gives to outgoing connections: one of these
 * could take a port between this look and the listening.
 */
const portRange = { from: 28_000, to: 32_700 }
const attemptsPerPort = 1_000

/** The UDP socket of a port says to other processes that it is given away, for as long as this process lives. */
const reservations: Socket[] = []

/**
 * Returns `count` different ports on loopback that nothing listens on. No other call returns them while this process lives.
 * @throws Error if no port is free
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > count * attemptsPerPort) throw new Error(`No port is free from ${portRange.from} to ${portRange.to}`)
    const port = randomInt(portRange.from, portRange.to)
    if ((await reserve(port)) && (await whyTaken(port)) === undefined) ports.push(port)
  }
  return ports
}

const reserve = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').unref()
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      reservations.push(socket)
      resolve(true)
    })
  })

/**
 * Checks that all ports are free; `ports` maps purposes to ports.
 * @throws UserError naming the first taken port, the process that has it, and a free port base
 */
export async function assertFree(ports: Record<string, number>): Promise<void> {
  for (const [purpose, port] of Object.entries(ports)) {
    const { code } = (await whyTaken(port)) ?? {}
    if (code === undefined) continue
    const base = await freeBase()
    const others = base === undefined ? '' : ` (${base} and the ${portsOfAStack - 1} after it are free)`
    const choose = `choose other ports with --port-base${others}.`
    if (code !== 'EADDRINUSE') throw new UserError(`Port ${port} (${purpose}) cannot be used (${code}): ${choose}`)
    const holder = holderOf(port)
    const by = holder === undefined ? '' : ` by ${holderText(holder)}`
    throw new UserError(`Port ${port} (${purpose}) is in use${by}: stop it, or ${choose}`)
  }
}

/** Describes the process that holds a port. The programs of a stack have --data=<directory> on their command line. */
function holderText({ pid, command }: PortHolder): string {
  const directory = / --data=(.+)$/.exec(command)?.[1]
  if (directory !== undefined)
    return `process ${pid} of the stack in ${directory} (\`npx tidemark down --data ${shellWord(directory)}\`)`
  const shown = command.length > maxCommandChars ? `${command.slice(0, maxCommandChars)}…` : command
  return `process ${pid} (${shown.replace(/\p{Cc}/gu, '\ufffd')})`
}

const maxCommandChars = 80

async function freeBase(): Promise<number | undefined> {
  for (let base = defaultPortBase; base < defaultPortBase + 10_000; base += 100) {
    const all = Array.from({ length: portsOfAStack }, (_, index) => whyTaken(base + index))
    if ((await Promise.all(all)).every((why) => why === undefined)) return base
  }
  return undefined
}

async function whyTaken(port: number): Promise<NodeJS.ErrnoException | undefined> {
  try {
    const server = await listen(port)
    await new Promise((resolve) => server.close(resolve))
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
