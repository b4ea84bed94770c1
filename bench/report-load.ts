import { limits } from '../contract/limits.ts'
import { reportedSignals, type SignalId, type SignalValue } from '../contract/signals.ts'

/** Reports as agents send them: messages of the largest size allowed, already serialised. */
export interface Load {
  /** For each device its messages, in order; reports are numbered from 1. */
  readonly messages: readonly (readonly string[])[]
  readonly reports: number
}

const signalsPerReport = 3
const detail = 'Logitech Rally Bar, firmware 1.11.204'

/**
 * `share` of the reports change one signal (every second one back again); the others say again what is known, as most
 * reports of a fleet do.
 */
export function makeLoad(devices: number, messagesPerDevice: number, share: number): Load {
  const every = Math.round(1 / share)
  const start = Date.now() - 3_600_000
  let changes = 0
  const messages = Array.from({ length: devices }, () => {
    const state = new Map<SignalId, SignalValue>(reportedSignals.map((id) => [id, 'healthy']))
    let number = 0
    return Array.from({ length: messagesPerDevice }, () => {
      const reports = Array.from({ length: limits.reportsPerMessage }, () => {
        number += 1
        const first = number % reportedSignals.length
        const ids = Array.from({ length: signalsPerReport }, (_, offset) => reportedSignals[(first + offset) % reportedSignals.length])
        const chosen = ids.filter((id) => id !== undefined)
        const changed = chosen[0]
        if (++changes % every === 0 && changed) state.set(changed, state.get(changed) === 'healthy' ? 'unhealthy' : 'healthy')
        const signals = Object.fromEntries(chosen.map((id) => [id, { value: state.get(id), detail }]))
        return { number, observedAt: start + number, signals }
      })
      return JSON.stringify({ type: 'report', reports })
    })
  })
  return { messages, reports: devices * messagesPerDevice * limits.reportsPerMessage }
}
