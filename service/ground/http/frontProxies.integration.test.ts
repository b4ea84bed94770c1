import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { feedProtocolVersion } from '../../../contract/feed.ts'
import { limits } from '../../../contract/limits.ts'
import { chunkPath } from '../../../contract/recording.ts'
import { freePort } from '../../../contract/testing/port.ts'
import { until } from '../../../contract/testing/wait.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { demo, makeFolder, removeFolder, TestService } from '../../testing/process.ts'

/** The configurations of `docs/proxies` in front of a service, each by the program that it is for. */

const programs = ['nginx', 'haproxy', 'openssl'].filter((program) => spawnSync('which', [program]).status !== 0)
const without =
  process.env['ROOMKEEPER_NO_FRONT'] ??
  (programs.length === 0 ? undefined : `needs ${programs.join(', ')}; npm test installs them where it may`)
const configOf = (name: string): string => readFileSync(join(import.meta.dirname, '../../../docs/proxies', name), 'utf8')

describe.skipIf(without)(`[API-1] behind a proxy${without === undefined ? '' : ` (skipped: ${without})`}`, () => {
  let folder: string
  let issuer: TestService
  let service: TestService
  let token: string
  let files: { cert: string; key: string }
  const children: ChildProcess[] = []

  beforeAll(async () => {
    folder = makeFolder()
    files = makeCertificate(folder)
    writeFileSync(join(folder, 'both.pem'), readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8'))
    issuer = await TestService.start(join(folder, 'issuer'), '--demo')
    token = await issuer.tokenOf(demo.manager)
    const { tid } = z.object({ tid: z.string() }).parse(decodeJwt(token))
    service = await TestService.start(
      join(folder, 'service'),
      ...[
        '--behind-proxy',
        '--issuer',
        `${issuer.url}/identity`,
        '--audience',
        'urn:roomkeeper:service',
        '--client-id',
        'roomkeeper-console',
      ],
      ...['--tenant-directory', tid, '--tenant-name', 'Contoso', '--feed-beat-ms', '50'],
    )
  })
  afterAll(async () => {
    // By force, nginx would leave its workers behind.
    const ended = children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit'))
    for (const child of children) child.kill('SIGTERM')
    await Promise.all(ended)
    await Promise.all([service.stop(), issuer.stop()])
    removeFolder(folder)
  })

  /** Starts the program with the configuration, in which only ports and files are others. Somebody else may have the port first. */
  async function start(program: string, config: string): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await tryStart(program, config, await freePort())
      if (outcome.url !== undefined) return outcome.url
      if (tries === 5 || !/address already in use/iu.test(outcome.said)) throw new Error(`${program} ended: ${outcome.said}`)
    }
  }

  async function tryStart(program: string, config: string, port: number): Promise<{ url?: string; said: string }> {
    const file = join(folder, `${program}-${port}`)
    const text = config
      .replaceAll('/etc/ssl/roomkeeper/', `${folder}/`)
      .replaceAll('127.0.0.1:4721', new URL(service.url).host)
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('bind :443', `bind 127.0.0.1:${port}`)
    writeFileSync(file, text)
    const args = program === 'nginx' ? ['-e', 'stderr', '-c', file, '-g', `daemon off; pid ${file}.pid;`] : ['-db', '-f', file]
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    let said = ''
    child.stderr.on('data', (bytes) => (said += String(bytes)))
    const url = `https://127.0.0.1:${port}`
    const closed = once(child, 'close')
    const listens = await until(`${program} to listen, or to end`, async () => {
      if (child.exitCode !== null) return 'no'
      return ask(url, '/healthz').then(
        () => 'yes' as const,
        () => undefined,
      )
    })
    if (listens === 'yes') return { url, said }
    // All that it had to say is there.
    await closed
    return { said }
  }

  async function ask(url: string, path: string, body?: Buffer): Promise<{ status: number | undefined; text: string }> {
    const sent = request(`${url}${path}`, { ca: readFileSync(files.cert), method: body ? 'PUT' : 'GET', agent: false })
    sent.end(body)
    const [answer] = await once(sent, 'response')
    let text = ''
    for await (const part of answer) text += String(part)
    return { status: answer.statusCode, text }
  }

  const dial = (url: string, path: string, headers = {}): WebSocket =>
    new WebSocket(`${url.replace('https', 'wss')}${path}`, { ca: readFileSync(files.cert), headers }).on('error', () => undefined)

  it.each([
    ['nginx', 'nginx.conf'],
    ['haproxy', 'haproxy.cfg'],
  ])('%s with its file of the documentation leads everything through, and no figures', async (program, name) => {
    const url = await start(program, configOf(name))
    expect(JSON.parse((await ask(url, '/.well-known/roomkeeper')).text)).toMatchObject({ service: expect.any(String) })
    expect(await ask(url, '/healthz')).toMatchObject({ status: 200 })
    expect((await ask(url, '/metrics')).status).toBe(404)
    // The largest chunk comes to the service, which wants a ticket.
    const chunk = await ask(url, chunkPath(v7(), 1), Buffer.alloc(limits.recordingChunkBytes))
    expect(chunk.status).toBe(401)
    expect(JSON.parse(chunk.text)).toMatchObject({ code: expect.stringMatching(/^(?:auth|relay)\./u) })

    const agent = dial(url, '/v1/agent')
    const [challenge] = await once(agent, 'message')
    expect(JSON.parse(String(challenge))).toMatchObject({ type: 'challenge' })
    agent.terminate()

    // Beats go both ways at once, and none waits for more; that they come often enough is the next test's.
    const feed = dial(url, '/v1/feed', { authorization: `Bearer ${token}` })
    await once(feed, 'open')
    feed.send(JSON.stringify({ type: 'hello', versions: [feedProtocolVersion] }))
    let beats = 0
    feed.on('message', (data) => {
      if (String(data).includes('"beat"')) beats += 1
      feed.send(JSON.stringify({ type: 'beat' }))
    })
    await until('several beats', () => {
      if (feed.readyState !== WebSocket.OPEN) throw new Error('The feed was closed.')
      return beats > 2
    })
    feed.terminate()

    const relay = dial(url, '/v1/relay')
    const [, refusal] = await once(relay, 'unexpected-response')
    expect(refusal.statusCode).toBe(401)
    relay.terminate()
  })

  it.each(['nginx.conf', 'haproxy.cfg'])('the times of %s are longer than any silence of ours', (name) => {
    const seconds = [...configOf(name).matchAll(/(?:timeout (?:tunnel|client|server)|proxy_(?:read|send)_timeout) +(\d+)s/gu)].map(
      ([, s]) => Number(s),
    )
    expect(seconds.length).toBeGreaterThanOrEqual(2)
    expect(Math.min(...seconds) * 1_000).toBeGreaterThan(3 * Math.max(limits.heartbeatMs, limits.sessionAliveMs))
    if (name === 'nginx.conf') expect(configOf(name)).toContain(`client_max_body_size ${limits.policyFileBytes / 1024 / 1024}m;`)
  })

  it('[CON-2] of an nginx that keeps the upgrade to itself the service hears a request that it does not know', async () => {
    const url = await start('nginx', configOf('nginx.conf').replace(/^.*proxy_set_header (?:Upgrade|Connection).*$/gmu, ''))
    const feed = dial(url, '/v1/feed', { authorization: `Bearer ${token}` })
    const [, answer] = await once(feed, 'unexpected-response')
    let text = ''
    for await (const part of answer) text += String(part)
    // What consoles call network.noWebSockets.
    expect(answer.statusCode).toBe(404)
    expect(JSON.parse(text)).toMatchObject({ code: 'request.notFound' })
    feed.terminate()
  })
})
