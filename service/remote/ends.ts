import type { ErrorCode } from '../../contract/errors.ts'
import type { RelayEnd, RelaySide } from '../../contract/relay.ts'
import { SessionEnd } from '../../contract/remote.ts'
import type { AgentDeps } from '../agents/deps.ts'
import type { LiveSession } from './live.ts'

/** What only the service may say of a session's end, or the operator; a device that says it has ended it by itself. */
const servicesOwn: ReadonlySet<SessionEnd> = new Set<SessionEnd>([
  'operatorEnded',
  'accessWithdrawn',
  'switchedOff',
  'unenrolled',
  'replaced',
  'serviceStopped',
])

/** What a device says of the end of its session, as far as it may. */
export function endOfDevice(said: string): SessionEnd {
  const reason = SessionEnd.safeParse(said)
  return reason.success && !servicesOwn.has(reason.data) ? reason.data : 'deviceEnded'
}

/** What the end of a relay's session means. */
export function endOfRelay(reason: RelayEnd, by: RelaySide | undefined): SessionEnd {
  switch (reason) {
    case 'ended':
    case 'finished':
    case 'withdrawn':
      return by === 'operator' ? 'operatorEnded' : 'deviceEnded'
    case 'peerLost':
      return by === 'operator' ? 'operatorLost' : 'deviceLost'
    case 'noPeer':
      return 'neverJoined'
    case 'draining':
      return 'serviceStopped'
    case 'idle':
    case 'maximum':
    case 'protocol':
      return reason
  }
}

/** Why a session that lasts too long, whose sides have not come, or whose device's agent is silent, is over; null: it goes on. */
export function endDue(
  { clock, line, config }: Pick<AgentDeps, 'clock' | 'line' | 'config'>,
  { phase, device, expiresAt, silentSince, joined, runningAt }: LiveSession,
  relayIsInside: boolean,
): SessionEnd | null {
  if (phase !== 'running') return null
  const { sessionJoinMs, sessionUnattendedMs, heartbeatMs } = config.timing
  const at = clock.now()
  // A connected agent need not say more than its beats.
  const silenceMs = Math.max(sessionUnattendedMs, 2 * heartbeatMs)
  const heardAt = line.heardAt(device)
  const silent = heardAt === undefined ? silentSince !== undefined && at - silentSince >= sessionUnattendedMs : at - heardAt >= silenceMs
  if (at >= expiresAt) return 'maximum'
  if (silent) return 'deviceLost'
  return relayIsInside && !joined && at - runningAt >= sessionJoinMs ? 'neverJoined' : null
}

/** What a device may answer to an offer; anything else is a refusal without a reason. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'remote.unsupported',
  'remote.inCall',
  'remote.occupied',
  'remote.tooMany',
  'remote.refused',
])

export const refusalOfDevice = (code: ErrorCode): ErrorCode => (refusals.has(code) ? code : 'remote.refused')

/** The refusal of a session that ended before it began. */
export function refusalOfEnd(end: SessionEnd): ErrorCode {
  switch (end) {
    case 'accessWithdrawn':
      return 'access.denied'
    case 'switchedOff':
      return 'remote.switchedOff'
    case 'unenrolled':
      return 'room.notEnrolled'
    case 'callStarted':
      return 'remote.inCall'
    case 'deviceLost':
      return 'remote.disconnected'
    case 'serviceStopped':
      return 'service.unavailable'
    default:
      return 'remote.ended'
  }
}
