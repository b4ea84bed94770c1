import { isAlias, isNode, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, GroupId, LinkId, RoleId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { Permission } from '../../contract/permissions.ts'
import { ChangeControl, GroupRule, Member } from '../../contract/policy.ts'
import { typedName, typedText } from '../../contract/text.ts'
import { unknownField, unknownFieldSays } from '../../contract/unknown.ts'

/**
 * A customer's policy as a file: roles, room groups, assignments and partners, in YAML 1.2. All four sections must stand
 * there, since what is missing in one is removed. Names of rooms, people and partners are for the reader only.
 */

const name = typedName()
const description = typedText(limits.commentChars).or(z.literal('')).default('')
const nameToRead = z.string().max(limits.deviceTextChars).optional()
/** The id of a role or group, or the name that it has in the file. */
const reference = z.string().min(1).max(limits.nameChars)

const Scope = z.union([
  z.literal('all'),
  z.strictObject({
    rooms: z.array(RoomId).max(limits.roomsPerScope).default([]),
    groups: z.array(reference).max(limits.groupsPerScope).default([]),
  }),
])
export type FileScope = z.infer<typeof Scope>

const Role = z.strictObject({
  /** Left out, here and below: it is the one of that name, or a new one. */
  id: RoleId.optional(),
  name,
  description,
  permissions: z.array(Permission).min(1).max(Permission.options.length),
})
const Group = z.strictObject({
  id: GroupId.optional(),
  name,
  description,
  rooms: z.array(RoomId).max(limits.roomsPerScope).default([]),
  rule: GroupRule.strict().nullable().default(null),
})
const Assignment = z.strictObject({
  id: AssignmentId.optional(),
  name,
  description,
  role: reference,
  notify: z.boolean().default(false),
  members: z
    .array(Member.extend({ name: nameToRead }).strict())
    .min(1)
    .max(limits.membersPerAssignment),
  scope: Scope,
})
const Partner = z.strictObject({
  id: LinkId.optional(),
  domain: z.string().min(1).max(253),
  name: nameToRead,
  changeControl: ChangeControl,
  scope: Scope,
  remoteAccess: z.boolean().default(false),
  multiFactor: z.boolean().default(false),
  /** Of a partner that is not linked yet: days that the invitation waits, and that the terms were read and agreed to (PAR-1). */
  expiresInDays: z.int().min(1).max(limits.invitationDaysAtMost).optional(),
  agreeToTerms: z.literal(true).optional(),
})

export const policyVersion = 1
const PolicyFile = z.strictObject({
  roomkeeper: z.literal('policy'),
  version: z.literal(policyVersion),
  roles: z.array(Role),
  groups: z.array(Group),
  assignments: z.array(Assignment),
  partners: z.array(Partner),
})
export type PolicyFile = z.infer<typeof PolicyFile>

type Path = readonly (string | number)[]

export interface ParsedPolicy {
  readonly file: PolicyFile
  /** An error about what stands at this place of the file, with its line. */
  readonly refuse: (path: Path, detail: string) => RoomkeeperError
}

/** `path`: of what is wrong, where it is known. */
export const invalidAt = (line: number, detail: string, path: Path = []): RoomkeeperError =>
  new RoomkeeperError('policy.fileInvalid', {
    ...(path.length > 0 ? { field: path.join('.') } : {}),
    detail: `Line ${line}: ${detail}`,
    params: { line },
  })

/** @throws RoomkeeperError policy.fileInvalid with `field`, and the line in `params.line` and `detail`. */
export function parsePolicy(text: string): ParsedPolicy & { readonly lineOf: (path: Path) => number } {
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core' })
    const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
    const [wrong] = [...document.errors, ...document.warnings]
    if (wrong) throw invalidAt(lineAt(wrong.pos[0]), wrong.message)
    visit(document, {
      Node: (_, node) => {
        // They would make a small file large, or go in circles.
        if (isAlias(node) || node.anchor !== undefined)
          throw invalidAt(lineAt(node.range?.[0] ?? 0), 'Anchors and aliases are not taken here.')
      },
    })
    /** Where the place is, or what holds it. */
    const lineOf = (path: Path): number => {
      for (let length = path.length; length > 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true)
        if (isNode(node) && node.range) return lineAt(node.range[0])
      }
      return 1
    }
    const refuse = (path: Path, detail: string): RoomkeeperError => invalidAt(lineOf(path), detail, path)
    const given: unknown = document.toJS({ maxAliasCount: 0 })
    const parsed = PolicyFile.safeParse(given)
    if (parsed.success) {
      const unread = unknownField(given, parsed.data)
      if (unread) throw refuse(unread, unknownFieldSays)
      return { file: parsed.data, refuse, lineOf }
    }
    const issue = deepest(parsed.error.issues)
    const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)))
    throw refuse(path, issue?.message ?? 'This is not a policy file.')
  } catch (error) {
    // Nested deeper than can be read.
    if (error instanceof RangeError) throw invalidAt(1, 'The file is nested too deeply.')
    throw error
  }
}

type Issue = z.core.$ZodIssue

/** Of a choice, what is wrong with the alternative that fits best. */
function deepest(issues: readonly Issue[], above: Path = []): { path: readonly PropertyKey[]; message: string } | undefined {
  const [issue] = issues
  if (!issue) return undefined
  const path = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
  if (issue.code !== 'invalid_union') return { path, message: issue.message }
  const inner = issue.errors.flatMap((some) => deepest(some, path) ?? [])
  return inner.sort((a, b) => b.path.length - a.path.length)[0] ?? { path, message: issue.message }
}
