import type { Report } from '../../contract/agent.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { JournalId, RoomId, TenantId } from '../../contract/ids.ts'
import type { RejectedNumber } from './held.ts'
import type { AgentSession, Progress } from './session.ts'
import type { Twins } from './twins.ts'

/** What waits for the next commit. Everything that devices do to rooms goes through this one queue, so in one order. */
export type IntakeItem =
  /** A device that has proved who it is. */
  | { kind: 'arrival'; session: AgentSession; journal: JournalId; clockOffsetMs: number; clockAheadMs: number; restarted: boolean }
  /** One report, or those from `first` to `number` taken as one. `limited`: from now on they are, which the room's history says. */
  | {
      kind: 'report'
      session: AgentSession
      first: number
      number: number
      receivedAt: number
      report: Report
      rejected?: readonly RejectedNumber[]
      limited?: boolean | undefined
    }
  | { kind: 'rejected'; session: AgentSession; number: number; receivedAt: number; code: ErrorCode; body: string }
  /** A connected device was heard of again, and it is time to store that. */
  | { kind: 'contact'; session: AgentSession }
  /** Several machines have the key of the room's device; or, `over`, only one is seen now. */
  | ({ kind: 'twins'; over: boolean } & Twins)
  /** A room was not heard of for too long. */
  | { kind: 'silence'; tenant: TenantId; room: RoomId; lastContactAt: number }

/** What a committed batch means for one session. */
export interface SessionOutcome {
  readonly session: AgentSession
  readonly progress: Progress
  readonly rejected: { number: number; code: ErrorCode }[]
  /** The device was taken in by this batch. */
  readonly arrived: boolean
}
