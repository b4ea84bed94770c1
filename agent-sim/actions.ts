import { z } from 'zod'
import { limits } from '../contract/limits.ts'
import { isReportable, reportedSignals, signals, SignalId, SignalValue } from '../contract/signals.ts'
import { ExplainedError } from './explained.ts'

const room = z.string().min(1).max(limits.nameChars)
const text = z.string().max(limits.deviceTextChars)

/** What can be done to a simulated room, by a person, a script or a scenario. */
export const Action = z.discriminatedUnion('do', [
  z.object({ do: z.literal('signal'), room, signal: SignalId, value: SignalValue, detail: text.optional() }),
  /** Puts a signal back to what it was when the device was made: healthy, or not present where it has no such part. */
  z.object({ do: z.literal('mend'), room, signal: SignalId }),
  /** Takes the device's network away, or gives it back. Meanwhile it goes on writing its journal. */
  z.object({ do: z.literal('network'), room, up: z.boolean() }),
  z.object({
    do: z.literal('facts'),
    room,
    facts: z.object({ inCall: z.boolean(), appVersion: text, os: text, address: text }).partial(),
  }),
])
export type Action = z.infer<typeof Action>

/** An action as someone typed it: nothing is known to exist yet. */
export const RawFault = z.object({ room: z.string(), signal: z.string(), value: z.string(), detail: text.optional() })
export type RawFault = z.infer<typeof RawFault>

/** What was asked for does not exist; the message names what comes near and what is allowed. */
export class ActionError extends ExplainedError {
  override readonly name = 'ActionError'
}

/** The room that is meant: accents, capitals and spaces may differ. @throws ActionError naming the nearest ones. */
export function findRoom(names: readonly string[], wanted: string): string {
  const exact = names.find((name) => name === wanted)
  if (exact !== undefined) return exact
  const alike = names.filter((name) => plain(name) === plain(wanted))
  if (alike.length === 1 && alike[0] !== undefined) return alike[0]
  const near = nearest(names, wanted, 3)
  throw new ActionError(
    names.length === 0
      ? `There is no room "${wanted}": no rooms are running.`
      : `There is no room "${wanted}". Nearest: ${near.map((name) => `"${name}"`).join(', ')}. "rooms" lists all ${names.length}.`,
  )
}

/** A fault as it may be applied. @throws ActionError for an unknown room, signal or value. */
export function resolveFault(names: readonly string[], fault: RawFault): Extract<Action, { do: 'signal' }> {
  const found = findRoom(names, fault.room)
  const signal = reportedSignals.find((id) => id === fault.signal)
  if (!signal) {
    const derived = SignalId.options.some((id) => id === fault.signal)
    throw new ActionError(
      derived
        ? `${fault.signal} is derived by the service: from missed heartbeats, or from two machines with one key. ` +
            'Use a scenario that loses the network.'
        : `There is no signal "${fault.signal}". Nearest: ${nearest(reportedSignals, fault.signal, 2).join(', ')}. ` +
            `All: ${reportedSignals.join(', ')}.`,
    )
  }
  const value = SignalValue.options.find((option) => option === fault.value)
  if (!value || !isReportable(signal, value)) {
    throw new ActionError(`${signal} cannot be "${fault.value}". Allowed: ${[...signals[signal].values, 'notApplicable'].join(', ')}.`)
  }
  return { do: 'signal', room: found, signal, value, ...(fault.detail === undefined ? {} : { detail: fault.detail }) }
}

/** Those of the words that come nearest to the wanted one, the nearest first. */
export function nearest(words: readonly string[], wanted: string, count: number): string[] {
  const target = plain(wanted)
  return words
    .map((word) => ({ word, distance: distance(plain(word), target) }))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, count)
    .map(({ word }) => word)
}

/** Letters and digits only, without accents and capitals. */
const plain = (word: string): string =>
  word
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase()

/** Edits from one word to the other; being a part of it counts as near. */
function distance(word: string, target: string): number {
  if (target.length > 1 && word.includes(target)) return 0
  let row = Array.from({ length: target.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...word].entries()) {
    const next = [index + 1]
    for (const [at, wanted] of [...target].entries()) {
      next.push(Math.min((row[at] ?? 0) + (letter === wanted ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
