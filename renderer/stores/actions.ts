import { defineStore } from 'pinia'
import { useI18n } from 'vue-i18n'
import type { QueuedCommand } from '../../contract/commands.ts'
import type { Licence } from '../../contract/entities.ts'
import type { CommandKey, PersonId, RoomId, TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { IncidentView, RoomView } from '../../contract/views.ts'
import { useBridge } from '../bridge/index.ts'
import { useApproval } from './approval.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'
import { useUndo } from './undo.ts'

/** What an operator does: every one is a command in the outbox, said in one line, with an undo where there is one. */
export const useActions = defineStore('actions', () => {
  const bridge = useBridge()
  const toasts = useToasts()
  const core = useConsole()
  const approval = useApproval()
  const undo = useUndo()
  const { t } = useI18n({ useScope: 'global' })

  /** Submits the commands in order; `tenant` where they do not say themselves whose they are. Null, with the reason shown, when one was not taken. */
  async function submit(commands: readonly QueuedCommand[], failed: string, tenant?: TenantId | null): Promise<CommandKey[] | null> {
    try {
      const keys: CommandKey[] = []
      for (const command of commands) keys.push((await bridge.call('commands.submit', { command, ...(tenant ? { tenant } : {}) })).key)
      return keys
    } catch (error) {
      toasts.problem(failed, error)
      return null
    }
  }

  /**
   * Submits, and says what was done; with `back`, how it is taken back. What waits for a customer's approval is said to wait
   * and not to be done. False, with the reason shown, when it was not taken.
   */
  async function act(commands: readonly QueuedCommand[], words: { said: string; failed: string }, back?: readonly QueuedCommand[], tenant?: TenantId | null): Promise<boolean> {
    const keys = await submit(commands, words.failed, tenant)
    const [first] = commands
    if (keys === null || first === undefined) return false
    void approval.isAsked(keys).then((asked) => {
      if (asked) toasts.say(t('did.asked', { what: t(`command.${first.type}`) }))
      else if (back) undo.did(words.said, async () => (await submit(back, t('did.undoFailed'))) !== null)
      else toasts.say(words.said)
    })
    return true
  }

  async function acknowledge(incidents: readonly IncidentView[], note?: string): Promise<boolean> {
    const open = incidents.filter((incident) => incident.status !== 'resolved' && !incident.acknowledged)
    if (open.length === 0) return false
    return act(
      open.map(({ id }) => ({ type: 'incident.acknowledge', incident: id, ...(note ? { note } : {}) })),
      {
        said: t('did.acknowledge', { n: open.length, number: open[0]?.number ?? '' }, open.length),
        failed: t('did.acknowledgeFailed', { n: open.length }, open.length),
      },
      open.map(({ id }) => ({ type: 'incident.unacknowledge', incident: id })),
    )
  }

  /** Takes acknowledgements back. One's own come back with their note when that is undone; another's cannot be given again. */
  async function unacknowledge(incidents: readonly IncidentView[]): Promise<boolean> {
    const taken = incidents.filter((incident) => incident.status !== 'resolved' && incident.acknowledged)
    if (taken.length === 0) return false
    const own = taken.every(({ acknowledged }) => acknowledged?.by.id === core.me?.id)
    return act(
      taken.map(({ id }) => ({ type: 'incident.unacknowledge', incident: id })),
      { said: t('did.takeBack', { n: taken.length, number: taken[0]?.number ?? '' }, taken.length), failed: t('did.takeBackFailed') },
      own ? taken.map(({ id, acknowledged }) => ({ type: 'incident.acknowledge', incident: id, ...(acknowledged?.note ? { note: acknowledged.note } : {}) })) : undefined,
    )
  }

  /** Gives them to someone, or to nobody. `name`: whose they are then; absent, one's own. */
  async function assign(incidents: readonly IncidentView[], owner: PersonId | null, name?: string): Promise<boolean> {
    const changed = incidents.filter((incident) => (incident.owner?.id ?? null) !== owner)
    if (changed.length === 0) return false
    const words = { n: changed.length, number: changed[0]?.number ?? '', name: name ?? '' }
    return act(
      changed.map(({ id }) => ({ type: 'incident.assign', incident: id, owner })),
      {
        said: t(owner === null ? 'did.unassign' : name === undefined ? 'did.assign' : 'did.assignTo', words, changed.length),
        failed: t('did.assignFailed', { n: changed.length }, changed.length),
      },
      changed.map(({ id, owner: before }) => ({ type: 'incident.assign', incident: id, owner: before?.id ?? null })),
    )
  }

  const assignToMe = (incidents: readonly IncidentView[]): Promise<boolean> =>
    core.me ? assign(incidents, core.me.id) : Promise.resolve(false)

  /** Takes them, or lets them go where all of them are one's own already. */
  const toggleMine = (incidents: readonly IncidentView[]): Promise<boolean> =>
    incidents.length > 0 && incidents.every(({ owner }) => owner !== undefined && owner.id === core.me?.id) ? assign(incidents, null) : assignToMe(incidents)

  async function comment(incident: IncidentView, text: string): Promise<boolean> {
    return (await submit([{ type: 'incident.comment', incident: incident.id, text }], t('did.commentFailed'))) !== null
  }

  /** Any number of rooms, as many in one command as the contract takes. */
  function inParts(rooms: readonly RoomId[], command: (some: RoomId[]) => QueuedCommand): QueuedCommand[] {
    const commands: QueuedCommand[] = []
    for (let at = 0; at < rooms.length; at += limits.roomsPerCommand) commands.push(command(rooms.slice(at, at + limits.roomsPerCommand)))
    return commands
  }

  function moveRooms(type: 'rooms.enrol' | 'rooms.unenrol', rooms: readonly RoomId[]): Promise<boolean> {
    const word = type === 'rooms.enrol' ? 'enrol' : 'unenrol'
    const words = { said: t(`did.${word}`, { n: rooms.length }, rooms.length), failed: t(`did.${word}Failed`, { n: rooms.length }, rooms.length) }
    return act(inParts(rooms, (some) => ({ type, rooms: some })), words)
  }

  function changeRing(rooms: readonly RoomId[], ring: string): Promise<boolean> {
    const words = { said: t('did.ring', { n: rooms.length, ring }, rooms.length), failed: t('did.ringFailed', { n: rooms.length }, rooms.length) }
    return act(inParts(rooms, (some) => ({ type: 'rooms.ring', rooms: some, ring })), words)
  }

  function changeLicence(rooms: readonly RoomId[], licence: Licence): Promise<boolean> {
    const words = { said: t('did.licence', { n: rooms.length }, rooms.length), failed: t('did.licenceFailed', { n: rooms.length }, rooms.length) }
    return act(inParts(rooms, (some) => ({ type: 'rooms.licence', rooms: some, licence })), words)
  }

  /** What a room is called and where it is, as far as that is other than it was. */
  function placeRoom({ id, name, place }: Pick<RoomView, 'id' | 'name' | 'place'>, wanted: Pick<RoomView, 'name' | 'place'>): Promise<boolean> {
    const words = { said: t('did.place'), failed: t('did.placeFailed') }
    const commands: QueuedCommand[] = []
    if (wanted.name !== name) commands.push({ type: 'rooms.rename', rooms: [id], name: wanted.name })
    if (JSON.stringify(wanted.place) !== JSON.stringify(place)) commands.push({ type: 'rooms.move', rooms: [id], place: wanted.place })
    return act(commands, words)
  }

  function changeSettings(changes: Extract<QueuedCommand, { type: 'settings.change' }>['changes']): Promise<boolean> {
    return act([{ type: 'settings.change', changes }], { said: t('did.settings'), failed: t('did.settingsFailed') }, undefined, core.acting)
  }

  return { acknowledge, unacknowledge, assign, assignToMe, toggleMine, comment, moveRooms, changeRing, changeLicence, placeRoom, changeSettings }
})
