import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from '@playwright/test'
import { startBrowserServer } from '../main/host/browser/server.ts'
import { testShell } from '../main/host/testing/transports.ts'
import { createLog } from '../main/log.ts'

const hostileWorker = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => event.respondWith(new Response('<h1>hostile</h1>', { headers: { 'content-type': 'text/html' } })))
`

/** Holds the port as another account would, with a worker for all of it. */
async function neighbour() {
  const http = createServer((request, response) => {
    const isWorker = request.url === '/deep/any.js'
    response.writeHead(200, { 'content-type': isWorker ? 'text/javascript' : 'text/html', 'service-worker-allowed': '/' })
    response.end(isWorker ? hostileWorker : '<h1>waiting</h1>')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  if (typeof address !== 'object' || address === null) throw new Error('not bound')
  return { port: address.port, stop: () => new Promise<void>((resolve) => { http.close(() => resolve()); http.closeAllConnections() }) }
}

test('[decision 0029] a service worker that whoever held the port before has left goes at the first look for its script', async ({ page }) => {
  const shell = testShell()
  const held = await neighbour()
  const address = `http://127.0.0.1:${held.port}/`
  await page.goto(address)
  await page.evaluate(`navigator.serviceWorker.register('/deep/any.js', { scope: '/' }).then(() => navigator.serviceWorker.ready)`)
  await page.goto(address)
  expect(await page.content()).toContain('hostile')
  await held.stop()
  const server = await startBrowserServer(held.port, { shell: shell.shell, secret: 's'.repeat(43), log: createLog('silent') })
  try {
    await page.goto(address)
    await expect(page.locator('h1', { hasText: 'hostile' })).toHaveCount(0, { timeout: 20_000 })
    await expect.poll(() => page.evaluate(`navigator.serviceWorker.getRegistrations().then((all) => all.length)`).catch(() => -1), { timeout: 20_000 }).toBe(0)
  } finally {
    await server.stop()
    shell.remove()
  }
})
