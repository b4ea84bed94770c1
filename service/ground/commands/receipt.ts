import type { CommandKey, PersonId } from '../../../contract/ids.ts'
import type { TenantTransaction } from '../store/transaction.ts'

/** A receipt is never changed: where somebody else's command has the same key, theirs stays, and a snapshot tells the console instead. */
export async function putReceipt(tx: TenantTransaction, id: CommandKey, person: PersonId): Promise<void> {
  if (!(await tx.get('receipt', id))) tx.put('receipt', { id, person, at: tx.at })
}
