import { domainToASCII } from 'node:url'
import { UserError } from '../process/user-error.ts'

const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** domainToASCII() drops line ends and decodes percent signs, so that these are refused before. */
const writtenDomain = /^[\p{L}\p{M}\p{N}.-]+$/u
const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/
const maxLocalChars = 64
const maxAddressChars = 254

/**
 * Checks one mail address, such as ops@example.org, without a display name: before it is saved, and again before it is sent
 * to. Returns it with its domain in ASCII. The address is not in the error, because it may be personal. Pure.
 * @throws UserError
 */
export function checkMailAddress(text: string): string {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = domainToASCII(text.slice(at + 1))
  const address = `${local}@${domain}`
  const fits = localPart.test(local) && writtenDomain.test(text.slice(at + 1)) && domainName.test(domain)
  if (fits && local.length <= maxLocalChars && address.length <= maxAddressChars) return address
  throw new UserError('The mail address cannot be used; write one address such as ops@example.org, without a name')
}
