import type { CommandOutcome, CommandRequest, CommandType } from '../../../contract/commands.ts'
import type { LinkId } from '../../../contract/ids.ts'
import type { TenantTransaction } from '../store/transaction.ts'
import type { CommandContext } from './handler.ts'

/** Commands that wait until somebody else agrees to them (PAR-5). */
export interface Approvals {
  /** Whether this kind of command, of somebody under this link, has to be approved, as it stands in this write. */
  waits(tx: TenantTransaction, link: LinkId | undefined, type: CommandType): Promise<boolean>
  /**
   * Keeps a command that is theirs to give and whose key is new; the outcome is `requested`.
   * @throws RoomkeeperError access.denied, policy.tooMany
   */
  keep(context: CommandContext, request: CommandRequest): Promise<CommandOutcome>
}
