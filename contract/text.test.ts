import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, deviceText, plainLines, typedText } from './text.ts'

describe('cleanText', () => {
  it('drops what could disturb a screen or a log, and keeps markup as text', () => {
    expect(cleanText('a\u0000b\u202Ec\r\nd', 100)).toBe('a b c d')
    expect(cleanText('<img src=x onerror=alert(1)>', 100)).toBe('<img src=x onerror=alert(1)>')
    expect(cleanText('half \ud83d of a pair', 100)).toBe('half of a pair')
  })

  it('is well-formed, within its length, without controls, and stable for any input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (raw, max) => {
        const clean = cleanText(raw, max)
        expect(clean.isWellFormed()).toBe(true)
        expect(clean.length).toBeLessThanOrEqual(max)
        expect(clean).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        expect(cleanText(clean, max)).toBe(clean)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('plainLines', () => {
  it('keeps lines, and nothing that steers a terminal', () => {
    expect(plainLines('one\n\ttwo \u001b]0;owned\u0007\u001b[2J\u009b1mthree\r\u202efour')).toBe('one\n\ttwo ]0;owned[2J1mthreefour')
  })
})

describe('schemas of text', () => {
  it('cleans device text, and refuses what is far too long', () => {
    expect(deviceText(5).parse('  a\tb  ')).toBe('a b')
    expect(deviceText(5).safeParse('x'.repeat(81)).success).toBe(false)
  })

  it('keeps the line breaks that a person typed, and refuses the empty', () => {
    expect(typedText(50).parse(' first\nsecond\u0007 ')).toBe('first\nsecond')
    expect(typedText(50).safeParse(' \n ').success).toBe(false)
  })
})
