/** Of a process: what it prints on, and its end. */
interface ProcessOutput {
  stdout: Pick<NodeJS.WritableStream, 'write'>
  stderr: Pick<NodeJS.WritableStream, 'write'>
  exit: (code: number) => void
}

/**
 * Says why a command failed and ends the process with 1: something that was only just starting may still hold it. Not
 * before its readers have taken all, or they would miss the end of what was printed, half a row with it.
 */
export function exitWithMessage(text: string, { stdout, stderr, exit }: ProcessOutput): void {
  stderr.write(text, () => stdout.write('', () => exit(1)))
}
