import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The test that must find each. */
export const propertyTest = `${root}service/access/access.property.test.ts`

/**
 * Mistakes that the property test of access must find, each by itself: `npm test -- planted` plants one after the other.
 * A unit test holds that every text stands exactly once in its file.
 */
export interface Mistake {
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  readonly text: string
  readonly instead: string
}

export const mistakes: readonly Mistake[] = [
  {
    name: 'a permission over one room counts for the whole tenant',
    file: 'contract/access.ts',
    text: "access.link === undefined && scopeOf(access, permission) === 'all'",
    instead: 'access.link === undefined && may(access, permission)',
  },
  {
    name: "a partner's assignment is not cut to the link",
    file: 'contract/evaluate.ts',
    text: 'assignment.builtIn ? linked.scope : both(named, linked.scope)',
    instead: 'assignment.builtIn ? linked.scope : named',
  },
  {
    name: 'only the first assignment of somebody counts',
    file: 'contract/evaluate.ts',
    text: 'const grants: Grant[] = assignmentsOf(resolved, subject).map(',
    instead: 'const grants: Grant[] = assignmentsOf(resolved, subject).slice(0, 1).map(',
  },
  {
    name: 'a partner holds what a Primary Admin cannot',
    file: 'contract/evaluate.ts',
    text: 'linked === null ? held : held.filter((permission) => mayHold(linked.link, permission))',
    instead: 'held',
  },
  {
    name: 'ids of another directory count',
    file: 'contract/evaluate.ts',
    text: "`${link ?? ''}/${kind}/${id}`",
    instead: '`${kind}/${id}`',
  },
  {
    name: 'who gives more than they hold is not stopped',
    file: 'service/access/policies.ts',
    text: "if (maker !== 'system') {",
    instead: "if (maker === 'system' && before === after) {",
  },
  {
    name: 'who takes from rooms of others is not stopped',
    file: 'service/access/policies.ts',
    text: 'if (takesBeyond(before, after, maker))',
    instead: 'if (takesBeyond(before, before, maker))',
  },
  {
    name: 'people keep the access that a change took',
    file: 'service/access/policies.ts',
    text: 'await refreshAccess(tx, after, await membersChanged(before, after).of(tx))',
    instead: 'await refreshAccess(tx, after, [])',
  },
  {
    name: 'nobody is taken for removed',
    file: 'service/access/membership/reading.ts',
    text: 'if (!answered) return',
    instead: 'if (answered || !answered) return',
  },
  {
    name: 'who was removed counts as the last one',
    file: 'service/access/lastOnes.ts',
    text: "kind === 'person' && !isRemoved(link, id)",
    instead: "kind === 'person' && (!isRemoved(link, id) || true)",
  },
  {
    name: 'the last one may be taken away',
    file: 'service/access/lastOnes.ts',
    text: 'if (!(await isSomeone(tx, was))) continue',
    instead: 'if (await isSomeone(tx, was)) continue',
  },
  {
    name: 'membership is not read before it decides',
    file: 'service/access/membership/deciding.ts',
    text: 'if (!decides.has(command.type)) return',
    instead: 'if (decides.size > 0) return',
  },
  {
    name: 'unknown members are taken while the directory is away',
    file: 'service/access/membership/members.ts',
    text: "if ((kind === 'person' ? people : groups).has(id)) return true",
    instead: "if (kind === 'person' || groups.has(id)) return true",
  },
  {
    name: 'approval asks no directory',
    file: 'service/partners/requests.ts',
    text: '? askedFor(deps, asker, request) : undefined',
    instead: '? undefined : undefined',
  },
  {
    name: 'a request has waited with a password alone',
    file: 'service/partners/requests.ts',
    text: 'await callerWithin(tx, row.person, row.multiFactor === 1)',
    instead: 'await callerWithin(tx, row.person, true)',
  },
  {
    name: 'approval applies with the rights of whoever approves',
    file: 'service/partners/requests.ts',
    text: '{ ...context, caller: asker, actedAt:',
    instead: '{ ...context, caller, actedAt:',
  },
  {
    name: 'what was to be approved is applied',
    file: 'service/partners/approvals.ts',
    text: "linkOf(row).changeControl[kind] === 'manual'",
    instead: "linkOf(row).status === 'invited'",
  },
  {
    name: 'a link that demands more than a password takes one',
    file: 'service/access/service.ts',
    text: 'link.multiFactor === 1 && !multiFactor',
    instead: 'link.multiFactor === 2 && !multiFactor',
  },
  {
    name: 'a retry is judged anew',
    file: 'service/ground/commands/submit.ts',
    text: ".where('key', '=', key)\n    .executeTakeFirst()\n  return row &&",
    instead: ".where('key', '=', key)\n    .where('at', '<', 0)\n    .executeTakeFirst()\n  return row &&",
  },
  {
    name: 'a hidden room is acted on',
    file: 'service/ground/commands/handler.ts',
    text: "may(context.caller.access, permission, id), 'room.notFound'",
    instead: "may(context.caller.access, permission), 'room.notFound'",
  },
  {
    name: "a link's assignments outlive it",
    file: 'service/partners/ending.ts',
    text: "await customer.delete.assignment().where('link', '=', link.id).execute()",
    instead: "await customer.delete.assignment().where('link', '=', link.id).where('builtIn', '=', 1).execute()",
  },
  {
    name: 'a preview tells of those who gain alone',
    file: 'service/access/preview.ts',
    text: 'const losing = affected.filter(({ change }) => loses(change))',
    instead: 'const losing = affected.filter(({ change }) => loses(change) && change.roomsGained.length > 0)',
  },
  {
    name: 'who can: as if no room had been named',
    file: 'service/access/explain.ts',
    text: 'if (room !== undefined && !reaches(granted.scope, room)) continue',
    instead: 'if (room !== undefined && granted.scope.length === 0) continue',
  },
  {
    name: 'built-in roles are given as if they were their permissions',
    file: 'contract/escalation.ts',
    text: '[...permissions, ...powersOf(assignment.role)]',
    instead: 'permissions',
  },
  {
    name: 'all of a link counts as its rooms of today',
    file: 'contract/escalation.ts',
    text: 'return [...own, ...linked.map((source) => withinLink + source)]',
    instead: 'return linked.map((source) => withinLink + source)',
  },
  {
    name: 'an invitation counts as nothing given',
    file: 'contract/escalation.ts',
    text: '...[...promisedBy(after)].map(([link, now]) => [now, promised.get(link)] as const)',
    instead: '...[...promisedBy(after)].filter(([link]) => promised.has(link)).map(([link, now]) => [now, promised.get(link)] as const)',
  },
  {
    name: 'who takes rooms out of groups of others is not stopped',
    file: 'service/access/policies.ts',
    text: 'if (regroupsBeyond(before, after, maker))',
    instead: 'if (regroupsBeyond(before, before, maker))',
  },
  {
    name: 'a role that others use is changed',
    file: 'service/access/roleCommands.ts',
    text: 'if (roleIsBeyond(resolved, id, caller.access))',
    instead: 'if (roleIsBeyond(resolved, id, { ...caller.access, globalAdministrator: true }))',
  },
  {
    name: 'a policy file may give anything',
    file: 'service/policyFile/import.ts',
    text: 'await changePolicy(tx, caller.access, (resolved)',
    instead: "await changePolicy(tx, 'system', (resolved)",
  },
  {
    name: 'rooms to come are taken by who holds those of today',
    file: 'contract/escalation.ts',
    text: 'const come = new Set(whole ? [] : growthAfter(now))',
    instead: 'const come = new Set(growthBefore(was))',
  },
  {
    name: 'rooms go into groups of others',
    file: 'service/rooms/places.ts',
    text: 'if (regroups && !everywhere)',
    instead: 'if (regroups && everywhere && !everywhere)',
  },
  {
    name: 'a change of a group leaves a partner without rooms',
    file: 'service/access/policies.ts',
    text: 'if (scope.length > 0 || before.links.get(id)?.scope.length === 0) continue',
    instead: 'if (scope.length >= 0 || before.links.get(id)?.scope.length === 0) continue',
  },
  {
    name: 'an incident is given to who does not see it',
    file: 'service/incidents/assign.ts',
    text: '&& ownerTest([room])(me.access)',
    instead: '',
  },
  {
    name: 'who loses sight of a room keeps its incidents',
    file: 'service/access/refresh.ts',
    text: 'await leaveUnseen(tx, blinder)',
    instead: 'await leaveUnseen(tx, new Map())',
  },
  {
    name: 'everybody is told of everybody',
    file: 'service/access/peopleRoutes.ts',
    text: '(row.id === person || personIsShown(held, theirs)) && wanted(theirs)',
    instead: 'wanted(theirs)',
  },
  {
    name: 'a hidden incident is read by its id',
    file: 'service/rooms/routes.ts',
    text: "const incident = await store.read(tenant, reach).get('incident'",
    instead: "const incident = await store.read(tenant, 'wholeTenant').get('incident'",
  },
  {
    name: 'a room that is hidden is told apart from none',
    file: 'service/ground/http/guard.ts',
    text: "throw new RoomkeeperError('access.outOfScope')",
    instead: "throw new RoomkeeperError(room.success && room.data.endsWith('0009') ? 'access.outOfScope' : 'access.denied')",
  },
  {
    name: 'the feed sends histories of all rooms',
    file: 'service/feed/rows.ts',
    text: "return isVisible(this.#visible.get(row.kind) ?? 'none', row)",
    instead: "return row.kind === 'entry' || isVisible(this.#visible.get(row.kind) ?? 'none', row)",
  },
  {
    name: 'consoles are not told that their scope is another one',
    file: 'service/feed/follower.ts',
    text: 'if (this.#see(current)) this.#sayScope()',
    instead: 'this.#see(current)',
  },
  {
    name: 'who is removed follows on',
    file: 'service/feed/hub.ts',
    text: "if (removed) return 'auth.removed'",
    instead: '',
  },
]

/** Which of them is planted in this process. */
export const plantedBy = 'ROOMKEEPER_PLANTED'

export const pathOf = ({ file }: Mistake): string => `${root}${file}`

export const timesIn = (code: string, { text }: Pick<Mistake, 'text'>): number => code.split(text).length - 1

/** For Vitest: plants the mistake that the environment names while its file is loaded. Without one it does nothing. */
export function plantedMistake(name = process.env[plantedBy]): {
  name: string
  enforce: 'pre'
  transform: (code: string, id: string) => string | undefined
} {
  const mistake = mistakes.find((one) => one.name === name)
  if (name !== undefined && !mistake) throw new Error(`There is no mistake "${name}" to plant.`)
  return {
    name: 'planted-mistake',
    enforce: 'pre',
    transform(code, id) {
      if (!mistake || id.split('?')[0] !== pathOf(mistake)) return undefined
      if (timesIn(code, mistake) !== 1) throw new Error(`"${mistake.text}" does not stand once in ${mistake.file}.`)
      return code.replace(mistake.text, () => mistake.instead)
    },
  }
}
