/**
 * For tests: a browser reduced to what signing in needs. It follows redirects, keeps cookies per host, and fills in and
 * sends the first form of a page. It knows nothing of the issuer's pages but the names of their fields.
 */
export interface Page {
  url: string
  status: number
  html: string
  headers: Headers
}

interface Form {
  action: string
  fields: Map<string, string>
  /** Of those only the one that is clicked is sent. */
  buttons: [name: string, value: string][]
}

export class TestBrowser {
  readonly #cookies = new Map<string, Map<string, string>>()
  /** Every address that was opened, for looking for secrets in them. */
  readonly visited: string[] = []

  async open(url: string, form?: URLSearchParams): Promise<Page> {
    let target = url
    let body = form
    for (let hops = 0; hops < 20; hops += 1) {
      this.visited.push(target)
      const response = await this.#ask(target, { ...(body ? { body, method: 'POST' } : {}), headers: { accept: 'text/html' } })
      const location = response.headers.get('location')
      if (response.status < 300 || response.status >= 400 || location === null) {
        return { url: target, status: response.status, html: await response.text(), headers: response.headers }
      }
      target = new URL(location, target).href
      body = undefined
    }
    throw new Error(`Too many redirects, last to ${target}`)
  }

  /** Fills in the page's form with these answers, and clicks the button that is one of them, else the first. */
  async submit(page: Page, answers: Record<string, string>): Promise<Page> {
    const { action, fields, buttons } = formOf(page)
    for (const [name, value] of Object.entries(answers)) if (fields.has(name)) fields.set(name, value)
    const [name, value] = buttons.find(([named, chosen]) => answers[named] === chosen) ?? buttons[0] ?? ['', '']
    if (name !== '') fields.set(name, value)
    return this.open(action, new URLSearchParams([...fields]))
  }

  /** Goes through every page of a sign-in as this person, to the page that has no form any more. */
  async signIn(url: string, answers: Record<string, string>): Promise<Page> {
    let page = await this.open(url)
    for (let pages = 0; pages < 10 && page.status === 200 && /<form/u.test(page.html); pages += 1) page = await this.submit(page, answers)
    return page
  }

  /** What a page's script asks for: JSON, without following redirects. */
  async send(method: string, url: string, value: object): Promise<Page> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    const response = await this.#ask(url, { method, headers, body: JSON.stringify(value) })
    return { url, status: response.status, html: await response.text(), headers: response.headers }
  }

  /** With the host's cookies, and keeps those that it sets. */
  async #ask(url: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const jar = this.#jar(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } })
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';')
      const at = pair.indexOf('=')
      const value = pair.slice(at + 1)
      if (value === '') jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), value)
    }
    return response
  }

  #jar(url: string): Map<string, string> {
    const { hostname } = new URL(url)
    const jar = this.#cookies.get(hostname) ?? new Map<string, string>()
    this.#cookies.set(hostname, jar)
    return jar
  }
}

/** The first form of a page. */
function formOf(page: Page): Form {
  const [form = ''] = page.html.match(/<form[\s\S]*?<\/form>/u) ?? []
  const attribute = (tag: string, name: string): string | undefined => {
    const found = new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(tag)?.[1]
    return found?.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
  }
  const fields = new Map<string, string>()
  for (const [tag] of form.matchAll(/<input\b[^>]*>/gu)) {
    const name = attribute(tag, 'name')
    if (name !== undefined) fields.set(name, attribute(tag, 'value') ?? '')
  }
  const buttons = [...form.matchAll(/<button\b[^>]*>/gu)].map(([tag]): [string, string] => [
    attribute(tag, 'name') ?? '',
    attribute(tag, 'value') ?? '',
  ])
  return { action: new URL(attribute(form, 'action') ?? page.url, page.url).href, fields, buttons }
}
