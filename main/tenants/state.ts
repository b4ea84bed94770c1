import type { TopicOutput } from '../../contract/bridge.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { SessionState, SyncState } from '../../contract/views.ts'
import type { Account, AccountState } from '../platform.ts'
import { Picture } from '../views/picture.ts'
import { type Entered, isCustomer, worstOf } from './entered.ts'
import type { Tenants } from './tenants.ts'

/** What windows are told of what is open: who is signed in to what, how the copies stand, and what waits to be sent. */

type SignedIn = Extract<SessionState, { state: 'signedIn' }>

export function sessionOf(state: AccountState, open: Tenants | null, own: TenantId | null, entered: Entered | null): SessionState {
  if (state.state !== 'signedIn') return state
  const { account, renewalNeeded } = state
  const tenants = open?.id === account.id ? open : null
  const shown = tenants === null ? undefined : (isCustomer(entered, own) ? tenants.of(entered) : tenants.home)?.shown
  return {
    state: 'signedIn',
    account: { name: account.name, email: account.email },
    me: shown?.me ?? null,
    tenant: shown?.tenant?.name ?? null,
    tenants: tenants === null ? [] : named(tenants, account, own),
    entered: tenants === null ? null : entered,
    renewalNeeded,
  }
}

function named(tenants: Tenants, account: Account, own: TenantId | null): SignedIn['tenants'] {
  const listed = new Map((tenants.home?.shown.me?.customers ?? []).map((customer) => [customer.tenant, customer]))
  return tenants.all.flatMap(({ customer, shown, lease }) => {
    const locked = lease.ended
    const { remote } = shown
    if (customer === null) {
      // While its copy is locked, its name is not known: the domain says whose it is.
      return own === null ? [] : [{ id: own, name: shown.tenant?.name ?? account.email.replace(/^.*@/u, ''), link: null, locked, remote }]
    }
    // Where one's own copy is locked too, nothing says what it is called: it is named when one's own is back.
    const name = shown.tenant?.name ?? listed.get(customer.tenant)?.name
    const link = shown.me?.access.link ?? listed.get(customer.tenant)?.link ?? customer.link
    return name === undefined ? [] : [{ id: customer.tenant, name, link, locked, remote }]
  })
}

/** Of what is entered; of all together as the worst of them. */
export function syncOf(tenants: Tenants | null, own: TenantId | null, entered: Entered | null): SyncState {
  if (tenants === null) return { state: 'stopped' }
  const accounts = entered === 'all' ? tenants.all : [isCustomer(entered, own) ? tenants.of(entered) : tenants.home]
  return worstOf(accounts.flatMap((account) => (account === null || account === undefined ? [] : [account.sync.state])))
}

/** Of all that is open, entered or not. */
export function outboxOf(tenants: Tenants | null): TopicOutput<'outbox'> {
  const counts = { pending: 0, refused: 0, toSend: 0 }
  for (const outbox of tenants?.outboxes ?? []) {
    const { pending, refused, unsent } = outbox.counts()
    counts.pending += pending
    counts.refused += refused
    counts.toSend += unsent - refused
  }
  return counts
}

/** What is entered, and all that is open. */
export function picturesOf(tenants: Tenants | null, own: TenantId | null, entered: Entered | null): { entered: Picture; all: Picture } {
  const together = entered === 'all'
  const all = tenants?.all ?? []
  const parts = together ? all : all.filter(({ customer }) => (customer === null ? !isCustomer(entered, own) : customer.tenant === entered))
  return {
    entered: new Picture(
      parts.map(({ shown }) => shown),
      together,
    ),
    all: new Picture(
      all.map(({ shown }) => shown),
      together,
    ),
  }
}
