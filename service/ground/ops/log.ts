import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import { ErrorCode } from '../../../contract/errors.ts'
import type { Clock } from '../../../contract/system.ts'
import type { Config } from '../config.ts'
import { LogOutput } from './logOutput.ts'

export type Logger = PinoLogger

const hidden = '[secret]'

/** Names of what is secret, without case, "-" and "_". */
const secrets: ReadonlySet<string> = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'password',
  'key',
  'privatekey',
  'secret',
  'clientsecret',
  'usercode',
  'devicecode',
  'authorizationcode',
  'codeverifier',
  'ticket',
])

/** Objects inside each other that are looked through; what lies deeper is left out. */
const deepest = 8

/** The same in an address or a form, and in a header that stands in a text. */
const inText = /\b((?:access_|refresh_|id_)?token|code|user_code|device_code|code_verifier|client_secret|password|ticket)=[^&\s"'#]+/gi
const credential = /\b(Bearer|Basic|Admin|EnrolmentKey|Ticket|Recording)\s+[\w.~+/=-]{8,}/g

/** Why something failed, of this product or of the system: such a code is shown. One that lets somebody in is not like it. */
const isReason = (code: unknown): boolean =>
  typeof code === 'number' || ErrorCode.safeParse(code).success || (typeof code === 'string' && /^[A-Z]{2,}[A-Z0-9_]{0,60}$/.test(code))

/** A copy of what is logged, without what could be a secret, wherever in it that stands. */
function censored(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replace(inText, `$1=${hidden}`).replace(credential, `$1 ${hidden}`)
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepest) return '[deeper]'
  if (value instanceof Error) return fieldsOf({ ...stdSerializers.err(value) }, depth)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function') return censored(value.toJSON(), depth + 1)
  if (Array.isArray(value)) return value.map((item: unknown) => censored(item, depth + 1))
  // Sockets, requests, maps: what there is to say of them is said by whoever logs.
  if (typeof value.constructor === 'function' && value.constructor.name !== 'Object') return `[${value.constructor.name}]`
  return fieldsOf(value, depth)
}

function fieldsOf(value: object, depth = 0): Record<string, unknown> {
  const fields = Object.entries(value).map(([name, inside]: [string, unknown]): [string, unknown] => {
    if (inside === undefined || inside === null) return [name, inside]
    const plain = name.replace(/[-_]/g, '').toLowerCase()
    const secret = secrets.has(plain) || (plain === 'code' && !isReason(inside))
    return [name, secret ? hidden : censored(inside, depth + 1)]
  })
  return Object.fromEntries(fields)
}

/** JSON lines on standard error. What could be a secret never reaches them. `write`: for tests, where they go instead. */
export function makeLogger(level: Config['logLevel'], part: string, clock: Pick<Clock, 'now'>, write?: (line: string) => void): Logger {
  return pino(
    {
      level,
      base: { part },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      // Before the serialisers: what they get is plain and censored.
      formatters: { log: (fields) => fieldsOf(fields) },
      serializers: { err: (error: unknown) => error },
    },
    write ? { write } : new LogOutput(clock),
  )
}
