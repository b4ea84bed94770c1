import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Access, may, scopeOf } from './access.ts'
import { accessChange, accessOf, resolvePolicy } from './evaluate.ts'
import { Permission } from './permissions.ts'
import { cases } from './testing/chance.ts'
import { modelMay } from './testing/model.ts'
import { changedPolicies, policies, requests, rooms, subjects } from './testing/policies.ts'

const roomIds = rooms.map(({ id }) => id)
/** Thousands of cases take their time on a busy machine (ms). */
const patient = 120_000

describe('the rule of access', () => {
  it(
    'answers as the slow model does',
    () => {
      fc.assert(
        fc.property(policies, subjects, fc.array(requests, { minLength: 1, maxLength: 6 }), (policy, subject, asked) => {
          const access = accessOf(resolvePolicy(policy, rooms), subject)
          for (const { permission, room } of asked) {
            expect([permission, room, may(access, permission, room)]).toEqual([
              permission,
              room,
              modelMay(policy, rooms, subject, permission, room),
            ])
          }
        }),
        { numRuns: cases(10_000) },
      )
    },
    patient,
  )

  it('gives the same answer after its way through JSON', () => {
    fc.assert(
      fc.property(policies, subjects, requests, (policy, subject, { permission, room }) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        const synced: Access = JSON.parse(JSON.stringify(access))
        expect(may(synced, permission, room)).toBe(may(access, permission, room))
      }),
    )
  })

  it('names as its scope just the rooms that it allows', () => {
    fc.assert(
      fc.property(policies, subjects, fc.constantFrom(...Permission.options), (policy, subject, permission) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        const scope = scopeOf(access, permission)
        expect(roomIds.filter((room) => scope === 'all' || scope.has(room))).toEqual(
          roomIds.filter((room) => may(access, permission, room)),
        )
      }),
    )
  })

  it(
    'keeps a partner within the rooms and permissions of its link, whatever its roles say',
    () => {
      fc.assert(
        fc.property(policies, subjects, requests, (policy, subject, { permission, room }) => {
          fc.pre(subject.link !== null && room !== undefined)
          const resolved = resolvePolicy(policy, rooms)
          if (!may(accessOf(resolved, subject), permission, room)) return
          const link = subject.link === null ? undefined : resolved.links.get(subject.link)
          expect(link?.link.status).toBe('active')
          expect(link?.scope === 'all' || (room !== undefined && link?.scope.includes(room))).toBe(true)
          expect(permission.startsWith('settings.')).toBe(false)
        }),
        { numRuns: cases(2_000) },
      )
    },
    patient,
  )
})

describe('the effect of a change', () => {
  it(
    'is what the two answers differ in',
    () => {
      fc.assert(
        fc.property(changedPolicies, subjects, ({ before, after }, subject) => {
          const [had, has] = [accessOf(resolvePolicy(before, rooms), subject), accessOf(resolvePolicy(after, rooms), subject)]
          const change = accessChange(had, has, roomIds)
          const differs = (from: Access, to: Access) =>
            roomIds.filter((room) => Permission.options.some((permission) => may(to, permission, room) && !may(from, permission, room)))
          expect([...(change?.roomsGained ?? [])].sort()).toEqual(differs(had, has))
          expect([...(change?.roomsLost ?? [])].sort()).toEqual(differs(has, had))
          expect(change?.permissionsLost ?? []).toEqual(
            Permission.options.filter((permission) => may(had, permission) && !may(has, permission)),
          )
        }),
        { numRuns: cases(2_000) },
      )
    },
    patient,
  )
})
