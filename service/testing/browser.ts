/** For tests: a browser reduced to cookies, redirects and the forms of a page. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly html: string
  readonly headers: Headers
}

const decode = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : decode(value)
}

export class FormBrowser {
  readonly #cookies = new Map<string, string>()
  readonly #headers: Record<string, string>

  constructor(headers: Record<string, string> = {}) {
    this.#headers = headers
  }

  /** Has this cookie as if somebody else on the host's name had set it. */
  keep(name: string, value: string): this {
    this.#cookies.set(name, value)
    return this
  }

  /** Follows redirects within the same origin; one that leaves it is the answer. */
  async open(url: string, form?: URLSearchParams, headers: Record<string, string> = {}): Promise<Page> {
    let target = url
    let body = form
    for (let hops = 0; hops < 20; hops += 1) {
      const answer = await fetch(target, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { ...this.#headers, ...headers, cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body ? { body } : {}),
      })
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(cookie) ?? []
        if (value === '') this.#cookies.delete(name)
        else this.#cookies.set(name, value)
      }
      const location = answer.headers.get('location')
      if (location === null) return { url: target, status: answer.status, html: await answer.text(), headers: answer.headers }
      const next = new URL(location, target)
      if (next.origin !== new URL(url).origin) return { url: next.href, status: answer.status, html: '', headers: answer.headers }
      target = next.href
      body = undefined
    }
    throw new Error(`Too many redirects, last to ${target}`)
  }

  /** Sends the page's form: its hidden fields, and these answers. */
  async submit(page: Page, answers: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const [form = ''] = /<form[\s\S]*?<\/form>/.exec(page.html) ?? []
    const fields = new URLSearchParams()
    for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
      if (attribute(tag, 'type') === 'hidden') fields.set(attribute(tag, 'name') ?? '', attribute(tag, 'value') ?? '')
    }
    for (const [name, value] of Object.entries(answers)) fields.set(name, value)
    return this.open(new URL(attribute(form, 'action') ?? '', page.url).href, fields, headers)
  }
}
