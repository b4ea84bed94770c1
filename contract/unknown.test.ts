import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Command, QueuedCommand } from './commands.ts'
import { unknownField } from './unknown.ts'

const Inner = z.object({ a: z.int(), b: z.string().trim().optional() })
const Outer = z.object({ list: z.array(Inner), by: z.record(z.string(), Inner).optional(), one: Inner.or(z.literal('all')).nullish() })
const found = (given: unknown) => unknownField(given, Outer.parse(given))

describe('a field that nothing reads', () => {
  it('is found wherever it stands', () => {
    expect(found({ list: [], more: 1 })).toEqual(['more'])
    expect(found({ list: [{ a: 1 }, { a: 2, c: null }] })).toEqual(['list', 1, 'c'])
    expect(found({ list: [], by: { x: { a: 1, 'b ': '' } } })).toEqual(['by', 'x', 'b '])
    expect(found({ list: [], one: { a: 1, hasOwnProperty: 1 } })).toEqual(['one', 'hasOwnProperty'])
    expect(found(JSON.parse('{"list":[],"one":{"a":1,"__proto__":{}}}'))).toEqual(['one', '__proto__'])
  })

  it('is none where all was read, changed or not, or was not there at all', () => {
    expect(found({ list: [{ a: 1, b: ' text ' }], by: { any: { a: 1 } }, one: 'all' })).toBeUndefined()
    expect(found({ list: [{ a: 1, b: undefined, c: undefined }], one: null })).toBeUndefined()
    expect(unknownField('text', 'text')).toBeUndefined()
  })

  it('[CON-3] is found in any command', () => {
    const incident = '01920000-0000-7000-8000-000000000001'
    const command = { type: 'settings.change', changes: { flapCount: 3, flapsCount: 4 } }
    expect(unknownField(command, QueuedCommand.parse(command))).toEqual(['changes', 'flapsCount'])
    const assign = { type: 'incident.assign', incident, owner: null, note: 'hers' }
    expect(unknownField(assign, Command.parse(assign))).toEqual(['note'])
  })
})
