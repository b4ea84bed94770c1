import { request as plainRequest, type Agent as HttpAgent } from 'node:http'
import { request as secureRequest } from 'node:https'
import { readText } from '../../contract/answer.ts'
import { limits } from '../../contract/limits.ts'
import type { Timers } from '../../contract/system.ts'
import { within } from '../../contract/timing.ts'

export interface Answer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}

/**
 * One HTTP request, with a limit on its time (`agentRequestMs`) and on the size of the answer (`bodyBytes`, unless told).
 * @throws Error when there is no answer, or one that is too large.
 */
export function request(
  url: URL,
  options: {
    timers: Timers
    method: string
    headers?: Record<string, string>
    body?: string | Uint8Array
    agent?: HttpAgent
    maxBytes?: number
  },
): Promise<Answer> {
  const { timers, method, headers = {}, body, agent, maxBytes = limits.bodyBytes } = options
  const send = url.protocol === 'https:' ? secureRequest : plainRequest
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return within(timers, limits.agentRequestMs, (signal) => {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(signal.aborted ? new Error(`no answer within ${limits.agentRequestMs / 1_000} s`, { cause: error }) : error)
      }
      const asked = send(url, { method, headers: { ...headers, ...length }, signal, ...(agent ? { agent } : {}) }, (answer) => {
        readText(answer, maxBytes).then((text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }), failed)
      })
      asked.on('error', failed)
      asked.end(body)
    })
  })
}
