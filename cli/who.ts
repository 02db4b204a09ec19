import { userInfo } from 'node:os'

/** Who gives this command, for the record. */
export function who(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.USER) return environment.USER
  try {
    return userInfo().username
  } catch {
    // A user id that no password file knows, as in containers.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
