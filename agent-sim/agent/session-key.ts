import type { Agent as HttpAgent } from 'node:http'
import { SessionKey } from '../../contract/agent.ts'
import { request } from './http.ts'
import { enrolmentIn, keepSessionKey } from './installation.ts'

export interface SessionKeyOptions {
  /** The folder of the installation. */
  folder: string
  /** The service that the device enrolled with. */
  service: URL
  agent: HttpAgent
  durable: boolean
}

/**
 * The only key that may sign grants of remote sessions for this device (REM-7): the one that came with the enrolment. A
 * device that enrolled before there was one asks its service once, and keeps what it is told.
 * @throws Error where the service cannot be asked.
 */
export async function sessionKeyOf({ folder, service, agent, durable }: SessionKeyOptions): Promise<SessionKey> {
  const pinned = enrolmentIn(folder)?.sessionKey
  if (pinned) return pinned
  const answer = await request(new URL('/v1/relay/key', service), { method: 'GET', agent })
  if (answer.status !== 200) throw new Error(`the service answers ${answer.status} for its session key`)
  const key = SessionKey.parse(JSON.parse(answer.text))
  keepSessionKey(folder, key, durable)
  return enrolmentIn(folder)?.sessionKey ?? key
}
