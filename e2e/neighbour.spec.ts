import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { people } from './product.ts'
import { electronPath } from './screen.ts'
import { expect, signIn, test, whenLive } from './test.ts'

test.skip(electronPath !== undefined, 'the Electron window listens on no port')

interface Heard {
  url: string
  headers: IncomingHttpHeaders
}

/** What another account of this machine can do: it listens on a port of its own, and people's browsers come to it. */
async function neighbour() {
  const heard: Heard[] = []
  const cookies: string[] = []
  const server = createServer(({ url = '', headers }, response) => {
    heard.push({ url, headers })
    response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': cookies })
    response.end('<!doctype html><title>neighbour</title>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${port}/`, heard, cookies, stop: () => server.close() }
}

/** How the console answers a program that dials its bridge with what it has heard. */
function bridgeAnswers(origin: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/bridge`, { origin, headers })
    socket.once('open', () => resolve(101))
    socket.once('unexpected-response', (_request, response) => {
      resolve(Number(response.statusCode))
      socket.terminate()
    })
    socket.on('error', () => {})
  })
}

test('[ACC-1] another port of 127.0.0.1 gets nothing of the console that it can use, nor locks it out', async ({ page: tab, stack }) => {
  const screen = await stack.start()
  const other = await neighbour()
  try {
    const page = await signIn(tab, screen, people.manager)
    const origin = new URL(page.url()).origin
    const secret = await page.evaluate(() => sessionStorage.getItem('roomkeeper.tab'))
    expect(secret).toMatch(/^[\w-]{43}$/u)
    expect(page.url()).not.toContain('token')

    // The person's browser asks the neighbour: with a tab, and with a request from the console's own page.
    const theirs = await page.context().newPage()
    await theirs.goto(other.address)
    await page.evaluate((address) => fetch(address, { mode: 'no-cors', credentials: 'include' }).catch(() => undefined), other.address)
    await theirs.evaluate((address) => fetch(`${address}again`, { credentials: 'include' }), other.address)
    expect(other.heard.length).toBeGreaterThanOrEqual(2)
    const said = JSON.stringify(other.heard)
    expect(said).not.toContain(secret)
    expect(other.heard.map(({ headers }) => headers.referer).filter((from) => from?.startsWith(origin))).toEqual([])
    // Nothing of what signing in has needed is left, either.
    expect(await page.context().cookies(origin)).toEqual([])
    for (const { headers } of other.heard) {
      expect(await bridgeAnswers(origin, headers.cookie === undefined ? {} : { cookie: headers.cookie })).toBe(401)
    }

    // A page of theirs is of the same site, but reads and opens nothing.
    const opened = await theirs.evaluate(
      (address) =>
        new Promise((resolve) => {
          const socket = new WebSocket(`${address.replace('http', 'ws')}/bridge`)
          socket.onopen = () => resolve('open')
          socket.onerror = () => resolve('refused')
        }),
      origin,
    )
    expect(opened).toBe('refused')
    const post = (address: string) =>
      fetch(`${address}/session`, { method: 'POST', body: '{}' }).then(
        () => 'read',
        () => 'refused',
      )
    expect(await theirs.evaluate(post, origin)).toBe('refused')

    // Cookies of any name that they set change nothing: the console goes on, also when it is loaded anew.
    const { port } = new URL(origin)
    for (const name of [`roomkeeper-${port}`, 'roomkeeper', 'roomkeeper.tab'])
      other.cookies.push(`${name}=x; Path=/`, `${name}=y; Path=/bridge`)
    await theirs.goto(other.address)
    await page.reload()
    await whenLive(page)
    expect(await page.evaluate(() => sessionStorage.getItem('roomkeeper.tab'))).toBe(secret)
  } finally {
    other.stop()
  }
})

test('[ACC-1] a tab keeps its way in through a reload, a second one needs a link, and signing out ends both', async ({
  page: tab,
  stack,
}) => {
  const screen = await stack.start()
  const page = await signIn(tab, screen, people.siteTech)
  const { origin } = new URL(page.url())
  const before = await page.evaluate(() => sessionStorage.getItem('roomkeeper.tab'))
  await page.reload()
  await whenLive(page)

  const second = await page.context().newPage()
  await second.goto(origin)
  await expect(second.getByTestId('no-core')).toBeVisible()
  // Opened in a tab that shows the console's page already, a link changes only the fragment.
  await second.goto(await stack.anotherLink())
  await whenLive(second)

  await page.getByTestId('person-menu').click()
  await page.getByTestId('sign-out').click()
  await expect(page.getByTestId('sign-in')).toBeVisible()
  await expect(second.getByTestId('no-core')).toBeVisible()
  const after = await page.evaluate(() => sessionStorage.getItem('roomkeeper.tab'))
  expect(after).not.toBe(before)
  await page.reload()
  await expect(page.getByTestId('sign-in')).toBeVisible()
})
