import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realSystem } from '../contract/testing/system.ts'
import { until } from '../contract/testing/wait.ts'
import { startFleet, type FleetOptions } from './fleet.ts'
import { FakeService } from './testing/fake-service.ts'
import { portOf, startProxy, startTextServer } from './testing/proxy.ts'
import { testCertificate } from './testing/tls.ts'

let folder: string
let service: FakeService
let front: Server
let url: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'route-'))
  service = new FakeService()
  await service.start()
  // What stands in front of a service that other machines reach: TLS ends here.
  front = createServer({ cert: testCertificate.cert, key: testCertificate.key }, (socket) => {
    const onward = connect(service.port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    for (const end of [socket, onward]) end.on('error', () => undefined)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done))
  url = `https://localhost:${portOf(front)}`
})
afterEach(async () => {
  await service.stop()
  await new Promise((done) => front.close(done))
  rmSync(folder, { recursive: true, force: true })
})

async function useFleet(options: Partial<FleetOptions>): Promise<void> {
  const credential = { kind: 'key' as const, secret: service.key }
  const fleet = await startFleet({
    system: realSystem,
    service: url,
    caFile: testCertificate.certFile,
    credential,
    rooms: 2,
    folder,
    control: false,
    ...options,
  })
  try {
    expect(fleet.connected()).toBe(2)
    await until('their reports', () => [...service.devices.values()].every(({ journals }) => [...journals.values()].flat().length > 0))
  } finally {
    await fleet.stop()
  }
}

describe('the way to the service', () => {
  it('is TLS with a certificate that the device trusts', async () => {
    await useFleet({})
  })

  it('is not taken with a certificate that it does not trust', async () => {
    let end = () => Promise.resolve()
    const starting = startFleet({
      system: realSystem,
      service: url,
      credential: { kind: 'key', secret: service.key },
      rooms: 1,
      folder,
      control: false,
      onStarted: (fleet) => {
        end = () => fleet.stop()
      },
    })
    const outcome = starting.catch(() => 'ended')
    await new Promise((done) => front.once('tlsClientError', done))
    await end()
    expect(await outcome).toBe('ended')
    expect(service.enrolmentRequests).toBe(0)
  })

  it('goes through a proxy, enrolment and socket alike', async () => {
    const proxy = await startProxy()
    await useFleet({ proxy: `127.0.0.1:${proxy.port}` })
    expect(proxy.targets.length).toBeGreaterThanOrEqual(3)
    expect(new Set(proxy.targets)).toEqual(new Set([`localhost:${portOf(front)}`]))
    await proxy.stop()
  })

  it('goes where a PAC file sends it, and through a proxy without TLS too', async () => {
    const proxy = await startProxy()
    const pac = await startTextServer(`function FindProxyForURL(url, host) { return "PROXY 127.0.0.1:${proxy.port}; DIRECT" }`)
    await useFleet({ proxy: pac.url, service: service.url })
    expect(proxy.targets.length).toBeGreaterThanOrEqual(3)
    await proxy.stop()
    await pac.stop()
  })
})
