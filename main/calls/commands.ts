import type { IncidentCommand, QueuedCommand } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { CommandKey, IncidentId, RoomId, TenantId } from '../../contract/ids.ts'
import type { OutboxItem } from '../../contract/views.ts'
import type { Console } from '../console.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Tenants } from '../tenants/tenants.ts'
import type { Shown } from '../views/shown.ts'
import { checkCommand, subjectOf } from './submit.ts'

/**
 * Puts a command into the outbox of the tenant that has what it is about; what is about no room goes to the named
 * tenant, else to the one that is acted in. Rooms of several tenants make a command for each, all of them or none; the key is that of the
 * first.
 * Errors: as `checkCommand`, `outbox.full`, `outbox.locked`, `disk.failed`; `session.tenantUnknown`; `lease.ended` where the tenant's
 * copy is locked. What is wrong with the command is thrown at once.
 */
export function submitWhereItBelongs(core: Console, command: QueuedCommand, tenant?: TenantId): Promise<CommandKey> {
  return submitParts(core, partsOf(core, command, tenant)).then(([first]) => {
    if (first === undefined) throw new RoomkeeperError('room.notFound')
    return first
  })
}

/** Commands, each into the outbox of the tenant that has its incident: all of a tenant's or none. Errors: as above. */
export function submitAllWhereTheyBelong(core: Console, commands: readonly IncidentCommand[]): Promise<CommandKey[]> {
  return submitParts(
    core,
    commands.flatMap((command) => partsOf(core, command)),
  )
}

function submitParts(core: Console, parts: readonly (readonly [Shown, QueuedCommand])[]): Promise<CommandKey[]> {
  const byTenant = new Map<Shown, QueuedCommand[]>()
  for (const [shown, part] of parts) {
    checkCommand(shown, part)
    byTenant.set(shown, [...(byTenant.get(shown) ?? []), part])
  }
  const keys: CommandKey[] = []
  return core.tenants.patience.keep(() => {
    // What one of them has no room for, or cannot write now, none of them takes.
    for (const [shown, commands] of byTenant) shown.outbox.checkRoom(commands.length)
    for (const [shown, commands] of byTenant) {
      keys.push(...shown.outbox.submitAll(commands))
      byTenant.delete(shown)
    }
    return keys
  })
}

function partsOf(core: Console, command: QueuedCommand, tenant?: TenantId): [Shown, QueuedCommand][] {
  const { everything } = core
  const acting = (): Shown => {
    const { shown, lease } = tenant === undefined ? core.acting : core.accountOf(tenant)
    if (lease.ended) throw new RoomkeeperError('lease.ended')
    return shown
  }
  if ('incident' in command) return [[everything.holder('incident', command.incident) ?? acting(), command]]
  if (command.type === 'suppression.end' && command.within?.[0] !== undefined)
    return [[everything.holder('room', command.within[0]) ?? acting(), command]]
  if (!('rooms' in command) || command.rooms.length === 0) return [[acting(), command]]
  const byTenant = new Map<Shown, typeof command.rooms>()
  for (const room of command.rooms) {
    const shown = everything.holder('room', room) ?? acting()
    const rooms = byTenant.get(shown)
    if (rooms === undefined) byTenant.set(shown, [room])
    else rooms.push(room)
  }
  return [...byTenant].map(([shown, rooms]) => [shown, { ...command, rooms, ...incidentsOf(command, rooms) }])
}

/** Of a report in rooms of several tenants, each has the incidents of its own rooms. */
function incidentsOf(command: QueuedCommand, rooms: readonly RoomId[]): { incidents?: IncidentId[] } {
  if (command.type !== 'issue.report') return {}
  return { incidents: command.rooms.flatMap((room, n) => (rooms.includes(room) ? (command.incidents[n] ?? []) : [])) }
}

/** Everything that is not confirmed, of all tenants, oldest first. */
export function outboxItems(tenants: Tenants): OutboxItem[] {
  const shownOf = new Map(tenants.all.map(({ outbox, shown }) => [outbox, shown]))
  const items = tenants.outboxes.flatMap((outbox) =>
    outbox.rows().map(({ appliedAt: _appliedAt, ...row }): OutboxItem => {
      const shown = shownOf.get(outbox)
      return { ...row, subject: shown === undefined ? '' : subjectOf(shown, row.command) }
    }),
  )
  return items.sort((a, b) => a.issuedAt - b.issuedAt)
}

/** The outbox that has a command. Errors: `outbox.notFound`. */
function outboxOf(tenants: Tenants, key: CommandKey): Outbox {
  const found = tenants.outboxes.find((outbox) => outbox.get(key) !== undefined)
  if (found === undefined) throw new RoomkeeperError('outbox.notFound')
  return found
}

/** Takes back what was refused or never tried. Errors: as `Outbox.discard`, `outbox.locked`, `disk.failed`. */
export function discardCommand(tenants: Tenants, key: CommandKey): Promise<void> {
  return tenants.patience.keep(() => outboxOf(tenants, key).discard(key))
}

/**
 * Sends a refused command again. Errors: `outbox.locked`, `disk.failed`, `outbox.notFound`, `request.conflict`; `access.denied` of a
 * customer that is none any more.
 */
export function retryCommand(tenants: Tenants, key: CommandKey): Promise<CommandKey> {
  const outbox = outboxOf(tenants, key)
  if (!tenants.all.some((account) => account.outbox === outbox)) throw new RoomkeeperError('access.denied')
  return tenants.patience.keep(() => outbox.retry(key))
}
