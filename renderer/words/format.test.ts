import { describe, expect, it } from 'vitest'
import { largestUnit } from './format.ts'
import { systemLanguage } from './i18n.ts'

describe('a stretch of time', () => {
  it.each([
    [-5, 'second', 0],
    [59_999, 'second', 59],
    [60_000, 'minute', 1],
    [3_599_999, 'minute', 59],
    [3_600_000, 'hour', 1],
    [47 * 3_600_000, 'hour', 47],
    [48 * 3_600_000, 'day', 2],
    [400 * 86_400_000, 'day', 400],
  ] as const)('%i ms is told in its largest unit', (ms, unit, count) => {
    expect(largestUnit(ms)).toEqual({ unit, count })
  })
})

describe('the language of the system', () => {
  it.each([
    [['fr-CA', 'en'], 'fr'],
    [['de-DE', 'FR'], 'fr'],
    [['en-US'], 'en'],
    [['de'], 'en'],
    [[], 'en'],
  ] as const)('%j is %s', (wanted, language) => {
    expect(systemLanguage(wanted)).toBe(language)
  })
})
