import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differenceOf, withDifference } from './difference.ts'
import { cases } from './testing/chance.ts'

const { fields } = fc.letrec<{ fields: { [field: string]: unknown }; value: unknown }>((tie) => ({
  fields: fc.dictionary(fc.constantFrom('a', 'b', 'c', '1', '2', '__proto__'), tie('value'), { maxKeys: 5 }),
  value: fc.oneof({ depthSize: 'small' }, fc.constantFrom(0, 1, '', 'x', true), fc.array(fc.integer(), { maxLength: 2 }), tie('fields')),
}))

describe('[CON-2] the difference of two documents', () => {
  it('makes the one after of the one before, on any way as JSON', () => {
    fc.assert(
      fc.property(fields, fields, (before, after) => {
        const sent = JSON.parse(JSON.stringify(differenceOf(before, after))) as object
        expect(JSON.parse(JSON.stringify(withDifference(before, { ...sent })))).toEqual(JSON.parse(JSON.stringify(after)))
      }),
      { numRuns: cases(1_000) },
    )
  })

  it('is nothing for the same, and names what is gone with null', () => {
    expect(differenceOf({ a: { b: [1] } }, { a: { b: [1] } })).toEqual({})
    expect(differenceOf({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } })).toEqual({ a: { c: null }, d: null })
  })
})
