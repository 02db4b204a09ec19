/**
 * Something the user can mend: the message is one sentence that says what is wrong and what to do. Shown as it is,
 * without a stack.
 */
export class UserError extends Error {
  override name = 'UserError'
}
