import { z } from 'zod'
import { Lifecycle } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import { SignalId, SignalValue } from '../../contract/signals.ts'
import { Action, RawFault } from '../actions.ts'

/** What the process that runs rooms offers on loopback to whoever can read its control file. */
export const ControlFile = z.object({ pid: z.int(), url: z.url(), secret: z.string() })
export type ControlFile = z.infer<typeof ControlFile>

export const controlFileName = 'control.json'
export const secretHeader = 'x-roomkeeper-agents'

/** `enrolling`: not known to the service yet; the others are the states of a connection. */
export const RoomConnection = z.enum([
  'enrolling',
  'idle',
  'waiting',
  'connecting',
  'proving',
  'connected',
  'offboarding',
  'stopped',
  'offboarded',
])
export type RoomConnection = z.infer<typeof RoomConnection>

export const RoomStatus = z.object({
  name: z.string(),
  building: z.string(),
  floor: z.string(),
  simulated: z.boolean(),
  connection: RoomConnection,
  /** Why it is not connected, where that is known. */
  why: z.string().optional(),
  lifecycle: Lifecycle.optional(),
  /** Ids that the service gave. */
  device: z.string().optional(),
  room: z.string().optional(),
  /** Reports that the service has not acknowledged. */
  waiting: z.int(),
  /** As the device says it, hostile text and all. */
  signals: z.partialRecord(SignalId, z.object({ value: SignalValue, detail: z.string().optional() })),
  inCall: z.boolean(),
  /** Who has a remote session with it, if anybody. */
  session: z.string().optional(),
})
export type RoomStatus = z.infer<typeof RoomStatus>

export const RoomsAnswer = z.object({ rooms: z.array(RoomStatus) })
export const ActionsRequest = z.object({ actions: z.array(Action).min(1).max(limits.roomsPerCommand) })
export const FaultRequest = RawFault
export const OffboardRequest = z.object({ room: z.string().min(1) })
/** The room, under its own name. */
/** `left`: what off-boarding could not remove, and why. */
export const DoneAnswer = z.object({ room: z.string().optional(), left: z.array(z.string()).optional() })
export const RefusedAnswer = z.object({ message: z.string() })
