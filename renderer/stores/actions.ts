import { defineStore } from 'pinia'
import { useI18n } from 'vue-i18n'
import type { QueuedCommand } from '../../contract/commands.ts'
import type { Licence } from '../../contract/entities.ts'
import type { PersonId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { IncidentView } from '../../contract/views.ts'
import { useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'

/** What an operator does: every one is a command in the outbox, said in one line, with an undo where there is one. */
export const useActions = defineStore('actions', () => {
  const bridge = useBridge()
  const toasts = useToasts()
  const core = useConsole()
  const { t } = useI18n({ useScope: 'global' })

  /** Submits the commands in order; `tenant` where they do not say themselves whose they are. False, with the reason shown, when one was not taken. */
  async function submit(commands: readonly QueuedCommand[], failed: string, tenant?: TenantId | null): Promise<boolean> {
    try {
      for (const command of commands) await bridge.call('commands.submit', { command, ...(tenant ? { tenant } : {}) })
      return true
    } catch (error) {
      toasts.problem(failed, error)
      return false
    }
  }

  async function acknowledge(incidents: readonly IncidentView[], note?: string): Promise<boolean> {
    const open = incidents.filter((incident) => incident.status !== 'resolved' && !incident.acknowledged)
    if (open.length === 0) return false
    const failed = t('did.acknowledgeFailed', { n: open.length }, open.length)
    const done = await submit(
      open.map(({ id }) => ({ type: 'incident.acknowledge', incident: id, ...(note ? { note } : {}) })),
      failed,
    )
    if (done) {
      toasts.say(t('did.acknowledge', { n: open.length, number: open[0]?.number ?? '' }, open.length), () => {
        void submit(
          open.map(({ id }) => ({ type: 'incident.unacknowledge', incident: id })),
          t('did.undoFailed'),
        )
      })
    }
    return done
  }

  /** Gives them to someone, or to nobody. `name`: whose they are then; absent, one's own. */
  async function assign(incidents: readonly IncidentView[], owner: PersonId | null, name?: string): Promise<boolean> {
    const changed = incidents.filter((incident) => (incident.owner?.id ?? null) !== owner)
    if (changed.length === 0) return false
    const done = await submit(
      changed.map(({ id }) => ({ type: 'incident.assign', incident: id, owner })),
      t('did.assignFailed', { n: changed.length }, changed.length),
    )
    if (done) {
      const words = { n: changed.length, number: changed[0]?.number ?? '', name: name ?? '' }
      toasts.say(t(owner === null ? 'did.unassign' : name === undefined ? 'did.assign' : 'did.assignTo', words, changed.length), () => {
        void submit(
          changed.map(({ id, owner: before }) => ({ type: 'incident.assign', incident: id, owner: before?.id ?? null })),
          t('did.undoFailed'),
        )
      })
    }
    return done
  }

  const assignToMe = (incidents: readonly IncidentView[]): Promise<boolean> =>
    core.me ? assign(incidents, core.me.id) : Promise.resolve(false)

  function comment(incident: IncidentView, text: string): Promise<boolean> {
    return submit([{ type: 'incident.comment', incident: incident.id, text }], t('did.commentFailed'))
  }

  /** Any number of rooms, as many in one command as the contract takes. */
  function inParts(rooms: readonly RoomId[], command: (some: RoomId[]) => QueuedCommand): QueuedCommand[] {
    const commands: QueuedCommand[] = []
    for (let at = 0; at < rooms.length; at += limits.roomsPerCommand) commands.push(command(rooms.slice(at, at + limits.roomsPerCommand)))
    return commands
  }

  async function moveRooms(type: 'rooms.enrol' | 'rooms.unenrol', rooms: readonly RoomId[]): Promise<boolean> {
    const commands = inParts(rooms, (some) => ({ type, rooms: some }))
    const word = type === 'rooms.enrol' ? 'enrol' : 'unenrol'
    const done = await submit(commands, t(`did.${word}Failed`, { n: rooms.length }, rooms.length))
    if (done) toasts.say(t(`did.${word}`, { n: rooms.length }, rooms.length))
    return done
  }

  async function changeRing(rooms: readonly RoomId[], ring: string): Promise<boolean> {
    const done = await submit(inParts(rooms, (some) => ({ type: 'rooms.ring', rooms: some, ring })), t('did.ringFailed', { n: rooms.length }, rooms.length))
    if (done) toasts.say(t('did.ring', { n: rooms.length, ring }, rooms.length))
    return done
  }

  async function changeLicence(rooms: readonly RoomId[], licence: Licence): Promise<boolean> {
    const done = await submit(inParts(rooms, (some) => ({ type: 'rooms.licence', rooms: some, licence })), t('did.licenceFailed', { n: rooms.length }, rooms.length))
    if (done) toasts.say(t('did.licence', { n: rooms.length }, rooms.length))
    return done
  }

  async function changeSettings(changes: Extract<QueuedCommand, { type: 'settings.change' }>['changes']): Promise<boolean> {
    const done = await submit([{ type: 'settings.change', changes }], t('did.settingsFailed'), core.acting)
    if (done) toasts.say(t('did.settings'))
    return done
  }

  return { acknowledge, assign, assignToMe, comment, moveRooms, changeRing, changeLicence, changeSettings }
})
