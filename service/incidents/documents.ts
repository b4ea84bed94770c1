import { z } from 'zod'
import type { DeviceDocument, Entry, Incident, Room, RoomDocument } from '../../contract/entities.ts'
import { IncidentId, type EntryId, type Millis, type RoomId } from '../../contract/ids.ts'
import { splitRoom } from '../../contract/roomDocuments.ts'
import { SignalId } from '../../contract/signals.ts'
import type { TransitionKind } from '../../contract/transitions.ts'
import type { Doer, NewTransition } from '../ground/store/transaction.ts'
import type { EntryEffect, TransitionEffect } from './happenings.ts'
import { countsOf, type IncidentMemory, memories, type RoomState, severityOf, statusOf } from './state.ts'

/** From the engine's memory to the documents that consoles get. */

/** The part of a room's document that the engine knows nothing of. */
export type RoomBase = Pick<Room, 'id' | 'name' | 'place' | 'onboardedAt' | 'inCall' | 'device' | 'ring' | 'licence' | 'suppressions'>

/** Id and number of an incident: given once, for life (INC-2). */
export const IncidentName = z.object({ id: IncidentId, number: z.int().min(1) })
export type IncidentName = z.infer<typeof IncidentName>
export const IncidentNames = z.partialRecord(SignalId, IncidentName)
export type IncidentNames = z.infer<typeof IncidentNames>

/** The two documents of a room. */
export interface RoomDocuments {
  readonly room: RoomDocument
  readonly device: DeviceDocument
}

export function baseOf({
  room: { id, name, place, onboardedAt, inCall, ring, licence, suppressions },
  device: { device },
}: RoomDocuments): RoomBase {
  return {
    id,
    name,
    place,
    onboardedAt,
    inCall,
    device,
    ...(ring === undefined ? {} : { ring }),
    ...(licence === undefined ? {} : { licence }),
    ...(suppressions === undefined ? {} : { suppressions }),
  }
}

/** `before`: those that are stored. */
export function roomDocuments(base: RoomBase, state: RoomState, before?: RoomDocuments): RoomDocuments {
  const signalStates: Room['signals'] = {}
  for (const [signal, { value, since, observedAt, detail }] of memories(state)) {
    signalStates[signal] = { value, since, observedAt, ...(detail === undefined ? {} : { detail }) }
  }
  const room: Room = {
    ...base,
    lifecycle: state.lifecycle,
    health: state.health,
    healthSince: state.healthSince,
    connected: state.contact === 'connected',
    lastContactAt: state.lastContactAt,
    signals: signalStates,
    incidents: countsOf(state),
  }
  return splitRoom(room, before?.device)
}

/** What people did to it (owner, comment) is kept from the document before; the acknowledgement as long as it holds. */
export function incidentDocument(
  name: IncidentName,
  room: RoomId,
  signal: SignalId,
  memory: IncidentMemory,
  before: Incident | undefined,
  changedAt: Millis,
): Incident {
  const { value, detail, since, openedAt, resolvedAt, agedAt, openings, flapping } = memory
  const status = statusOf(memory)
  const { acknowledged, owner, lastComment, storm, alone } = before ?? {}
  return {
    id: name.id,
    number: name.number,
    room,
    signal,
    severity: severityOf(signal, memory),
    status,
    value,
    ...(detail === undefined ? {} : { detail }),
    since,
    ...(openedAt === undefined ? {} : { openedAt }),
    ...(resolvedAt === undefined || status !== 'resolved' ? {} : { resolvedAt }),
    ...(agedAt === undefined ? {} : { agedAt }),
    openings,
    flapping,
    ...(acknowledged === undefined || !memory.acknowledged ? {} : { acknowledged }),
    ...(before?.since === since && storm ? { storm } : {}),
    ...(before?.since === since && alone ? { alone } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(lastComment === undefined ? {} : { lastComment }),
    changedAt,
  }
}

export const actorOf = (doer: Doer): Entry['actor'] =>
  doer.kind === 'person'
    ? { kind: 'person', id: doer.id, name: doer.name, ...(doer.organisation === undefined ? {} : { organisation: doer.organisation }) }
    : { kind: 'system' }

/** The engine's own transitions are the system's; what a person did to the room's lifecycle is theirs. */
export function entryDocument(id: EntryId, room: RoomId, incident: IncidentId, effect: EntryEffect, doer: Doer, receivedAt: Millis): Entry {
  return {
    id,
    incident,
    room,
    kind: effect.kind,
    actor: effect.kind === 'closed' ? actorOf(doer) : { kind: 'system' },
    at: effect.at,
    receivedAt,
    ...(effect.value === undefined ? {} : { value: effect.value }),
    ...(effect.detail === undefined ? {} : { text: effect.detail }),
  }
}

const byPeople: ReadonlySet<TransitionKind> = new Set<TransitionKind>([
  'onboarded',
  'enrolled',
  'unenrolled',
  'renamed',
  'moved',
  'suppressed',
  'unsuppressed',
])

/** What happened to a room, as its history has it. */
export function transitionOf(room: RoomId, effect: TransitionEffect, doer: Doer): NewTransition {
  const { kind, at, signal, value, health, detail, times, from } = effect
  return {
    room,
    kind,
    actor: byPeople.has(kind) ? actorOf(doer) : { kind: 'system' },
    at,
    ...(signal === undefined ? {} : { signal }),
    ...(value === undefined ? {} : { value }),
    ...(health === undefined ? {} : { health }),
    ...(detail === undefined ? {} : { detail }),
    ...(times === undefined ? {} : { times }),
    ...(from === undefined ? {} : { from }),
  }
}
