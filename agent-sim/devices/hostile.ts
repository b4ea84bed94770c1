import type { DeviceFacts } from '../../contract/agent.ts'
import type { Observations } from './device.ts'

/** Text as a device that was taken over, or is merely broken, might send it: each kind breaks another careless reader. */
export const hostileTexts: readonly string[] = [
  '<img src=x onerror="alert(document.domain)"><script>alert(1)</script>',
  "'; DROP TABLE room; --",
  '{{constructor.constructor("return process")()}} ${7*7} #{7*7} <%= 7*7 %>',
  'line one\r\nline two\u0000\u0007\u001b[31mred\u001b[0m\u001b]0;title\u0007',
  'safe\u202egnp.exe\u202c \u2066hidden\u2069 \u200b\ufeff\u061c',
  'lone \ud800 surrogate \udfff and \ufffd',
  '=HYPERLINK("http://example.invalid","open") @SUM(1+1) +1 -1',
  '../../../../etc/passwd\\..\\..\\C:\\Windows',
  '"}],"type":"offboarded","x":[{"',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘',
  '𝕽𝖔𝖔𝖒 👩‍👩‍👧‍👦 مرحبا שלום',
  'x'.repeat(10_240),
]

/** The same text with something hostile behind it. */
export const hostile = (text: string, kind: number): string => `${text} ${hostileTexts[kind % hostileTexts.length]}`

/** Observations with hostile details; values stay what they are. */
export function hostileObservations(observations: Observations): Observations {
  return Object.fromEntries(
    Object.entries(observations).map(([id, observation], index) => [
      id,
      { ...observation, detail: hostile(observation.detail ?? id, index) },
    ]),
  )
}

/** Facts with something hostile in every text; what kind of device it is is none. */
export function hostileFacts<F extends Partial<DeviceFacts>>(facts: F): F {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value], index) => [
      key,
      typeof value === 'string' && key !== 'kind' ? hostile(value, index + 3) : value,
    ]),
  ) as F
}
