import { type Logger as PinoLogger, pino } from 'pino'
import type { Config } from '../config.ts'

export type Logger = PinoLogger

/** JSON lines on standard error. What could be a secret never reaches them, wherever in an object it stands. */
export function makeLogger(level: Config['logLevel'], part: string): Logger {
  const secrets = ['authorization', 'cookie', 'token', 'password', 'key', 'secret', 'access_token', 'refresh_token', 'code', 'user_code']
  return pino(
    {
      level,
      base: { part },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`), 'req.headers', 'res.headers'], censor: '[secret]' },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
