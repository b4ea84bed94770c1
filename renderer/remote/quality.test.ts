import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adapt, type Adapting, levelOf, levels, type Measured, startAdapting } from './quality.ts'

const after = (measured: Measured, looks: number, from: Adapting = startAdapting): Adapting =>
  Array.from({ length: looks }).reduce<Adapting>((now) => adapt(now, measured), from)
const easy = { roundTripMs: 20, frameMs: 10 }
const full = { roundTripMs: 900, frameMs: 700 }

describe('quality by the link', () => {
  it('gets coarser with every second slow look, down to the coarsest', () => {
    expect([1, 2, 4, 6].map((looks) => after(full, looks).at)).toEqual([1, 2, 3, 4])
    expect(after(full, 100).at).toBe(levels.length - 1)
  })

  it('takes one slow picture for what it is', () => {
    expect(adapt(adapt(startAdapting, full), easy).at).toBe(1)
    expect(adapt(adapt(adapt(startAdapting, full), easy), full).at).toBe(1)
  })

  it('gets finer only after three easy looks, up to the finest', () => {
    const coarse = { at: 4, bad: 0, good: 0 }
    expect([2, 3, 6].map((looks) => after(easy, looks, coarse).at)).toEqual([4, 3, 2])
    expect(after(easy, 100, coarse).at).toBe(0)
  })

  it('stays where it is on a middling link, and while nothing moves', () => {
    expect(after({ roundTripMs: 250, frameMs: 120 }, 20).at).toBe(1)
    expect(after({ roundTripMs: 20, frameMs: null }, 20).at).toBe(1)
    expect(after({ roundTripMs: null, frameMs: null }, 20).at).toBe(1)
  })

  it('gets coarser on a still picture too when the round trip is too long', () => {
    expect(after({ roundTripMs: 900, frameMs: null }, 2).at).toBe(2)
  })

  it('never leaves its levels, nor moves more than one at once', () => {
    const measured = fc.record({ roundTripMs: fc.option(fc.nat(2_000)), frameMs: fc.option(fc.nat(2_000)) })
    fc.assert(
      fc.property(fc.array(measured, { maxLength: 60 }), (looks) => {
        let now = startAdapting
        for (const look of looks) {
          const next = adapt(now, look)
          expect(Math.abs(next.at - now.at)).toBeLessThanOrEqual(1)
          expect(levels[next.at]).toBeDefined()
          now = next
        }
      }),
    )
  })

  it('asks for what the operator has fixed, whatever the link is', () => {
    expect(levelOf('sharp', after(full, 20)).name).toBe('best')
    expect(levelOf('fast', after(easy, 20)).name).toBe('low')
    expect(levelOf('auto', after(full, 20)).name).toBe('lowest')
  })

  it('asks RFB for levels that it has', () => {
    for (const { quality } of levels) expect(Number.isInteger(quality) && quality >= 0 && quality <= 9).toBe(true)
    expect(levels.map(({ quality }) => quality)).toEqual([...levels].map(({ quality }) => quality).sort((a, b) => b - a))
  })
})
