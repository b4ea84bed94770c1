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

let linkRefused = false
/** Whether this page was opened by a link that the console did not take: it runs, and the link was used, or is too old. */
export const wasLinkRefused = (): boolean => linkRefused

const tokenIn = (address: string): string | null => new URLSearchParams(new URL(address).hash.slice(1)).get('token')

/** A link's token becomes the secret of this tab. */
async function enter(token: string): Promise<void> {
  try {
    const answer = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      credentials: 'omit',
    })
    linkRefused = answer.status === 401
    if (answer.ok) keepTabSecret(Entered.parse(await answer.json()).secret)
  } catch {
    // The tab has no secret then, and the screen says how to come in again.
  }
}

/**
 * Takes the one-time token out of the address, so that it is neither copied nor kept in the history. A link that is
 * opened in a tab which shows the console already changes only the fragment: the page is loaded anew then.
 */
export async function takeTokenFromAddress(): Promise<void> {
  window.addEventListener('hashchange', (event) => {
    const later = tokenIn(event.newURL)
    if (later === null) return
    history.replaceState(null, '', `${location.pathname}${location.search}`)
    void enter(later).then(() => location.reload())
  })
  const token = tokenIn(location.href)
  if (token === null) return
  history.replaceState(null, '', `${location.pathname}${location.search}`)
  await enter(token)
}
