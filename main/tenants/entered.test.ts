import { describe, expect, it } from 'vitest'
import { Me } from '../../contract/entities.ts'
import { TenantId } from '../../contract/ids.ts'
import type { SyncState } from '../../contract/views.ts'
import { idOf, makeMe, tenantId } from '../testing/documents.ts'
import { type Entered, enteredOf, worstOf } from './entered.ts'

const own = TenantId.parse(tenantId)
const customer = TenantId.parse(idOf('tenant', 2))
const me = Me.parse(makeMe())
const nobodyAtHome: Me = { ...me, access: { globalAdministrator: false, grants: [] } }

describe('what is entered', () => {
  it.each([
    ['one’s own at first', undefined, me, [customer], own],
    ['what was chosen last', customer, me, [customer], customer],
    ['all together, where that was chosen', 'all', me, [customer], 'all'],
    ['one’s own, when the customer is gone', customer, me, [], own],
    ['one’s own, when the last customer is gone', 'all', me, [], own],
    ['all customers for a person without a role at home', undefined, nobodyAtHome, [customer], 'all'],
    ['one’s own for a person without any role', undefined, nobodyAtHome, [], own],
    [
      'one’s own for a Global Administrator',
      undefined,
      { ...nobodyAtHome, access: { globalAdministrator: true, grants: [] } },
      [customer],
      own,
    ],
    ['one’s own while its copy is locked', undefined, undefined, [customer], own],
  ] as [string, Entered | undefined, Me | undefined, TenantId[], Entered][])('is %s', (_what, chosen, person, customers, expected) => {
    expect(enteredOf(chosen, own, person, customers)).toBe(expected)
  })

  it('is not known before the first sync', () => {
    expect(enteredOf(undefined, null, undefined, [])).toBeNull()
  })
})

describe('several copies together', () => {
  const live: SyncState = { state: 'live', syncedAt: 20 }
  const offline: SyncState = { state: 'offline', since: 5, why: 'network', nextTryAt: null, syncedAt: 10 }
  it.each([
    ['as live as the oldest', [live, { ...live, syncedAt: 15 }], { state: 'live', syncedAt: 15 }],
    ['offline when one is', [live, offline], offline],
    ['never synced when one never was', [live, { ...offline, syncedAt: null }], { ...offline, syncedAt: null }],
    [
      'catching up by what all have to do',
      [
        live,
        { state: 'catchingUp', done: 1, total: 10, leftMs: 4_000, syncedAt: 3 },
        { state: 'catchingUp', done: 2, total: 5, leftMs: 9_000, syncedAt: null },
      ],
      { state: 'catchingUp', done: 3, total: 15, leftMs: 9_000, syncedAt: null },
    ],
    [
      'without a total while one is not known',
      [
        { state: 'catchingUp', done: 1, total: 10, leftMs: 4_000, syncedAt: 3 },
        { state: 'catchingUp', done: 0, total: 0, leftMs: null, syncedAt: 3 },
      ],
      { state: 'catchingUp', done: 1, total: 0, leftMs: null, syncedAt: 3 },
    ],
    ['stopped when there is none', [], { state: 'stopped' }],
  ] as [string, SyncState[], SyncState][])('are %s', (_how, states, expected) => {
    expect(worstOf(states)).toEqual(expected)
    expect(worstOf(states.toReversed())).toEqual(expected)
  })
})
