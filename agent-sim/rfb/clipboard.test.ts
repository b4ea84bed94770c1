import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { heard, start } from '../testing/bridge.ts'
import { say } from '../testing/rfb.ts'
import { Packet } from './bytes.ts'
import { clipboardMessage, everything, type ClipboardMessage } from './clipboard.ts'
import { encodings, fromClient, fromServer } from './protocol.ts'

describe('[REM-4] the extended clipboard', () => {
  const messages: readonly ClipboardMessage[] = [
    everything,
    { action: 'caps', can: ['request', 'notify', 'provide'], text: true },
    { action: 'notify', text: true },
    { action: 'notify', text: false },
    { action: 'request', text: true },
    { action: 'provide', text: '€ 会議室 👨‍👩‍👧\nmy second line' },
    { action: 'provide', text: undefined },
  ]

  it.each(messages)('passes both ways, with modify and once it was asked for: $action $text', async (message) => {
    const { client, server } = await start({ piece: 3 })
    server.send(clipboardMessage(fromServer.cutText, message))
    client.send(say.encodings(encodings.extendedClipboard), clipboardMessage(fromClient.cutText, message))
    await until('it to arrive', () => server.heard.length === 2)
    expect(server.heard[1]).toMatchObject({ type: 'clipboard', message })
    expect(client.others).toEqual([])
    server.send(clipboardMessage(fromServer.cutText, message))
    await until('it to come back', () => client.others.length === 1)
    expect(client.others[0]?.equals(clipboardMessage(fromServer.cutText, message))).toBe(true)
  })

  it.each(messages)('never passes with view: $action $text', async (message) => {
    const { client, server, service } = await start({ mode: 'view' })
    client.send(say.encodings(encodings.extendedClipboard), clipboardMessage(fromClient.cutText, message), say.request(false, client.all))
    server.send(clipboardMessage(fromServer.cutText, message))
    server.send(new Packet().u8(fromServer.bell).done())
    await until('what follows', () => server.heard.length === 2 && client.others.length === 1)
    expect([heard(server), client.others[0]?.[0], service.counts.dropped]).toEqual([['setEncodings', 'updateRequest'], fromServer.bell, 1])
  })

  it.each([
    ['takes text without being told of it, as x11vnc says', { action: 'caps', can: ['request', 'peek', 'provide'], text: true }],
    ['has no text', { action: 'caps', can: ['request', 'peek', 'notify', 'provide'], text: false }],
  ] satisfies [string, ClipboardMessage][])('is not offered by a server that %s', async (_what, message) => {
    const { client, server } = await start()
    client.send(say.encodings(encodings.extendedClipboard))
    await until('it to be asked for', () => server.heard.length === 1)
    server.send(clipboardMessage(fromServer.cutText, message))
    server.send(new Packet().u8(fromServer.bell).done())
    await until('what follows', () => client.others.length === 1)
    expect(client.others[0]?.[0]).toBe(fromServer.bell)
  })

  it('provides a stream of zlib without an end, at which libvncserver hangs up', () => {
    expect(
      Buffer.from(clipboardMessage(fromClient.cutText, { action: 'provide', text: '€' }))
        .subarray(-4)
        .toString('hex'),
    ).toBe('0000ffff')
  })

  it('brings text alone of all that an end provides, and at most as much as a clipboard may hold', async () => {
    const { client, server } = await start()
    const long = 'é会'.repeat(limits.clipboardBytes)
    client.send(say.encodings(encodings.extendedClipboard), clipboardMessage(fromClient.cutText, { action: 'provide', text: long }))
    await until('it to arrive', () => server.heard.length === 2)
    const [, message] = server.heard
    const text = message?.type === 'clipboard' && message.message?.action === 'provide' ? (message.message.text ?? '') : ''
    expect(long.startsWith(text)).toBe(true)
    expect(Buffer.byteLength(text)).toBeGreaterThan(limits.clipboardBytes - 4)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.clipboardBytes)
  })

  it('that makes no sense ends the screen at whose end it came from', async () => {
    const nonsense = [
      ['no flags', Uint8Array.of(1, 2)],
      ['two actions', new Packet().u32((1 << 25) | (1 << 26)).done()],
      [
        'what cannot be unpacked',
        new Packet()
          .u32((1 << 28) | 1)
          .text('not packed')
          .done(),
      ],
      [
        'more than it holds',
        new Packet()
          .u32((1 << 28) | 1)
          .bytes(deflateSync(new Packet().u32(9).text('short').done()))
          .done(),
      ],
      [
        'what unpacks without end',
        new Packet()
          .u32((1 << 28) | 1)
          .bytes(deflateSync(new Uint8Array(20 * 1024 * 1024)))
          .done(),
      ],
    ] as const
    for (const [what, body] of nonsense) {
      const bytes = (type: number) => new Packet().u8(type, 0, 0, 0).u32(-body.length).bytes(body).done()
      const byOperator = await start()
      byOperator.client.send(bytes(fromClient.cutText))
      await until('the end', () => byOperator.client.closed !== undefined)
      expect(byOperator.client.closed, what).toEqual({ code: 'request.invalid' })
      const byServer = await start()
      byServer.server.send(bytes(fromServer.cutText))
      await until('the end', () => byServer.client.closed !== undefined)
      expect(byServer.client.closed, what).toEqual({ code: 'remote.screenLost' })
    }
  })
})
