import { hostname, userInfo } from 'node:os'

export function whoAmI(): string {
  return `${userName()}@${hostname()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container, the user id may have no user name.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
