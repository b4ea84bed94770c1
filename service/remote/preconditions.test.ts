import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Access } from '../../contract/access.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { AssignmentId, DeviceId, RoleId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Permission } from '../../contract/permissions.ts'
import { isVisibleTo, preconditions, type SessionFacts } from './preconditions.ts'

const room = RoomId.parse(v7())
const access = (permissions: Permission[], scope: RoomId[] = [room]): Access => ({
  globalAdministrator: false,
  grants: [{ assignment: AssignmentId.parse(v7()), role: RoleId.parse('custom'), permissions, scope }],
})

const found: NonNullable<SessionFacts['found']> = {
  lifecycle: 'enrolled',
  inCall: false,
  device: {
    ...{
      id: DeviceId.parse(v7()),
      profile: 'generic',
      keyProtection: 'software',
      platform: '',
      os: '',
      manufacturer: '',
      model: '',
      serial: '',
    },
    ...{ agentVersion: '', appVersion: '', address: '', remote: { displays: ['console'], terminal: true, restart: true } },
  },
}
const good: SessionFacts = {
  access: access(['rooms.view', 'remoteAccess.modify']),
  room,
  mode: 'modify',
  found,
  on: true,
  connected: true,
  occupied: false,
  running: 0,
}

/** What can be wrong, in the order in which it is said. */
const wrong: readonly (readonly [ErrorCode, Partial<SessionFacts>])[] = [
  ['room.notFound', { found: undefined }],
  ['room.notFound', { access: access([]) }],
  ['access.denied', { access: access(['rooms.view']) }],
  ['remote.switchedOff', { on: false }],
  ['room.notEnrolled', { found: { ...found, lifecycle: 'onboarding' } }],
  ['remote.noLicence', { found: { ...found, licence: 'basic' } }],
  ['remote.unsupported', { found: { ...found, device: { ...found.device, remote: { displays: [], terminal: false, restart: true } } } }],
  ['remote.disconnected', { connected: false }],
  ['remote.inCall', { found: { ...found, inCall: true } }],
  ['remote.occupied', { occupied: true }],
  ['remote.tooMany', { running: limits.sessionsPerTenant }],
]

/** One with all of these wrong. */
function withWrong(some: readonly (readonly [ErrorCode, Partial<SessionFacts>])[]): SessionFacts {
  let facts = good
  for (const [, { found: other, ...more }] of some) {
    const before = facts.found
    facts = { ...facts, ...more }
    if (!other || !before) continue
    const changes = Object.fromEntries(
      Object.entries(other).filter(
        ([name, value]) => JSON.stringify(value) !== JSON.stringify(Object.entries(found).find(([known]) => known === name)?.[1]),
      ),
    )
    facts = { ...facts, found: { ...before, ...changes } }
  }
  return some.some(([, changes]) => 'found' in changes && changes.found === undefined) ? { ...facts, found: undefined } : facts
}

describe('[REM-3] the preconditions of a session', () => {
  it('let it begin where nothing is wrong, and one fewer than too many run', () => {
    expect(preconditions(good)).toBeNull()
    expect(preconditions({ ...good, running: limits.sessionsPerTenant - 1 })).toBeNull()
  })

  it.each(wrong)('%s', (code, changes) => {
    expect(preconditions(withWrong([[code, changes]]))).toBe(code)
  })

  it('say the first of several, always in the same order', () => {
    for (let bits = 1; bits < 2 ** wrong.length; bits += 1) {
      const some = wrong.filter((_, index) => bits & (1 << index))
      // The later access would hide the earlier one; both cannot be wrong at once.
      if (some.filter(([, changes]) => changes.access).length > 1) continue
      expect([some.map(([code]) => code), preconditions(withWrong(some))]).toEqual([some.map(([code]) => code), some[0]?.[0]])
    }
  })

  it('take a terminal alone from who may drive, and not from who may only look', () => {
    const terminal = { ...good, found: { ...found, device: { ...found.device, remote: { displays: [], terminal: true, restart: false } } } }
    expect([preconditions(terminal), preconditions({ ...terminal, mode: 'view' })]).toEqual([null, 'remote.unsupported'])
  })

  it('ask a device that offers nothing at all like one without a screen', () => {
    const { remote: _, ...device } = found.device
    expect(preconditions({ ...good, found: { ...found, device } })).toBe('remote.unsupported')
  })

  it.each<[Permission[], ErrorCode | null, ErrorCode | null]>([
    [['remoteAccess.modify'], null, null],
    [['remoteAccess.view'], null, 'access.denied'],
    [['rooms.view', 'rooms.modify', 'settings.modify'], 'access.denied', 'access.denied'],
    [['settings.modify', 'incidents.view'], 'room.notFound', 'room.notFound'],
  ])('%j: view %s, modify %s', (permissions, view, modify) => {
    expect(preconditions({ ...good, access: access(permissions), mode: 'view' })).toBe(view)
    expect(preconditions({ ...good, access: access(permissions), mode: 'modify' })).toBe(modify)
  })

  it('count rights on this room only, and a Global Administrator has none', () => {
    const elsewhere = access(['rooms.view', 'remoteAccess.modify'], [RoomId.parse(v7())])
    expect(preconditions({ ...good, access: elsewhere })).toBe('room.notFound')
    expect(isVisibleTo({ ...good, access: elsewhere })).toBe(false)
    expect(preconditions({ ...good, access: { globalAdministrator: true, grants: [] }, mode: 'view' })).toBe('access.denied')
  })
})
