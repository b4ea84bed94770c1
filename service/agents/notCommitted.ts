import type { ErrorCode } from '../../contract/errors.ts'
import type { RoomId } from '../../contract/ids.ts'
import type { Clock } from '../../contract/system.ts'
import type { Logger } from '../ground/ops/log.ts'
import type { Boots } from './boots.ts'
import { isLocked } from './intake.ts'
import type { IntakeItem } from './intakeItems.ts'
import type { AgentSession } from './session.ts'
import type { Silences } from './silences.ts'
import type { TwinGuard } from './twinGuard.ts'

/** What fails for another reason than a lock would fail again at once: it is tried, and said, once in so long (ms). */
const againMs = 60_000

/** Those who noticed what is committed, and the way to an agent. */
interface Noticing {
  readonly log: Logger
  readonly clock: Pick<Clock, 'now'>
  readonly boots: Boots
  readonly twins: TwinGuard
  readonly silences: Silences
  readonly isPresent: (room: RoomId) => boolean
  readonly refuse: (session: AgentSession, code: ErrorCode) => void
}

/** Nothing of these was committed: agents come and send theirs again, and what the service itself noticed it notices again. */
export function notCommitted(
  items: readonly IntakeItem[],
  error: unknown,
  { log, clock, boots, twins, silences, isPresent, refuse }: Noticing,
): void {
  const code = isLocked(error) ? error.code : 'service.failed'
  if (code === 'service.failed') log.error({ err: error, items: items.length }, 'what devices did could not be committed')
  const from = code === 'service.failed' ? clock.now() + againMs : 0
  for (const item of items) {
    if (item.kind === 'twins') twins.unsaid(item, from)
    else if (item.kind === 'silence') {
      if (!isPresent(item.room)) silences.again(item, from)
    } else {
      if (item.kind === 'arrival' && item.restarted && item.session.identity) boots.unsaid(item.session.identity.device)
      refuse(item.session, code)
    }
  }
}
