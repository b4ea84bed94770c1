import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { unzipSync } from 'fflate'
import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EnrolmentKey, RoomList } from '../../../contract/api.ts'
import { programs } from '../../../contract/testing/programs.ts'
import { makeCertificate, withoutOpenssl } from '../../testing/certificate.ts'
import { demo, makeFolder, removeFolder, runCommand, TestService } from '../../testing/process.ts'

it('refuses to speak plain HTTP to other machines, and says what to do', async () => {
  const folder = makeFolder()
  const { code, stderr } = await runCommand('serve', '--host', '0.0.0.0', '--port', '0', '--data', folder)
  removeFolder(folder)
  expect(code).toBe(2)
  expect(stderr.trim()).toContain('0.0.0.0 is not a loopback address. Give --tls-cert and --tls-key, or --behind-proxy')
  expect(stderr).not.toContain('    at ')
})

describe.skipIf(withoutOpenssl)(
  `a service with a certificate${withoutOpenssl === undefined ? '' : ` (skipped: ${withoutOpenssl})`}`,
  () => {
    let folder: string
    let files: { cert: string; key: string }
    let issuer: TestService
    let service: TestService
    let token: string
    const agents: ChildProcess[] = []

    beforeAll(async () => {
      folder = makeFolder()
      files = makeCertificate(folder)
      // The embedded issuer stays on loopback without TLS, so another service is the issuer of this one.
      issuer = await TestService.start(join(folder, 'issuer'), '--demo')
      token = await issuer.tokenOf(demo.manager)
      const { tid } = z.object({ tid: z.string() }).parse(decodeJwt(token))
      service = await TestService.start(
        join(folder, 'service'),
        ...['--tls-cert', files.cert, '--tls-key', files.key, '--settings', '{"allowSoftwareKeys":true}'],
        ...['--issuer', `${issuer.url}/identity`, '--audience', 'urn:roomkeeper:service', '--client-id', 'roomkeeper-console'],
        ...['--tenant-directory', tid, '--tenant-name', 'Contoso'],
      )
    })
    afterAll(async () => {
      for (const child of agents) child.kill('SIGKILL')
      await Promise.all([service.stop(), issuer.stop()])
      removeFolder(folder)
    })

    /** One request over TLS, trusting this certificate only. */
    async function ask(path: string, body?: object): Promise<{ status: number | undefined; bytes: Buffer }> {
      const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
      const sent = request(`${service.url}${path}`, { ca: readFileSync(files.cert), headers, method: body ? 'POST' : 'GET' })
      sent.end(body && JSON.stringify(body))
      const [answer] = await once(sent, 'response')
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part)
      return { status: answer.statusCode, bytes: Buffer.concat(parts) }
    }
    const askJson = async (path: string): Promise<unknown> => JSON.parse((await ask(path)).bytes.toString())

    function run(...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
      const child = spawn(process.execPath, [programs.agent, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
      agents.push(child)
      return child
    }

    it('speaks https only, with a certificate that a client must know', async () => {
      expect(service.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
      expect((await ask('/healthz')).status).toBe(200)
      await expect(fetch(`${service.url}/healthz`)).rejects.toThrow()
      await expect(fetch(`${service.url.replace('https', 'http')}/healthz`)).rejects.toThrow()
    })

    it('takes an agent that enrols and reports over it', async () => {
      const { oid } = z.object({ oid: z.string() }).parse(decodeJwt(token))
      const assignment = {
        assignment: v7(),
        name: 'Managers',
        description: '',
        notify: false,
        members: [{ kind: 'person', id: oid }],
        scope: 'all',
      }
      const command = { type: 'assignment.save', role: 'proManager', ...assignment }
      expect((await ask('/v1/commands', { key: v7(), issuedAt: Date.now(), command })).status).toBe(200)
      const keyFile = join(folder, 'key')
      writeFileSync(keyFile, EnrolmentKey.parse(await askJson('/v1/enrolment/key')).key)

      const options = ['--device', 'sim', '--room', 'Over TLS', '--service', service.url, '--key-file', keyFile]
      const trusting = run('run', ...options, '--ca', files.cert, '--data', join(folder, 'agent'), '--json', '--parent-pipe')
      const [line] = await once(createInterface({ input: trusting.stdout }), 'line')
      expect(JSON.parse(String(line))).toEqual({ ready: true, rooms: 1 })
      let rooms = RoomList.parse(await askJson('/v1/rooms')).items
      while (Object.keys(rooms[0]?.signals ?? {}).length === 0) rooms = RoomList.parse(await askJson('/v1/rooms')).items
      expect(rooms).toMatchObject([{ name: 'Over TLS', connected: true, lifecycle: 'onboarding' }])
      trusting.stdin?.end()
      await once(trusting, 'close')
    })

    it('is offered to devices with its port among the hosts that are checked before an enrolment', async () => {
      const { bytes } = await ask('/v1/enrolment/installer')
      const allowlist = join(folder, 'allowlist.json')
      writeFileSync(allowlist, unzipSync(new Uint8Array(bytes))['allowlist.json'] ?? '')
      const check = async (...trust: string[]) => {
        const child = run('check', '--profile', 'generic', '--allowlist', allowlist, ...trust)
        const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
        return { code: child.exitCode, output }
      }
      expect(await check('--ca', files.cert)).toMatchObject({ code: 0, output: expect.stringContaining(new URL(service.url).host) })
      expect(await check()).toMatchObject({ code: 1, output: expect.stringContaining('FAILED: tls') })
    })
  },
)
