import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from './limits.ts'
import { cases } from './testing/chance.ts'
import { cleanText, deviceText, plainLines, typedName, typedText } from './text.ts'

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
        expect(clean).not.toMatch(/(?![\u200c\u200d\u{e0020}-\u{e007f}])[\p{Cc}\p{Cf}]/u)
        expect(cleanText(clean, max)).toBe(clean)
      }),
      { numRuns: cases(1_000) },
    )
  })
})

describe('[INC-5] characters that show nothing', () => {
  it.each([
    ['a family', '👨\u200d👩\u200d👧'],
    ['a profession with its skin', '👩🏽\u200d🚒'],
    ['a flag of two pictures', '🏳️\u200d🌈'],
    ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['Persian', 'می\u200cروم'],
    ['Hindi', 'क्\u200dष'],
    ['Sinhala', 'ශ්\u200dරී'],
  ])('stay where they are part of what is written: %s', (_, text) => {
    expect(plainLines(text)).toBe(text)
    expect(cleanText(text, 100)).toBe(text)
    expect(typedText(50).parse(text)).toBe(text)
  })

  it('go where they only hide', () => {
    expect(plainLines('Lob\u200dby\u200c \u200dx\u200b\u2066y')).toBe('Lobby xy')
    expect(cleanText('👨\u200d', 100)).toBe('👨')
    expect(cleanText('👨\u200d👩', 3)).toBe('👨')
    expect(plainLines('a\u{e0067}\u{e007f}')).toBe('a')
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

  it('a name is one line, however it was typed', () => {
    for (const raw of [
      'Salle Lyon',
      ' Salle  Lyon ',
      'Salle\nLyon',
      'Salle\tLyon',
      'Salle\u00a0Lyon',
      'Salle \u2003Lyon',
      'Salle\r\n\r\nLyon',
    ])
      expect(typedName().parse(raw)).toBe('Salle Lyon')
    expect(typedName().safeParse(' \n\u00a0 ').success).toBe(false)
    expect(typedName().safeParse('x'.repeat(limits.nameChars + 1)).success).toBe(false)
  })
})
