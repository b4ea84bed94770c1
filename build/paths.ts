import { dirname, join } from 'node:path'

/** The checkout. */
export const root = dirname(import.meta.dirname)

/** What is built, and notes about it; may be deleted at any time. */
export const out = join(root, 'out')

/** A script of a package that is installed here, to be run by this Node. */
export const tool = (...path: string[]): string => join(root, 'node_modules', ...path)

/** One line for the person at the terminal; standard output is kept for answers. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Says why a command ended early, and answers its exit code: 2 for arguments that it does not know, else 1. */
export function failed(error: unknown): number {
  if (!(error instanceof Error)) throw error
  say(error.message)
  const badArguments = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (badArguments) say('See --help.')
  return badArguments ? 2 : 1
}
