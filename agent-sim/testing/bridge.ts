import type { RemoteMode } from '../../contract/remoteFacts.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { until } from '../../contract/testing/wait.ts'
import { bridgeScreen } from '../rfb/filter.ts'
import { TestClient } from './rfb-client.ts'
import { streamPair } from './streams.ts'
import { FakeVncServer, type VncServerOptions } from './vnc-server.ts'

/** A screen whose stream goes through `bridgeScreen`, between a VNC server and an operator that the test plays. */
export function begin(options: { mode?: RemoteMode; password?: string; server?: VncServerOptions; piece?: number; window?: number } = {}) {
  const { mode = 'modify', password, piece, window } = options
  const pair = { ...(piece === undefined ? {} : { piece }), ...(window === undefined ? {} : { window }) }
  const [device, operator] = streamPair(pair)
  const [local, remote] = streamPair(pair)
  const log: string[] = []
  const clock = new FakeClock()
  let inputsSeen = 0
  const server = new FakeVncServer(remote, options.server)
  const service = bridgeScreen({
    stream: device,
    server: local,
    mode,
    password,
    log: (text) => log.push(text),
    timers: clock,
    onInput: () => (inputsSeen += 1),
  })
  const failures: Error[] = []
  const client = new TestClient(operator, (error) => failures.push(error))
  return { client, server, service, log, failures, clock, device, local, operator, inputsSeen: () => inputsSeen }
}

/** `begin`, with both handshakes done. */
export async function start(options: Parameters<typeof begin>[0] = {}) {
  const started = begin(options)
  await until('both handshakes', () => started.client.init !== undefined && started.server.heard.length === 1)
  started.server.heard.length = 0
  return started
}

/** The kinds of what reached the VNC server. */
export const heard = ({ heard: messages }: FakeVncServer) => messages.map(({ type }) => type)
