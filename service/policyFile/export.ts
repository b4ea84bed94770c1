import { Document, type Scalar, type YAMLMap, YAMLSeq } from 'yaml'
import type { RoomId } from '../../contract/ids.ts'
import { BuiltInRole, builtInRoles, Permission } from '../../contract/permissions.ts'
import type { AssignmentScope, Policy, RoomFacts } from '../../contract/policy.ts'
import { cleanText } from '../../contract/text.ts'
import { policyVersion } from './parse.ts'

/** What the file says beside the policy itself, for its reader. */
export interface FileNames {
  readonly tenant: string
  readonly rooms: ReadonlyMap<RoomId, RoomFacts>
  /** Names of people and security groups, by the id that assignments name them by. */
  readonly members: ReadonlyMap<string, string>
}

const head = (tenant: string): string => ` Access of ${cleanText(tenant, 200)}: roles, room groups, assignments and partners.
 What is taken out of a section is removed at the next import; what has no id is new, or the one of that name.
 A new partner also needs "expiresInDays: 7" (1 to 30) and "agreeToTerms: true".`

/**
 * The customer's own policy as YAML: what partners make of their own is theirs. The same policy is the same text;
 * sections are in the order of names.
 */
export function exportPolicy({ roles, groups, assignments, links }: Policy, names: FileNames): string {
  const document = new Document()
  document.commentBefore = head(names.tenant)
  const scalar = (value: string, comment: string | undefined): Scalar<string> => {
    const node = document.createNode(value)
    if (comment !== undefined && comment !== '') node.comment = ` ${cleanText(comment, 300)}`
    return node
  }
  const list = (items: readonly unknown[]): YAMLSeq => {
    const seq = new YAMLSeq(document.schema)
    for (const item of items) seq.add(item)
    seq.flow = items.length === 0
    return seq
  }
  const map = (fields: Record<string, unknown>): YAMLMap => document.createNode(fields)
  const roleNames = new Map(roles.map(({ id, name }) => [id, name]))
  const groupNames = new Map(groups.map(({ id, name }) => [id, name]))
  const roomList = (rooms: readonly RoomId[]): YAMLSeq =>
    list(byText(rooms, (id) => roomName(names.rooms.get(id))).map((id) => scalar(id, roomName(names.rooms.get(id)))))
  const scopeOf = (scope: AssignmentScope): unknown =>
    scope === 'all'
      ? scope
      : map({
          rooms: roomList(scope.rooms),
          groups: list(byText(scope.groups, (id) => groupNames.get(id) ?? '').map((id) => scalar(id, groupNames.get(id)))),
        })
  const text = (description: string): { description?: string } => (description === '' ? {} : { description })

  document.contents = map({
    roomkeeper: 'policy',
    version: policyVersion,
    roles: list(
      byName(roles.filter(({ link }) => link === null)).map(({ id, name, description, permissions }) =>
        map({
          id,
          name,
          ...text(description),
          permissions: list(Permission.options.filter((permission) => permissions.includes(permission))),
        }),
      ),
    ),
    groups: list(
      byName(groups).map(({ id, name, description, rooms, rule }) =>
        map({ id, name, ...text(description), rooms: roomList(rooms), ...(rule === null ? {} : { rule }) }),
      ),
    ),
    assignments: list(
      byName(assignments.filter(({ link }) => link === null)).map(({ id, name, description, role, notify, members, scope }) => {
        const builtIn = BuiltInRole.safeParse(role)
        return map({
          id,
          name,
          ...text(description),
          role: scalar(role, builtIn.success ? builtInRoles[builtIn.data].en : roleNames.get(role)),
          notify,
          members: list(
            byText(members, (member) => `${member.kind}/${names.members.get(member.id) ?? ''}/${member.id}`).map((member) => {
              const known = names.members.get(member.id)
              return map({ kind: member.kind, id: member.id, ...(known === undefined ? {} : { name: cleanText(known, 200) }) })
            }),
          ),
          scope: scopeOf(scope),
        })
      }),
    ),
    partners: list(
      byText(links, ({ domain, id }) => `${domain} ${id}`).map(
        ({ id, domain, partnerName, status, changeControl, scope, remoteAccess, multiFactor }) =>
          map({
            id,
            domain: scalar(domain, status === 'invited' ? 'invited' : undefined),
            ...(status === 'active' ? { name: cleanText(partnerName, 200) } : {}),
            changeControl,
            scope: scopeOf(scope),
            remoteAccess,
            multiFactor,
          }),
      ),
    ),
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

const roomName = (room: RoomFacts | undefined): string => (room ? [room.place.building, room.name].filter(Boolean).join(' / ') : '')

const byName = <T extends { readonly id: string; readonly name: string }>(items: readonly T[]): T[] =>
  byText(items, ({ id, name }) => `${name.toLowerCase()}\n${id}`)

/** In the order of plain text, which is the same on every machine. */
function byText<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  const texts = new Map(items.map((item) => [item, `${textOf(item)}\n${String(item)}`]))
  return [...items].sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1))
}
