import { hasProLicence } from '../../../contract/entities.ts'
import type { ErrorCode } from '../../../contract/errors.ts'
import { hasAnythingFor } from '../../../contract/remoteFacts.ts'
import type { RoomView } from '../../../contract/views.ts'

/** What has to hold for a session with a room (REM-3), in the order in which the service looks. */
export const conditions = ['allowed', 'enrolled', 'licence', 'supported', 'connected', 'noCall'] as const
export type Condition = (typeof conditions)[number]

/** What a refusal says of them. */
export const refusalOf = {
  allowed: 'remote.switchedOff',
  enrolled: 'room.notEnrolled',
  licence: 'remote.noLicence',
  supported: 'remote.unsupported',
  connected: 'remote.disconnected',
  noCall: 'remote.inCall',
} as const satisfies Record<Condition, ErrorCode>

/** Those that do not hold, as far as the copy knows; `on`: whether the tenant allows remote access. The service decides. */
export function missing(room: Pick<RoomView, 'lifecycle' | 'licence' | 'device' | 'connected' | 'inCall'>, on: boolean): Condition[] {
  const holds: Readonly<Record<Condition, boolean>> = {
    allowed: on,
    enrolled: room.lifecycle === 'enrolled',
    licence: hasProLicence(room),
    supported: room.device?.remote !== undefined && hasAnythingFor('modify', room.device.remote),
    connected: room.connected,
    noCall: !room.inCall,
  }
  return conditions.filter((condition) => !holds[condition])
}
