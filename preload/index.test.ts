import { expect, it, vi } from 'vitest'

const { exposed, sent, listeners } = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  sent: new Array<unknown[]>(),
  listeners: new Set<(event: unknown, message: unknown) => void>(),
}))
vi.mock('electron', () => ({
  contextBridge: { exposeInMainWorld: (name: string, value: unknown) => exposed.set(name, value) },
  ipcRenderer: {
    send: (...message: unknown[]) => sent.push(message),
    on: (_channel: string, listener: (event: unknown, message: unknown) => void) => listeners.add(listener),
    off: (_channel: string, listener: (event: unknown, message: unknown) => void) => listeners.delete(listener),
  },
}))

it('gives the screens a pipe of two functions, and nothing of Electron', async () => {
  await import('./index.ts')
  expect([...exposed.keys()]).toEqual(['roomkeeper'])
  const pipe = exposed.get('roomkeeper')
  if (typeof pipe !== 'object' || pipe === null || !('send' in pipe) || !('onMessage' in pipe)) throw new Error('no pipe')
  expect(Object.keys(pipe)).toEqual(['send', 'onMessage'])
  if (typeof pipe.send !== 'function' || typeof pipe.onMessage !== 'function') throw new Error('no functions')

  pipe.send({ type: 'end', id: 1 })
  pipe.send({ type: 'bytes', id: 2, bytes: Uint8Array.of(1, 2) })
  expect(sent).toEqual([
    ['roomkeeper', { type: 'end', id: 1 }],
    ['roomkeeper', { type: 'bytes', id: 2, bytes: Uint8Array.of(1, 2) }],
  ])
  const heard: unknown[] = []
  const undo = pipe.onMessage((...message: unknown[]) => heard.push(message))
  for (const listener of listeners) listener({ sender: 'secret' }, { type: 'value', id: 1, value: 2 })
  // Only the message: the event has ipcRenderer on it.
  expect(heard).toEqual([[{ type: 'value', id: 1, value: 2 }]])
  undo()
  expect(listeners.size).toBe(0)
})
