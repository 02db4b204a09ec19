/** An error that the user can fix. The message says what is wrong and what to do; it is printed without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}
