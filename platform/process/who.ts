import { hostname, userInfo } from 'node:os'

/** Who runs this process, for the record: user@host. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id that no password file knows, as in containers.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
