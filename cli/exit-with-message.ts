interface ProcessOutput {
  stdout: Pick<NodeJS.WritableStream, 'write'>
  stderr: Pick<NodeJS.WritableStream, 'write'>
  exit: (code: number) => void
}

/** Prints why a command failed, flushes stdout and stderr, and exits with 1, also if handles are still open. */
export function exitWithMessage(text: string, { stdout, stderr, exit }: ProcessOutput): void {
  stderr.write(text, () => stdout.write('', () => exit(1)))
}
