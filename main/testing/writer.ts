import { readFileSync } from 'node:fs'
import { realSystem } from '../../contract/testing/system.ts'
import { playDelay } from '../../contract/testing/wait.ts'
import { createCore, createLog, lockDataFolder } from '../core.ts'
import { idOf } from './documents.ts'
import { FakeSession, FakeVault, openWindow } from './fakes.ts'

/**
 * A console in a process of its own, to be killed at any moment: it follows the service, comments without end, and
 * prints each key that was given as durable.
 * Arguments: data folder, service, file with the keys of the vault (name=hex, a line each).
 */
const [dataDir = '', service = '', keys = ''] = process.argv.slice(2)
const vault = new FakeVault()
for (const line of readFileSync(keys, 'utf8').trim().split('\n')) {
  const [name = '', hex = ''] = line.split('=')
  vault.keys.set(name, Buffer.from(hex, 'hex'))
}
const core = await createCore({
  folder: lockDataFolder(dataDir),
  service,
  session: new FakeSession(),
  vault,
  host: { kind: 'browser', version: '0', downloadFolder: dataDir },
  system: realSystem,
  log: createLog('silent'),
})
const { bridge } = openWindow(core.bridge)
process.stdout.write('ready\n')
for (let n = 0; ; n++) {
  const text = `${process.pid}-${n}`
  const key = await bridge
    .call('commands.submit', { command: { type: 'incident.comment', incident: idOf('incident', 1) as never, text } })
    .then(
      (answer) => answer.key,
      () => undefined,
    )
  if (key !== undefined) process.stdout.write(`${key}\n`)
  await playDelay(5)
}
