import type { Health } from '../../../contract/entities.ts'
import { signalCodes, type SignalValue } from '../../../contract/signals.ts'
import type { TransitionKind } from '../../../contract/transitions.ts'

/** Words of transitions as they are stored. A number is never given to another word: rows from before have it. */

const kindCodes: Readonly<Record<TransitionKind, number>> = {
  signal: 1,
  connected: 2,
  disconnected: 3,
  onboarded: 4,
  enrolled: 5,
  unenrolled: 6,
  health: 7,
  newKey: 8,
  newKeyUnproved: 9,
  reinstalled: 10,
  copied: 11,
  replaced: 12,
  replaces: 13,
  limited: 14,
  restarted: 15,
  remoteStarted: 16,
  remoteEnded: 17,
  renamed: 18,
  moved: 19,
  suppressed: 20,
  unsuppressed: 21,
}

const valueCodes: Readonly<Record<SignalValue, number>> = {
  healthy: 1,
  unhealthy: 2,
  misconfigured: 3,
  notPresent: 4,
  unknown: 5,
  notApplicable: 6,
}

const healthCodes: Readonly<Record<Health, number>> = { disconnected: 1, unhealthy: 2, unknown: 3, healthy: 4, suppressed: 5 }

export interface Words<W extends string> {
  code(word: W): number
  /** @throws where no word has this number: a newer version of the service wrote it. */
  word(code: number): W
}

function wordsOf<W extends string>(codes: Readonly<Record<W, number>>): Words<W> {
  const known = new Map<number, W>()
  for (const word in codes) known.set(codes[word], word)
  return {
    code: (word) => codes[word],
    word: (code) => {
      const word = known.get(code)
      if (word === undefined) throw new Error(`A transition has the unknown word ${code}.`)
      return word
    },
  }
}

export const kindWords = wordsOf(kindCodes)
export const signalWords = wordsOf(signalCodes)
export const valueWords = wordsOf(valueCodes)
export const healthWords = wordsOf(healthCodes)
