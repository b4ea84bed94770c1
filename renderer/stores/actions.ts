import { defineStore } from 'pinia'
import { v7 } from 'uuid'
import { useI18n } from 'vue-i18n'
import type { IncidentCommand, QueuedCommand } from '../../contract/commands.ts'
import type { Licence, Place } from '../../contract/entities.ts'
import {
  type CommandKey,
  type GroupId,
  IncidentId,
  type PersonId,
  ReportId,
  type RoomId,
  SuppressionId,
  type TenantId,
} from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { SignalId } from '../../contract/signals.ts'
import type { PlacePart, SuppressionView, WindowRule } from '../../contract/suppression.ts'
import type { IncidentPick, IncidentView, RoomView } from '../../contract/views.ts'
import { useBridge } from '../bridge/index.ts'
import { useFormat } from '../words/format.ts'
import { useApproval } from './approval.ts'
import { useBulk } from './bulk.ts'
import { useConsole } from './console.ts'
import { useToasts } from './toasts.ts'
import { useUndo } from './undo.ts'

const placeParts = ['country', 'city', 'building', 'floor', 'timeZone'] as const satisfies readonly (keyof Place)[]

/** Why an incident is left out of an action. */
type LeftOut = 'acknowledged' | 'new' | 'resolved' | 'owned' | 'unowned' | 'denied'
/** One action on incidents: its command, what takes that back, and its words. */
interface Deed {
  command(incident: IncidentPick): IncidentCommand
  back?(incident: IncidentPick): IncidentCommand
  said(done: readonly IncidentPick[]): string
  failed(n: number): string
}

interface Suppressing {
  readonly rooms: readonly RoomId[]
  /** Instead of rooms: groups, or a place, with what that is called. */
  readonly over?: { readonly name: string; readonly groups: readonly GroupId[]; readonly place: PlacePart | null } | undefined
  readonly signals: readonly SignalId[] | null
  readonly reason: string
  readonly until: number | null
  /** It comes again and again. */
  readonly recurrence?: WindowRule | null
}

/** What an operator does: every one is a command in the outbox, said in one line, with an undo where there is one. */
export const useActions = defineStore('actions', () => {
  const bridge = useBridge()
  const toasts = useToasts()
  const core = useConsole()
  const approval = useApproval()
  const undo = useUndo()
  const bulk = useBulk()
  const format = useFormat()
  const { t } = useI18n({ useScope: 'global' })

  /**
   * Submits the commands in order; `tenant` where they do not say themselves whose they are. Null, with the reason shown, when one was
   * not taken.
   */
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

  /** Says what was done, with how it is taken back; what waits for a customer's approval is said to wait and not to be done. */
  function tell(keys: readonly CommandKey[], { type }: QueuedCommand, said: string, back?: () => Promise<boolean>): void {
    const where = core.entered
    void approval.isAsked(keys).then((asked) => {
      if (asked) toasts.say(t('did.asked', { what: t(`command.${type}`) }))
      // Elsewhere by now, nothing there is taken back by the key.
      else if (back && core.entered === where) undo.did(said, back)
      else toasts.say(said)
    })
  }

  /** Submits, and says what was done. False, with the reason shown, when it was not taken. */
  async function act(
    commands: readonly QueuedCommand[],
    words: { said: string; failed: string },
    tenant?: TenantId | null,
  ): Promise<boolean> {
    const keys = await submit(commands, words.failed, tenant)
    const [first] = commands
    if (keys === null || first === undefined) return false
    tell(keys, first, words.said)
    return true
  }

  /**
   * Acts on incidents, as many of them as the outbox takes, and says what was done and to which not; with `back`, how it
   * is taken back. True where nothing is left to do.
   */
  async function actOn(able: readonly IncidentPick[], leftOut: string, deed: Deed): Promise<boolean> {
    if (able.length === 0) {
      if (leftOut !== '') toasts.say(t('did.nothing', { reasons: leftOut }))
      return false
    }
    const commands = able.map(deed.command)
    const keys = await bulk.submit(commands, deed.failed(able.length))
    const [first] = commands
    const done = able.slice(0, keys.length)
    if (first === undefined || done.length === 0) return false
    const said = deed.said(done)
    const words = leftOut === '' ? said : t('did.except', { done: said, reasons: leftOut })
    const { back } = deed
    tell(keys, first, words, back && (async () => (await bulk.submit(done.map(back), t('did.undoFailed'))).length === done.length))
    return done.length === able.length
  }

  /** Incidents that the action changes, and in words why the others are left out. */
  function sort(
    incidents: readonly IncidentPick[],
    whyNot: (incident: IncidentPick) => LeftOut | undefined,
  ): [able: IncidentPick[], leftOut: string] {
    const able: IncidentPick[] = []
    const reasons = new Map<LeftOut, number>()
    for (const incident of incidents) {
      const reason = core.may('incidents.update', incident.room, incident.tenant) ? whyNot(incident) : 'denied'
      if (reason === undefined) able.push(incident)
      else reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    return [able, format.list([...reasons].map(([reason, n]) => t(`did.leftOut.${reason}`, { n: format.number(n) }, n)))]
  }
  const wordsOf = (done: readonly IncidentPick[]): { n: string; number: number } => ({
    n: format.number(done.length),
    number: done[0]?.number ?? 0,
  })

  function acknowledge(incidents: readonly IncidentPick[], note?: string): Promise<boolean> {
    const [able, leftOut] = sort(incidents, ({ status, acknowledged }) =>
      status === 'resolved' ? 'resolved' : acknowledged && 'acknowledged',
    )
    return actOn(able, leftOut, {
      command: ({ id }) => ({ type: 'incident.acknowledge', incident: id, ...(note ? { note } : {}) }),
      back: ({ id }) => ({ type: 'incident.unacknowledge', incident: id }),
      said: (done) => t('did.acknowledge', wordsOf(done), done.length),
      failed: (n) => t('did.acknowledgeFailed', { n }, n),
    })
  }

  /** Takes acknowledgements back. One's own come back with their note when that is undone; another's cannot be given again. */
  function unacknowledge(incidents: readonly IncidentPick[]): Promise<boolean> {
    const [able, leftOut] = sort(incidents, ({ status, acknowledged }) =>
      status === 'resolved' ? 'resolved' : acknowledged ? undefined : 'new',
    )
    const own = able.every(({ acknowledged }) => acknowledged?.by.id === core.me?.id)
    return actOn(able, leftOut, {
      command: ({ id }) => ({ type: 'incident.unacknowledge', incident: id }),
      ...(own
        ? {
            back: ({ id, acknowledged }) => ({
              type: 'incident.acknowledge',
              incident: id,
              ...(acknowledged?.note ? { note: acknowledged.note } : {}),
            }),
          }
        : {}),
      said: (done) => t('did.takeBack', wordsOf(done), done.length),
      failed: () => t('did.takeBackFailed'),
    })
  }

  /** Gives them to someone, or to nobody. `name`: whose they are then; absent, one's own. */
  function assign(incidents: readonly IncidentPick[], owner: PersonId | null, name?: string): Promise<boolean> {
    const [able, leftOut] = sort(incidents, (incident) =>
      (incident.owner?.id ?? null) === owner ? (owner === null ? 'unowned' : 'owned') : undefined,
    )
    const word = owner === null ? 'did.unassign' : name === undefined ? 'did.assign' : 'did.assignTo'
    return actOn(able, leftOut, {
      command: ({ id }) => ({ type: 'incident.assign', incident: id, owner }),
      back: ({ id, owner: before }) => ({ type: 'incident.assign', incident: id, owner: before?.id ?? null }),
      said: (done) => t(word, { ...wordsOf(done), name: name ?? '' }, done.length),
      failed: (n) => t('did.assignFailed', { n }, n),
    })
  }

  const assignToMe = (incidents: readonly IncidentPick[]): Promise<boolean> =>
    core.me ? assign(incidents, core.me.id) : Promise.resolve(false)

  /** Takes them, or lets them go where all of them are one's own already. */
  const toggleMine = (incidents: readonly IncidentPick[]): Promise<boolean> =>
    incidents.length > 0 && incidents.every(({ owner }) => owner !== undefined && owner.id === core.me?.id)
      ? assign(incidents, null)
      : assignToMe(incidents)

  /** `said`: what is said of it, where it is not seen at once. */
  async function comment(incident: Pick<IncidentView, 'id'>, text: string, said?: string): Promise<boolean> {
    const command: QueuedCommand = { type: 'incident.comment', incident: incident.id, text }
    const keys = await submit([command], t('did.commentFailed'))
    if (keys !== null && said !== undefined) tell(keys, command, said)
    return keys !== null
  }

  /** Something is wrong in these rooms, by somebody's word (INC-4). */
  function report({ rooms, text, high }: { rooms: readonly RoomId[]; text: string; high: boolean }): Promise<boolean> {
    const n = rooms.length
    const incidents = rooms.map(() => IncidentId.parse(v7()))
    return act([{ type: 'issue.report', report: ReportId.parse(v7()), rooms: [...rooms], incidents, text, high }], {
      said: t('did.report', { n }, n),
      failed: t('did.reportFailed'),
    })
  }

  /** Closes what people reported, for one reason. */
  function closeIssues(incidents: readonly IncidentId[], reason: string): Promise<boolean> {
    const n = incidents.length
    return act(
      incidents.map((incident) => ({ type: 'issue.close', incident, reason })),
      { said: t('did.closeIssue', { n }, n), failed: t('did.closeIssueFailed') },
    )
  }

  /** Takes it out of its storm, or lets it be a part of one again. */
  function standAlone({ id, tenant }: Pick<IncidentView, 'id' | 'tenant'>, alone: boolean): Promise<boolean> {
    const words = { said: t('storm.tookOut'), failed: t('storm.tookOutFailed') }
    return act([{ type: 'incident.standAlone', incident: id, alone }], words, tenant?.id)
  }

  /** Any number of rooms, as many in one command as the contract takes. */
  function inParts(rooms: readonly RoomId[], command: (some: RoomId[]) => QueuedCommand): QueuedCommand[] {
    const commands: QueuedCommand[] = []
    for (let at = 0; at < rooms.length; at += limits.roomsPerCommand) commands.push(command(rooms.slice(at, at + limits.roomsPerCommand)))
    return commands
  }

  function moveRooms(type: 'rooms.enrol' | 'rooms.unenrol', rooms: readonly RoomId[]): Promise<boolean> {
    const word = type === 'rooms.enrol' ? 'enrol' : 'unenrol'
    const words = {
      said: t(`did.${word}`, { n: rooms.length }, rooms.length),
      failed: t(`did.${word}Failed`, { n: rooms.length }, rooms.length),
    }
    return act(
      inParts(rooms, (some) => ({ type, rooms: some })),
      words,
    )
  }

  function changeRing(rooms: readonly RoomId[], ring: string): Promise<boolean> {
    const words = {
      said: t('did.ring', { n: rooms.length, ring }, rooms.length),
      failed: t('did.ringFailed', { n: rooms.length }, rooms.length),
    }
    return act(
      inParts(rooms, (some) => ({ type: 'rooms.ring', rooms: some, ring })),
      words,
    )
  }

  function changeLicence(rooms: readonly RoomId[], licence: Licence): Promise<boolean> {
    const words = {
      said: t('did.licence', { n: rooms.length }, rooms.length),
      failed: t('did.licenceFailed', { n: rooms.length }, rooms.length),
    }
    return act(
      inParts(rooms, (some) => ({ type: 'rooms.licence', rooms: some, licence })),
      words,
    )
  }

  /** The device of a room in onboarding goes where the one of `former` stands. */
  function replaceRoom(next: Pick<RoomView, 'id' | 'name'>, former: Pick<RoomView, 'id' | 'name'>): Promise<boolean> {
    const words = { said: t('did.replace', { name: former.name }), failed: t('did.replaceFailed', { name: former.name }) }
    return act([{ type: 'rooms.replace', rooms: [next.id, former.id] }], words)
  }

  /** What a room is called and where it is, as far as that is other than it was. */
  function placeRoom(
    { id, name, place }: Pick<RoomView, 'id' | 'name' | 'place'>,
    wanted: Pick<RoomView, 'name' | 'place'>,
  ): Promise<boolean> {
    const words = { said: t('did.place'), failed: t('did.placeFailed') }
    const commands: QueuedCommand[] = []
    if (wanted.name !== name) commands.push({ type: 'rooms.rename', rooms: [id], name: wanted.name })
    const isOther = (part: keyof Place): boolean => wanted.place[part] !== place[part]
    const parts = placeParts.filter(isOther)
    const moved = Object.fromEntries(parts.map((part) => [part, wanted.place[part]]))
    if (parts.length > 0) commands.push({ type: 'rooms.move', rooms: [id], place: moved })
    return act(commands, words)
  }

  /** Where rooms are from now on; what is not named stays as each of them has it. */
  function movePlaces(rooms: readonly RoomId[], place: Partial<Place>): Promise<boolean> {
    const words = {
      said: t('did.move', { n: rooms.length }, rooms.length),
      failed: t('did.moveFailed', { n: rooms.length }, rooms.length),
    }
    return act(
      inParts(rooms, (some) => ({ type: 'rooms.move', rooms: some, place })),
      words,
    )
  }

  /** Keeps incidents of rooms from beginning until then (UTC ms; null: until somebody ends it). Each part is a suppression of its own. */
  function suppress({ rooms, over, signals, reason, until, recurrence = null }: Suppressing): Promise<boolean> {
    const what = { signals: signals && [...signals], reason, owner: null, from: null, until, recurrence }
    if (over) {
      const words = { said: t('did.suppressOver', { name: over.name }), failed: t('did.suppressOverFailed', { name: over.name }) }
      const { groups, place } = over
      const suppression = SuppressionId.parse(v7())
      return act([{ type: 'suppression.save', suppression, rooms: [], groups: [...groups], place, ...what }], words, core.acting)
    }
    const words = {
      said: t('did.suppress', { n: rooms.length }, rooms.length),
      failed: t('did.suppressFailed', { n: rooms.length }, rooms.length),
    }
    return act(
      inParts(rooms, (some) => ({
        type: 'suppression.save',
        suppression: SuppressionId.parse(v7()),
        groups: [],
        place: null,
        rooms: some,
        ...what,
      })),
      words,
    )
  }

  /** `within`: in these rooms; left out: in each of its rooms where one may. */
  function unsuppress(suppression: SuppressionId, within?: readonly RoomId[], tenant?: TenantId | null): Promise<boolean> {
    const command: QueuedCommand = { type: 'suppression.end', suppression, ...(within ? { within: [...within] } : {}) }
    return act([command], { said: t('did.unsuppress'), failed: t('did.unsuppressFailed') }, tenant)
  }

  /** One without an end is still wanted. */
  function confirmSuppression(suppression: SuppressionId, tenant?: TenantId | null): Promise<boolean> {
    const words = { said: t('did.confirmSuppression'), failed: t('did.confirmSuppressionFailed') }
    return act([{ type: 'suppression.confirm', suppression }], words, tenant)
  }

  /** One as it was, with another end (UTC ms; null: none). */
  function extendSuppression(one: SuppressionView, until: number | null): Promise<boolean> {
    const { id: suppression, named: rooms, groups, place, signals, reason, owner, recurrence } = one
    const what = { rooms, groups: groups.map(({ id }) => id), place, signals }
    const when = { from: null, until, recurrence }
    const words = { said: t('did.extendSuppression'), failed: t('did.extendSuppressionFailed') }
    return act([{ type: 'suppression.save', suppression, ...what, reason, owner: owner.id, ...when }], words, core.acting)
  }

  function changeSettings(changes: Extract<QueuedCommand, { type: 'settings.change' }>['changes']): Promise<boolean> {
    return act([{ type: 'settings.change', changes }], { said: t('did.settings'), failed: t('did.settingsFailed') }, core.acting)
  }

  return {
    acknowledge,
    unacknowledge,
    assign,
    assignToMe,
    toggleMine,
    comment,
    standAlone,
    report,
    closeIssues,
    moveRooms,
    changeRing,
    changeLicence,
    placeRoom,
    replaceRoom,
    movePlaces,
    suppress,
    unsuppress,
    confirmSuppression,
    extendSuppression,
    changeSettings,
  }
})
