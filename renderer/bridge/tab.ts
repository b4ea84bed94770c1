import { ref } from 'vue'
import { Entered } from '../../contract/tab.ts'

const place = 'roomkeeper.tab'
/** For a browser that keeps nothing for its pages: the tab works until it is loaded anew. */
let unkept: string | undefined

/**
 * The secret of this tab. It lies in the session storage of the console's own origin, which no other port can read, which
 * goes with no request, and which ends with the tab.
 */
export function tabSecret(): string | undefined {
  try {
    return sessionStorage.getItem(place) ?? unkept
  } catch {
    return unkept
  }
}

export function keepTabSecret(secret: string): void {
  unkept = secret
  try {
    sessionStorage.setItem(place, secret)
  } catch {
    // A reload needs a new link then.
  }
}

/** Somebody has signed out in another tab. */
export function forgetTabSecret(): void {
  unkept = undefined
  try {
    sessionStorage.removeItem(place)
  } catch {
    // It was not kept.
  }
}

const linkRefused = ref(false)
/**
 * Whether this page, which no link has let in, was given one that the console did not take: it runs, and the link was used, or is too old.
 */
export const wasLinkRefused = (): boolean => linkRefused.value

/** Where a link leads beside the console's home: to the wall, where it says so. */
const placeIn = (address: string): string => (new URLSearchParams(new URL(address).hash.slice(1)).has('wall') ? '#/wall' : '')
const tokenIn = (address: string): string | null => new URLSearchParams(new URL(address).hash.slice(1)).get('token')

/** A link's token becomes the secret of this tab. False where the console does not take it. */
async function enter(token: string): Promise<boolean> {
  try {
    const answer = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      credentials: 'omit',
    })
    linkRefused.value = answer.status === 401 && tabSecret() === undefined
    if (answer.ok) keepTabSecret(Entered.parse(await answer.json()).secret)
    return answer.status !== 401
  } catch {
    // The tab has no secret then, and the screen says how to come in again.
    return true
  }
}

function takeLater({ newURL }: HashChangeEvent): void {
  const later = tokenIn(newURL)
  if (later === null) return
  history.replaceState(null, '', `${location.pathname}${location.search}${placeIn(newURL)}`)
  void enter(later).then((taken) => taken && location.reload())
}

/**
 * Takes the one-time token out of the address, so that it is neither copied nor kept in the history. A link that is
 * opened in a tab which shows the console already changes only the fragment: the page is loaded anew then, unless the link was used.
 */
export async function takeTokenFromAddress(): Promise<void> {
  window.addEventListener('hashchange', takeLater)
  const token = tokenIn(location.href)
  if (token === null) return
  history.replaceState(null, '', `${location.pathname}${location.search}${placeIn(location.href)}`)
  await enter(token)
}
