import Fastify from 'fastify'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Access } from '../../../contract/access.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, RoleId, RoomId } from '../../../contract/ids.ts'
import { builtInRoles } from '../../../contract/permissions.ts'
import { RateLimit } from '../rateLimit.ts'
import { checkPermission } from './guard.ts'
import { requireAccessDeclared, type RouteAccess } from './routeAccess.ts'

const mine = RoomId.parse(v7())
const theirs = RoomId.parse(v7())
const access: Access = {
  globalAdministrator: false,
  grants: [
    {
      assignment: AssignmentId.parse(v7()),
      role: RoleId.parse('siteTech'),
      permissions: [...builtInRoles.siteTech.permissions],
      scope: [mine],
    },
  ],
}

function answer(route: RouteAccess, params: unknown = {}): string {
  try {
    checkPermission(route, { access }, params)
    return 'ok'
  } catch (error) {
    return error instanceof RoomkeeperError ? error.code : String(error)
  }
}

describe('a route', () => {
  it('cannot be registered without saying who may use it', () => {
    const app = Fastify()
    app.addHook('onRoute', requireAccessDeclared)
    expect(() => app.get('/open', async () => 'x')).toThrow('GET /open does not declare its access')
    app.get('/said', { config: { access: 'public' } }, async () => 'x')
  })

  it('lets through who holds its permission, or one of several', () => {
    expect(answer({ permission: 'rooms.view' })).toBe('ok')
    expect(answer({ permission: ['settings.view', 'rooms.modify'] })).toBe('ok')
    expect(answer({ permission: 'settings.view' })).toBe('access.denied')
    expect(answer('anyone')).toBe('ok')
    expect(answer('directory')).toBe('access.denied')
    expect(answer('auditor')).toBe('access.denied')
  })

  it('says of a room outside the scope what it says of one that does not exist', () => {
    const route: RouteAccess = { permission: 'rooms.view', room: 'room' }
    expect(answer(route, { room: mine })).toBe('ok')
    expect(answer(route, { room: theirs })).toBe('access.outOfScope')
    expect(answer(route, { room: 'nonsense' })).toBe('access.outOfScope')
    expect(answer(route, undefined)).toBe('access.outOfScope')
    expect(answer({ permission: 'rooms.create', room: 'room' }, { room: mine })).toBe('access.denied')
  })
})

describe('a rate limit', () => {
  it('lets a minute’s worth through, then refills steadily, per credential', () => {
    let now = 0
    const rate = new RateLimit(60, { now: () => now })
    const took = (credential: string) => {
      try {
        rate.take(credential)
        return true
      } catch (error) {
        return error instanceof RoomkeeperError ? error.details.params?.['retryAfter'] : error
      }
    }
    for (let i = 0; i < 60; i += 1) expect(took('a')).toBe(true)
    expect(took('a')).toBe(1)
    expect(took('b')).toBe(true)
    now += 1_000
    expect(took('a')).toBe(true)
    expect(took('a')).toBe(1)
    now -= 500
    expect(took('a')).toBe(1)
  })
})
