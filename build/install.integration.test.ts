import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../contract/testing/wait.ts'
import { root } from './paths.ts'

/** A checkout with a stand-in for npm, which "installs" a Node that is this one, once no file `hold` is there (any more). */
let checkout: string

const lock = (version: string) =>
  JSON.stringify({ packages: { '': {}, 'node_modules/thing': { version }, 'node_modules/other': { version: '1.0.0', optional: true } } })

const fakeNpm = `
  const { mkdirSync, symlinkSync, writeFileSync, appendFileSync, existsSync } = require('node:fs')
  appendFileSync('npm.log', process.argv[2] + '\\n')
  appendFileSync('arguments.log', process.argv.slice(2).join(' '))
  console.log('added 1 package')
  const tried = setInterval(() => {
    if (existsSync('hold')) return
    clearInterval(tried)
    const bin = 'node_modules/node-' + process.platform.replace('win32', 'win') + '-' + process.arch + '/bin'
    mkdirSync(bin, { recursive: true })
    if (!existsSync(bin + '/node')) symlinkSync(process.execPath, bin + '/node')
    process.exit(existsSync('fail') ? 1 : 0)
  }, 5)
`

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'checkout-'))
  mkdirSync(join(checkout, 'build'))
  for (const file of ['bootstrap.mjs', 'install.mjs', 'node.mjs']) cpSync(join(root, 'build', file), join(checkout, 'build', file))
  writeFileSync(
    join(checkout, 'build', 'start.ts'),
    `process.stdin.on('data', (data) => process.stdout.write('heard ' + data + JSON.stringify(process.argv.slice(2))))
     process.on('SIGTERM', () => process.exit(9))
     process.stdin.on('end', () => process.exit(7))
     console.error('started')`,
  )
  writeFileSync(join(checkout, 'npm-cli.js'), fakeNpm)
  writeFileSync(join(checkout, 'package.json'), '{}')
  writeFileSync(join(checkout, 'package-lock.json'), lock('1.0.0'))
})
afterEach(() => {
  rmSync(checkout, { recursive: true })
})

function bootstrap(...args: string[]) {
  const child = spawn(process.execPath, ['build/bootstrap.mjs', ...args], {
    cwd: checkout,
    env: { ...process.env, npm_execpath: join(checkout, 'npm-cli.js') },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (data) => (out += String(data)))
  child.stderr.on('data', (data) => (err += String(data)))
  const result = once(child, 'close').then(([code]) => ({ code: code as number, out, err }))
  return { child, result, err: () => err }
}

const installs = () => (existsSync(join(checkout, 'npm.log')) ? readFileSync(join(checkout, 'npm.log'), 'utf8') : '')

async function startOnce(...args: string[]) {
  const { child, result } = bootstrap('start', ...args)
  child.stdin.end('hello ')
  return result
}

describe('the bootstrap', () => {
  it('installs, then hands over arguments, standard input and the exit code; standard output has only the answer', async () => {
    const { code, out, err } = await startOnce('--json', 'a b')
    expect(out).toBe('heard hello ["--json","a b"]')
    expect(code).toBe(7)
    expect(err).toContain('Installing packages')
    expect(installs()).toBe('ci\n')
  })

  it('installs again only when the lock file has changed', async () => {
    await startOnce()
    await startOnce()
    expect(installs()).toBe('ci\n')
    writeFileSync(join(checkout, 'package-lock.json'), lock('2.0.0'))
    await startOnce()
    expect(installs()).toBe('ci\nci\n')
  })

  it('takes what someone has installed by hand, when the versions fit', async () => {
    await startOnce()
    rmSync(join(checkout, 'node_modules', '.roomkeeper.json'))
    const byHand = join(checkout, 'node_modules', '.package-lock.json')
    writeFileSync(byHand, JSON.stringify({ packages: { 'node_modules/thing': { version: '1.0.0' } } }))
    await startOnce()
    expect(installs()).toBe('ci\n')
    rmSync(join(checkout, 'node_modules', '.roomkeeper.json'))
    writeFileSync(byHand, JSON.stringify({ packages: { 'node_modules/thing': { version: '0.9.0' } } }))
    await startOnce()
    expect(installs()).toBe('ci\nci\n')
  })

  it('installs once when two start at the same time', async () => {
    writeFileSync(join(checkout, 'hold'), '')
    const both = [bootstrap('start'), bootstrap('start')]
    for (const { child } of both) child.stdin.end('hello ')
    await until(
      'one to install, and the other to wait',
      () => installs() === 'ci\n' && both.some(({ err }) => err().includes('Another install runs here')),
    )
    rmSync(join(checkout, 'hold'))
    expect((await Promise.all(both.map(({ result }) => result))).map(({ code }) => code)).toEqual([7, 7])
    expect(installs()).toBe('ci\n')
  })

  it('takes over the lock of an install that was killed', async () => {
    mkdirSync(join(checkout, 'out'))
    writeFileSync(join(checkout, 'out', 'install.lock'), '4194305')
    expect((await startOnce()).code).toBe(7)
  })

  it('runs nothing of what it installs', async () => {
    await startOnce()
    expect(readFileSync(join(checkout, 'arguments.log'), 'utf8')).toContain('--ignore-scripts')
  })

  it('says when an install fails', async () => {
    writeFileSync(join(checkout, 'fail'), '')
    const failed = await startOnce()
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('could not be installed')
  })

  it('names the commands when it does not know one', async () => {
    const { child, result } = bootstrap('strat')
    child.stdin.end()
    const { code, err } = await result
    expect(code).toBe(2)
    expect(err).toContain('npm run start')
  })

  it('passes a signal on and ends as the child does', async () => {
    const { child, result, err } = bootstrap('start')
    while (!err().includes('started')) await once(child.stderr, 'data')
    child.kill('SIGTERM')
    expect((await result).code).toBe(9)
  })
})
