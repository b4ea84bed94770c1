import type { Doc } from '../../contract/entities.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { SyncState } from '../../contract/views.ts'

/** Whose data is shown: one tenant's, or that of all together. */
export type Entered = TenantId | 'all'

/**
 * What is entered (PAR-8): what was chosen last, where it is still there; else one's own tenant, or all together for a
 * person who has nothing at home but customers. Null while one's own tenant is not known.
 */
export function enteredOf(
  chosen: Entered | undefined,
  own: TenantId | null,
  me: Doc<'me'> | undefined,
  customers: readonly TenantId[],
): Entered | null {
  if (chosen !== undefined && (chosen === own || (chosen === 'all' ? customers.length > 0 : customers.includes(chosen)))) return chosen
  const nothingAtHome = me !== undefined && me.access.grants.length === 0 && !me.access.globalAdministrator
  return nothingAtHome && customers.length > 0 ? 'all' : own
}

/** Whether it is one customer's tenant that is entered. */
export function isCustomer(entered: Entered | null, own: TenantId | null): entered is TenantId {
  return entered !== null && entered !== 'all' && entered !== own
}

/** From the worst to the best. */
const order: readonly SyncState['state'][] = ['offline', 'stopped', 'connecting', 'catchingUp', 'live']

/** How several copies together stand towards the service: as the worst of them, and as old as the oldest. */
export function worstOf(states: readonly SyncState[]): SyncState {
  const [first, ...others] = [...states].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  if (first === undefined || first.state === 'stopped') return { state: 'stopped' }
  const ages = [first, ...others].flatMap((state) => (state.state === 'stopped' ? [] : [state.syncedAt]))
  if (first.state === 'live') return { state: 'live', syncedAt: Math.min(...ages.filter((at) => at !== null)) }
  const syncedAt = ages.includes(null) ? null : Math.min(...ages.filter((at) => at !== null))
  if (first.state !== 'catchingUp') return { ...first, syncedAt }
  const busy = states.filter((state) => state.state === 'catchingUp')
  const sum = (of: 'done' | 'total'): number => busy.reduce((all, state) => all + state[of], 0)
  // They are fetched side by side: what takes longest is what is left.
  const left = busy.flatMap(({ leftMs }) => (leftMs === null ? [] : [leftMs]))
  const leftMs = left.length < busy.length ? null : Math.max(...left)
  return { state: 'catchingUp', done: sum('done'), total: busy.some(({ total }) => total === 0) ? 0 : sum('total'), leftMs, syncedAt }
}
