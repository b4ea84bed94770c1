import { z } from 'zod'
import { jsonFile, UsageError } from './command.ts'

/** Options in a file, as the installer writes them: each by its name, with its text, or several where it may be given so. */
const Settings = z.record(z.string().regex(/^[a-z][a-z-]*$/u), z.union([z.string(), z.array(z.string()).max(20)]))

/** Of these a command line that names the one takes the place of the other in a file. */
const inPlaceOf: Readonly<Record<string, string>> = { proxy: 'pac', pac: 'proxy' }

/**
 * Arguments with those of the file that `--settings FILE` names put in front, so that the command line's own count where both name an
 * option. A file keeps any text whole; a command line, in the quoting of each system and its services, does not.
 * @throws UsageError
 */
export function withSettings(args: readonly string[]): string[] {
  const at = args.indexOf('--settings')
  if (at < 0) return [...args]
  const file = args[at + 1]
  if (file === undefined || file === '') throw new UsageError('--settings is missing its value.')
  const names = (name: string): boolean => args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  const settings = Object.entries(jsonFile(file, '--settings', Settings)).filter(([name]) => !names(inPlaceOf[name] ?? ''))
  const kept = settings.flatMap(([name, value]) => [value].flat().map((text) => `--${name}=${text}`))
  return [...kept, ...args.slice(0, at), ...args.slice(at + 2)]
}
