import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { root } from '../paths.ts'

export const help = `npm start -- [options]

Starts the service, a demo of two customers with simulated rooms, their partner, and this machine as a real room, and opens
the console. Nobody of the demo has a password: the sign-in page lists everyone.

  --json            one line on standard output when all is ready
  --no-open         do not open a browser
  --port N          port of the console in the browser host (4720; 0: any free one)
  --service-port N  port of the service (4721; 0: any free one)
  --data DIR        data folder (.data; with --no-demo .data/own)
  --rooms N         simulated rooms of the first customer (24); the second has 6
  --seed N          seed of the simulated rooms (1)
  --host HOST       electron or browser (electron where it can be had)
  --no-demo         start empty: first tenant, first administrator
  --reset-demo      remove the demo's data and begin it anew
  --parent-pipe     end when standard input closes
  --help            this text`

const port = z.coerce.number().int().min(0).max(65_535)

const Options = z.object({
  json: z.boolean(),
  open: z.boolean(),
  port,
  servicePort: port,
  data: z.string().min(1),
  rooms: z.coerce.number().int().min(1).max(20_000),
  seed: z.coerce.number().int().min(0),
  host: z.enum(['electron', 'browser']).optional(),
  demo: z.boolean(),
  reset: z.boolean(),
  parentPipe: z.boolean(),
})
export type Options = z.infer<typeof Options>

/** The options, `help`, or what is wrong with them. */
export function readOptions(args: readonly string[]): Options | 'help' | { wrong: string } {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        port: { type: 'string', default: '4720' },
        'service-port': { type: 'string', default: '4721' },
        data: { type: 'string' },
        rooms: { type: 'string', default: '24' },
        seed: { type: 'string', default: '1' },
        host: { type: 'string' },
        'no-demo': { type: 'boolean', default: false },
        'reset-demo': { type: 'boolean', default: false },
        'parent-pipe': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
  if (values.help) return 'help'
  if (values['no-demo'] && values['reset-demo']) return { wrong: '--no-demo and --reset-demo exclude each other.' }
  const demo = !values['no-demo']
  const parsed = Options.safeParse({
    json: values.json,
    open: !values['no-open'],
    port: values.port,
    servicePort: values['service-port'],
    data: values.data === undefined ? join(root, '.data', ...(demo ? [] : ['own'])) : resolve(values.data),
    rooms: values.rooms,
    seed: values.seed,
    host: values.host,
    demo,
    reset: values['reset-demo'],
    parentPipe: values['parent-pipe'],
  })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const name = String(issue?.path[0] ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return { wrong: `--${name}: ${issue?.message ?? 'not understood'}` }
}
