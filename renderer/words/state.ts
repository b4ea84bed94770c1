import { type Severity, type SignalId, type SignalValue } from '../../contract/signals.ts'
import type { IncidentView, RemoteSessionView, RoomState } from '../../contract/views.ts'

/** Everything that StateMark can draw: one colour, one shape and one word each. */
export const marks = [
  'healthy',
  'good',
  'critical',
  'important',
  'warning',
  'recommended',
  'disconnected',
  'suppressed',
  'onboarding',
  'unknown',
  'unenrolled',
  'unhealthy',
  'investigating',
  'resolved',
  'misconfigured',
  'misconfiguredWarning',
  'notPresent',
  'notApplicable',
  'badWarning',
  'badCritical',
  'badRecommended',
  'misconfiguredRecommended',
  'sessionLive',
  'sessionConnecting',
  'sessionLost',
  'sessionEnded',
] as const
export type Mark = (typeof marks)[number]

export type Shape =
  | 'dot'
  | 'octagon'
  | 'square'
  | 'diamond'
  | 'triangle'
  | 'slashed'
  | 'blocked'
  | 'dashed'
  | 'question'
  | 'dash'
  | 'ring'
  | 'check'
export type Tone =
  | 'healthy'
  | 'critical'
  | 'important'
  | 'warning'
  | 'recommended'
  | 'disconnected'
  | 'suppressed'
  | 'onboarding'
  | 'unknown'

export const drawing: Readonly<Record<Mark, { shape: Shape; tone: Tone }>> = {
  healthy: { shape: 'dot', tone: 'healthy' },
  good: { shape: 'dot', tone: 'healthy' },
  critical: { shape: 'octagon', tone: 'critical' },
  badCritical: { shape: 'octagon', tone: 'critical' },
  important: { shape: 'diamond', tone: 'important' },
  unhealthy: { shape: 'diamond', tone: 'important' },
  misconfigured: { shape: 'diamond', tone: 'important' },
  warning: { shape: 'triangle', tone: 'warning' },
  badWarning: { shape: 'triangle', tone: 'warning' },
  misconfiguredWarning: { shape: 'triangle', tone: 'warning' },
  recommended: { shape: 'square', tone: 'recommended' },
  badRecommended: { shape: 'square', tone: 'recommended' },
  misconfiguredRecommended: { shape: 'square', tone: 'recommended' },
  disconnected: { shape: 'slashed', tone: 'disconnected' },
  suppressed: { shape: 'blocked', tone: 'suppressed' },
  onboarding: { shape: 'dashed', tone: 'onboarding' },
  unknown: { shape: 'question', tone: 'unknown' },
  unenrolled: { shape: 'dash', tone: 'unknown' },
  notPresent: { shape: 'dash', tone: 'unknown' },
  notApplicable: { shape: 'dash', tone: 'unknown' },
  investigating: { shape: 'ring', tone: 'warning' },
  resolved: { shape: 'check', tone: 'healthy' },
  sessionLive: { shape: 'dot', tone: 'healthy' },
  sessionConnecting: { shape: 'dashed', tone: 'onboarding' },
  sessionLost: { shape: 'triangle', tone: 'warning' },
  sessionEnded: { shape: 'dash', tone: 'unknown' },
}

/** How a remote session stands. */
export const markOfSession: Readonly<Record<RemoteSessionView['state']['state'], Mark>> = {
  connecting: 'sessionConnecting',
  live: 'sessionLive',
  lost: 'sessionLost',
  ended: 'sessionEnded',
}

export function markOfRoomState(state: RoomState): Mark {
  return state
}

/** An incident by what it asks for: resolved, investigating, else how bad it is. */
export function markOfIncident(incident: Pick<IncidentView, 'status' | 'severity' | 'signal'>): Mark {
  if (incident.status === 'resolved') return 'resolved'
  if (incident.status === 'investigating') return 'investigating'
  return incident.signal === 'connectivity.agent' ? 'disconnected' : incident.severity
}

/** The message that names what is wrong: the signal, except that a silent agent is not called connected. */
export const faultOf = (signal: SignalId): string => (signal === 'connectivity.agent' ? 'incident.silent' : `signal.${signal}`)

/** A signal's value, drawn by the severity that it would have as an incident. */
export function markOfSignal(value: SignalValue, severity: Severity): Mark {
  if (value === 'healthy') return 'good'
  if (value !== 'unhealthy' && value !== 'misconfigured') return value
  return value === 'misconfigured' ? misconfiguredBy[severity] : badBy[severity]
}

const badBy: Readonly<Record<Severity, Mark>> = {
  critical: 'badCritical',
  important: 'unhealthy',
  warning: 'badWarning',
  recommended: 'badRecommended',
}
const misconfiguredBy: Readonly<Record<Severity, Mark>> = {
  critical: 'misconfigured',
  important: 'misconfigured',
  warning: 'misconfiguredWarning',
  recommended: 'misconfiguredRecommended',
}
