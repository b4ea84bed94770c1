import { z } from 'zod'

/** Fields of a log line that may leave the machine: numbers, codes and states that the console itself made. */
const Line = z.object({
  level: z.number(),
  time: z.number(),
  msg: z.string(),
  code: z.string().optional(),
  why: z.string().optional(),
  state: z.string().optional(),
  call: z.string().optional(),
  command: z.string().optional(),
  name: z.string().optional(),
  count: z.number().optional(),
  first: z.string().optional(),
  saved: z.number().optional(),
  ms: z.number().optional(),
  retry: z.boolean().optional(),
  damaged: z.boolean().optional(),
  error: z.string().optional(),
  detail: z.string().optional(),
})

/** What the console never logs on purpose, taken out in case an error of a library carries it. */
const secrets: readonly [RegExp, string][] = [
  [/\beyJ[\w-]+(?:\.[\w-]+){0,4}/g, '<token>'],
  [/\bbearer\s+\S+/gi, '<token>'],
  [/[^\s"'<>@]+@[^\s"'<>@]+\.[^\s"'<>@]+/g, '<address>'],
  [/\b(?:access_token|refresh_token|id_token|code|password|secret|key)=[^\s&"']+/gi, '<secret>'],
  [/(?:file:\/\/)?(?:[a-z]:)?(?:[/\\][^\s/\\:"'()]+)+[/\\]/gi, '…/'],
  [/\b[A-Za-z0-9+/_-]{40,}={0,2}/g, '<long>'],
]

/** A log line as it may leave the machine; a line that is none becomes an empty object. */
export function scrubLine(line: string, names: readonly string[] = []): string {
  let parsed: z.infer<typeof Line> | undefined
  try {
    parsed = Line.safeParse(JSON.parse(line)).data
  } catch {
    parsed = undefined
  }
  if (parsed === undefined) return '{}'
  const scrub = (value: string): string => {
    const unnamed = names.reduce((text, name) => (name === '' ? text : text.replaceAll(name, '<name>')), value)
    return secrets.reduce((text, [pattern, instead]) => text.replace(pattern, instead), unnamed)
  }
  return JSON.stringify(parsed, (_name, value: unknown) => (typeof value === 'string' ? scrub(value) : value))
}
