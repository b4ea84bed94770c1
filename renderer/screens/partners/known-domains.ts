import { computed, type ComputedRef } from 'vue'
import type { ErrorCode } from '../../../contract/errors.ts'
import { useConsole } from '../../stores/console.ts'
import { usePolicy } from '../../stores/policy.ts'

/** A domain as it is compared: ASCII, lower case, without the root's dot. What is none stays as it was typed. */
export function domainKey(typed: string): string {
  const text = typed.trim().replace(/\.$/u, '')
  return URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`).hostname : text.toLowerCase()
}

/** In how many letters at most two domains differ that may be meant for each other. */
const slips = 2

/** How many letters have to be put in, left out, changed or swapped with the next one to make one of the other. */
export function slipsBetween(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, n) => n)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const beside = swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, beside))
    }
  }
  return at(one.length, other.length)
}

/** The domain that was meant, as far as it is one of these: none where the typed one is known, or like nothing. */
export function meantDomain(typed: string, known: readonly string[]): string | undefined {
  const key = domainKey(typed)
  if (key.length < 4 || known.includes(key)) return undefined
  const near = known.map((domain) => ({ domain, slips: slipsBetween(key, domain) })).filter((one) => one.slips <= slips)
  return near.sort((a, b) => a.slips - b.slips)[0]?.domain
}

/**
 * What the console may say of a domain while it is typed. It goes by what this person sees anyway. Refused is what is linked; which
 * domains are one's own, the service knows. Offered is what somebody here has confirmed: partners who accepted, and the addresses of
 * the organisation's own people in its assignments; never what was only typed into an invitation, nor what a partner wrote. Which
 * organisations there are beside those is nobody's to ask: a domain that nobody holds is taken like any other (docs/decisions/0052).
 */
export function useKnownDomains(
  typed: () => string,
  asks: () => boolean,
): { wrong: ComputedRef<ErrorCode | null>; meant: ComputedRef<string | undefined> } {
  const core = useConsole()
  const partners = usePolicy('policy.partners', () => (asks() ? {} : null))
  const assignments = usePolicy('policy.assignments', () => (asks() ? {} : null))
  const ofAddress = (email: string): string[] => (email.includes('@') ? [domainKey(email.slice(email.lastIndexOf('@') + 1))] : [])
  const linked = computed(() => (partners.value.value?.items ?? []).filter(({ expired }) => !expired).map(({ domain }) => domain))
  const known = computed(() => {
    const accepted = (partners.value.value?.items ?? []).filter(({ status }) => status === 'active').map(({ domain }) => domain)
    const ours = (assignments.value.value?.items ?? []).filter(({ link }) => link === null)
    return [...accepted, ...ours.flatMap(({ members }) => members.flatMap(({ email }) => ofAddress(email)))]
  })
  const own = computed(() => ofAddress(core.me?.email ?? ''))
  const wrong = computed(() => (linked.value.includes(domainKey(typed())) ? 'partner.linked' : null))
  const meant = computed(() => {
    if (own.value.includes(domainKey(typed()))) return undefined
    return meantDomain(
      typed(),
      known.value.filter((domain) => !own.value.includes(domain)),
    )
  })
  return { wrong, meant }
}
