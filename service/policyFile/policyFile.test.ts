import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, GroupId, LinkId, RoleId } from '../../contract/ids.ts'
import { plainName } from '../../contract/names.ts'
import type { Policy } from '../../contract/policy.ts'
import { policies, rooms as someRooms } from '../../contract/testing/policies.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { typedName, typedText } from '../../contract/text.ts'
import { linesOf, policyDifference } from './difference.ts'
import { exportPolicy } from './export.ts'
import { parsePolicy } from './parse.ts'

const rooms = new Map(someRooms.map((room) => [room.id, room]))
const names = { tenant: 'Contoso', rooms, members: new Map([['object-0', 'Zoé # "Ω": - x']]) }
const present = (policy: Policy) => ({ policy, rooms, now: 0, ids: realSystem.ids })
const difference = (yaml: string, policy: Policy) => policyDifference(parsePolicy(yaml), present(policy))

/** As commands leave them: named, with members, over something, and no partner twice. */
const typed = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => typedText(40).safeParse(text).data === text)
const named = typed.filter((text) => typedName(40).safeParse(text).data === text)
const sixteen = fc.uniqueArray(named, { minLength: 16, maxLength: 16, selector: plainName })
const storable = fc.tuple(policies, sixteen, typed).map(([policy, texts, description]): Policy => {
  const groups = policy.groups.map((group, index) => ({
    ...group,
    name: texts[index]!,
    description,
    rooms: group.rooms.length > 0 || group.rule ? group.rooms : [someRooms[0]!.id],
  }))
  const roles = policy.roles.map((role, index) => ({ ...role, name: texts[index + 4]! }))
  const roleIds = new Set(['proManager', 'siteLead', 'siteTech', ...roles.filter(({ link }) => link === null).map(({ id }) => String(id))])
  const assignments = policy.assignments
    .filter(({ link, role, members }) => link !== null || (roleIds.has(role) && members.length > 0))
    .map((one, index) => ({ ...one, name: texts[index + 8]!, description: index % 2 ? description : '' }))
    .map((one) => (one.role === 'proManager' ? { ...one, scope: 'all' as const } : one))
    .filter(({ link, scope }) => link !== null || scope === 'all' || scope.rooms.length + scope.groups.length > 0)
  const links = policy.links
    .map((link, index) => ({ ...link, domain: `partner-${index}.example` }))
    .filter(({ scope }) => scope === 'all' || scope.rooms.length + scope.groups.length > 0)
  return { roles, groups, assignments, links }
})

describe('a policy as a file', () => {
  it('comes back as it was: what is exported changes nothing', () => {
    fc.assert(
      fc.property(storable, (policy) => {
        expect(difference(exportPolicy(policy, names), policy)).toEqual({ roles: [], groups: [], assignments: [], partners: [] })
      }),
      { numRuns: 50 },
    )
  })

  it('is the same text for the same policy, in whatever order it is stored', () => {
    fc.assert(
      fc.property(storable, (policy) => {
        const turned: Policy = {
          roles: policy.roles.toReversed(),
          groups: policy.groups.toReversed().map((group) => ({ ...group, rooms: group.rooms.toReversed() })),
          assignments: policy.assignments.toReversed().map((one) => ({ ...one, members: one.members.toReversed() })),
          links: policy.links.toReversed(),
        }
        expect(exportPolicy(turned, names)).toBe(exportPolicy(policy, names))
      }),
      { numRuns: 25 },
    )
  })

  it('makes one policy of another: the difference to any other names all that is other, and nothing of partners', () => {
    fc.assert(
      fc.property(storable, storable, ({ roles: had, assignments: gave, ...others }, after) => {
        // An id that is a partner's in the one cannot be the customer's in the other.
        const before = { ...others, roles: had.filter(({ link }) => link === null), assignments: gave.filter(({ link }) => link === null) }
        const yaml = exportPolicy(after, names).replace(
          /^( {2}- id: .*\n {4}domain: .*\n)/gm,
          '$1    expiresInDays: 7\n    agreeToTerms: true\n',
        )
        const { roles, assignments } = difference(yaml, before)
        const apply = <T extends { id: string; link: LinkId | null }>(
          items: readonly T[],
          changes: readonly { before: T | undefined; after: T | undefined }[],
        ): string[] => {
          const ids = new Set(items.filter(({ link }) => link === null).map(({ id }) => String(id)))
          for (const change of changes) {
            if (change.before && !change.after) ids.delete(change.before.id)
            else if (change.after) ids.add(change.after.id)
          }
          return [...ids].sort()
        }
        const own = (items: readonly { id: string; link: LinkId | null }[]): string[] =>
          items
            .filter(({ link }) => link === null)
            .map(({ id }) => id)
            .sort()
        expect(apply(before.roles, roles)).toEqual(own(after.roles))
        expect(apply(before.assignments, assignments)).toEqual(own(after.assignments))
      }),
      { numRuns: 25 },
    )
  })
})

const [roomA] = someRooms
const role = { id: RoleId.parse(v7()), link: null, name: 'Lobby team', description: '', permissions: ['rooms.view' as const] }
const group = { id: GroupId.parse(v7()), name: 'Lobbies', description: '', rooms: [roomA!.id], rule: null }
const assignment = {
  id: AssignmentId.parse(v7()),
  link: null,
  role: role.id,
  name: 'Team',
  description: '',
  notify: false,
  members: [{ kind: 'group' as const, id: 'team' }],
  scope: { rooms: [], groups: [group.id] },
  builtIn: false,
}
const policy: Policy = { roles: [role], groups: [group], assignments: [assignment], links: [] }

const file = `roomkeeper: policy
version: 1
roles:
  - name: Lobby team
    permissions: [rooms.view, rooms.modify]
groups:
  - name: Lobbies
    rooms:
      - ${roomA!.id}
assignments:
  - name: Team
    role: Lobby team
    members:
      - { kind: group, id: team, name: The team }
    scope: { groups: [Lobbies] }
partners:
  - domain: Fabrikam.example
    changeControl: { rooms: manual, rings: manual, incidents: automatic, roles: automatic }
    scope: all
    expiresInDays: 7
    agreeToTerms: true
`

describe('a file that people write', () => {
  it('names what there is by its name, and needs no ids', () => {
    const found = difference(file, policy)
    expect(linesOf(found)).toEqual([
      { what: 'role', name: 'Lobby team', change: 'update' },
      { what: 'partner', name: 'fabrikam.example', change: 'create' },
    ])
    expect(found.partners[0]?.after?.days).toBe(7)
  })

  const wrong: readonly [what: string, from: string | RegExp, to: string, field: string, line: number][] = [
    ['another kind of file', 'roomkeeper: policy', 'roomkeeper: recipe', 'roomkeeper', 1],
    ['another version', 'version: 1', 'version: 2', 'version', 2],
    ['a section that is missing', /partners:[\s\S]*/, '', 'partners', 1],
    ['an unknown word', 'permissions:', 'permision:', 'roles.0.permissions', 4],
    ['an unknown permission', 'rooms.modify', 'rooms.destroy', 'roles.0.permissions.1', 5],
    ['a role that is not there', 'role: Lobby team', 'role: Nobody', 'assignments.0.role', 12],
    ["a partner's role", 'role: Lobby team', 'role: primaryAdmin', 'assignments.0.role', 12],
    ['a room that is not there', roomA!.id, v7(), 'groups.0.rooms.0', 9],
    ['what is no room', roomA!.id, 'Boardroom', 'groups.0.rooms.0', 9],
    ['a group that is not there', 'groups: [Lobbies]', 'groups: [Attic]', 'assignments.0.scope.groups.0', 15],
    ['a scope over nothing', 'groups: [Lobbies]', 'groups: []', 'assignments.0.scope', 15],
    ['a Pro Manager of some rooms', 'role: Lobby team', 'role: proManager', 'assignments.0.scope', 15],
    ['no members', /members:\n.*\n/, 'members: []\n', 'assignments.0.members', 13],
    ['a name twice', '  - name: Lobbies', `  - { name: lobbies, rooms: [${roomA!.id}] }\n  - name: Lobbies`, 'groups.1.name', 8],
    ['the name of a built-in role', /Lobby team/g, 'Site Lead', 'roles.0.name', 4],
    [
      'an id twice',
      '  - name: Lobbies',
      `  - { id: ${group.id}, name: A, rooms: [${roomA!.id}] }\n  - id: ${group.id}\n    name: Lobbies`,
      'groups.1.id',
      8,
    ],
    ['what is no domain', 'Fabrikam.example', 'https://x', 'partners.0.domain', 17],
    ['terms not agreed to', '    agreeToTerms: true\n', '', 'partners.0', 17],
    ['terms denied', 'agreeToTerms: true', 'agreeToTerms: false', 'partners.0.agreeToTerms', 21],
    ['an invitation for 0 days', 'expiresInDays: 7', 'expiresInDays: 0', 'partners.0.expiresInDays', 20],
    ['an invitation for 31 days', 'expiresInDays: 7', 'expiresInDays: 31', 'partners.0.expiresInDays', 20],
    ['an invitation for 1.5 days', 'expiresInDays: 7', 'expiresInDays: 1.5', 'partners.0.expiresInDays', 20],
    ['an invitation for a word', 'expiresInDays: 7', 'expiresInDays: soon', 'partners.0.expiresInDays', 20],
  ]
  it.each(wrong)('is refused with %s, by line and field', (_, from, to, field, line) => {
    const yaml = file.replace(from, to)
    expect(yaml).not.toBe(file)
    expect(refusalOf(yaml)).toMatchObject({ code: 'policy.fileInvalid', details: { field, params: { line } } })
  })

  it.each([
    ['what is not YAML', 'roles: [', 1],
    ['a key twice', 'version: 1\nversion: 1', 2],
    ['an alias that goes in a circle', 'version: 1\nroles: &a [*a]', 2],
    ['two documents', '---\na: 1\n---\nb: 2', 3],
    ['nesting without end', '['.repeat(20_000), 1],
    ['a text', 'hello', 1],
    ['nothing but a comment', '# nothing', 1],
  ])('is refused with %s', (_, yaml, line) => {
    expect(refusalOf(yaml)).toMatchObject({ code: 'policy.fileInvalid', details: { params: { line } } })
  })

  it('cannot take away the group that an assignment of a partner names', () => {
    const link = LinkId.parse(v7())
    const theirs = { ...assignment, id: AssignmentId.parse(v7()), link, name: 'Theirs' }
    const without = file.replace(/groups:\n(.*\n){3}/, 'groups: []\n').replace('{ groups: [Lobbies] }', 'all')
    expect(() => difference(without, { ...policy, assignments: [assignment, theirs] })).toThrow('"Lobbies" has to stay')
  })
})

function refusalOf(yaml: string): unknown {
  try {
    difference(yaml, policy)
  } catch (error) {
    return error instanceof RoomkeeperError ? { code: error.code, details: error.details } : error
  }
  return undefined
}
