import { describe, expect, it } from 'vitest'
import { realSystem } from '../../contract/testing/system.ts'
import { ExplainedError } from '../explained.ts'
import { UsageError } from './command.ts'
import { commandSummaries, loadCommand } from './commands.ts'

/** How many wait for the process to be asked to end. */
const waiting = () => (['SIGINT', 'SIGTERM'] as const).map((signal) => process.listenerCount(signal))
const run = async (name: string, ...args: string[]) => (await loadCommand(name)).run(args, realSystem)

describe('commands', () => {
  it.each(Object.keys(commandSummaries))('%s explains itself', async (name) => {
    expect((await loadCommand(name)).help).toContain(`npm run agent -- ${name}`)
  })

  it.each([
    [['fleet', '--bogus'], '--bogus'],
    [['fleet'], '--service is missing'],
    [['fleet', '--service', 'http://127.0.0.1:1', '--rooms', 'many'], '--rooms must be a whole number'],
    [['fleet', '--service', 'http://127.0.0.1:1', '--rooms', '0'], '--rooms must be a whole number'],
    [['fleet', '--service', 'http://127.0.0.1:1', '--key-file', '/nowhere/key'], '--key-file'],
    [['fleet', '--service', 'http://127.0.0.1:1', '--log-level', 'loud'], '--log-level'],
    [['fleet', 'extra'], 'extra'],
    [['fault', '--room', 'x'], '--signal is missing'],
    [['scenario'], 'unplug-camera'],
    [['check', '--lang', 'de'], '--lang'],
    [['check', '--profile', 'toaster'], '--profile'],
    [['check', '--allowlist', '/nowhere/list.json'], '--allowlist'],
    [['run', '--device', 'toaster'], '--device'],
    [['run', '--device', 'sim', '--key', 'wood'], '--key must be'],
    [['run', '--profile', 'toaster', '--service', 'http://127.0.0.1:1'], '--profile is for --device host'],
    [['enrol', '--device', 'sim', '--profile', 'windows-mtr'], '--profile is for --device host'],
    [['run', '--device', 'sim', '--shell', '/bin/sh'], '--shell is for --device host'],
    [['run', '--screen', 'wall=127.0.0.1:5900'], '--screen must be DISPLAY=HOST:PORT'],
    [['run', '--screen', 'console=127.0.0.1:0'], '--screen must be DISPLAY=HOST:PORT'],
    [['run', '--screen', 'console=a:1', '--screen', 'console=b:1'], 'names console twice'],
    [['run', '--vnc-password-file', '/nowhere', '--shell', 'sh'], '--vnc-password-file needs a --screen'],
    [['run', '--restart-command', 'reboot'], 'needs a --screen or a --shell'],
    [['run', '--shell', ''], '--shell is missing its value'],
    [['run', '--restart-ms', 'soon'], '--restart-ms must be a whole number'],
    [['bogus'], 'There is no command "bogus"'],
    [['fleets'], 'Nearest: fleet'],
  ])('%j does not fit', async ([name = '', ...args], text) => {
    const before = waiting()
    const failed = run(name, ...args)
    await expect(failed).rejects.toThrow(UsageError)
    await expect(failed).rejects.toThrow(text)
    expect(waiting()).toEqual(before)
  })

  it.each([
    [['fleet', '--service', 'http://rooms.example.com'], 'must be https'],
    [['fleet', '--service', 'http://127.0.0.1:1', '--proxy', 'nonsense'], 'neither host:port nor'],
    [['scenario', 'unplug-kamera'], 'Nearest: unplug-camera'],
    [['rooms', '--data', '/nowhere'], 'npm start'],
    [['offboard', '--room', 'x', '--data', '/nowhere'], 'npm start'],
  ])('%j is explained', async ([name = '', ...args], text) => {
    const failed = run(name, ...args)
    await expect(failed).rejects.toThrow(ExplainedError)
    await expect(failed).rejects.toThrow(text)
  })
})
