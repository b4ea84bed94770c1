import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, GroupId, RoleId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Policy, RoomFacts } from '../../contract/policy.ts'
import { rooms as someRooms } from '../../contract/testing/policies.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { policyDifference } from './difference.ts'
import { exportPolicy } from './export.ts'
import { readPolicyFile } from './read.ts'

const [anyRoom] = someRooms
if (!anyRoom) throw new Error('no room')
const rooms = new Map(
  Array.from({ length: 2_000 }, (_, n): [RoomId, RoomFacts] => {
    const id = RoomId.parse(v7())
    return [id, { ...anyRoom, id, name: `Salle n° ${n}` }]
  }),
)
const ids = [...rooms.keys()]
const twenty = (n: number): RoomId[] => Array.from({ length: 20 }, (_, k) => ids[(n * 7 + k) % ids.length] ?? anyRoom.id)
const names = { tenant: 'Contoso', rooms, members: new Map<string, string>() }
const present = (policy: Policy) => ({ policy, rooms, now: 0, ids: realSystem.ids })

/** Of this many roles and groups, and assignments of 20 rooms each. */
function policyOf(roles: number, groups: number, assignments: number): Policy {
  const roleIds = Array.from({ length: roles }, () => RoleId.parse(v7()))
  return {
    roles: roleIds.map((id, n) => ({
      id,
      link: null,
      name: `Role ${n}`,
      description: `What role ${n} is for`,
      permissions: ['rooms.view', 'rooms.modify', 'incidents.view'],
    })),
    groups: Array.from({ length: groups }, (_, n) => ({
      id: GroupId.parse(v7()),
      name: `Group ${n}`,
      description: '',
      rooms: twenty(n),
      rule: null,
    })),
    assignments: Array.from({ length: assignments }, (_, n) => ({
      id: AssignmentId.parse(v7()),
      link: null,
      role: roleIds[n % roles] ?? RoleId.parse('siteTech'),
      name: `Assignment ${n}`,
      description: '',
      notify: false,
      members: [
        { kind: 'group' as const, id: v7() },
        { kind: 'person' as const, id: v7() },
      ],
      scope: { rooms: twenty(n), groups: [] },
      builtIn: false,
    })),
    links: [],
  }
}

describe('a large policy', () => {
  it('fits into a file, and what was exported changes nothing when it is imported', async () => {
    const policy = policyOf(500, 1_000, 500)
    const yaml = exportPolicy(policy, names)
    expect(yaml.length).toBeGreaterThan(2_000_000)
    let turns = 0
    const timer = setInterval(() => (turns += 1), 1)
    const parsed = await readPolicyFile(yaml, realSystem.clock)
    clearInterval(timer)
    // Others were served meanwhile.
    expect(turns).toBeGreaterThan(20)
    expect(policyDifference(parsed, present(policy))).toEqual({ roles: [], groups: [], assignments: [], partners: [] })
    // Ten times the assignments fit as well, by what one of them takes.
    const perAssignment = (yaml.length - exportPolicy({ ...policy, assignments: [] }, names).length) / 500
    expect(yaml.length + 4_500 * perAssignment).toBeLessThan(limits.policyFileChars)
  }, 60_000)

  it('is refused by the line of what is wrong, whether the file or what it names', async () => {
    const policy = policyOf(1, 100, 1)
    const yaml = exportPolicy(policy, names)
    const lines = yaml.split('\n')
    const lineOf = (part: string): number => lines.findIndex((line) => line.includes(part)) + 1
    const refusal = async (text: string): Promise<unknown> => {
      try {
        policyDifference(await readPolicyFile(text, realSystem.clock), present(policy))
      } catch (error) {
        return error instanceof RoomkeeperError ? { code: error.code, details: error.details } : error
      }
      return undefined
    }
    expect(yaml.length).toBeGreaterThan(100_000)
    expect(await refusal(yaml.replace('name: Group 99', 'nane: Group 99'))).toMatchObject({
      code: 'policy.fileInvalid',
      details: { params: { line: lineOf('name: Group 99') - 1 } },
    })
    expect(await refusal(yaml.replace('name: Group 99', 'name: Group 98'))).toMatchObject({
      code: 'policy.fileInvalid',
      details: { field: 'groups.99.name', params: { line: lineOf('name: Group 99') } },
    })
    expect(await refusal(lines.with(lineOf('name: Group 99') + 4, `      - ${v7()}`).join('\n'))).toMatchObject({
      details: { field: 'groups.99.rooms.3', params: { line: lineOf('name: Group 99') + 5 } },
    })
    expect(await refusal(`${yaml}roles: []\n`)).toMatchObject({ code: 'policy.fileInvalid' })
  }, 60_000)
})
