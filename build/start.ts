import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { programs } from '../contract/testing/programs.ts'
import { findElectron } from './electron.ts'
import { type Part, startPart } from './part.ts'
import { failed, root, say } from './paths.ts'
import { buildPrograms } from './programs.ts'
import { buildElectron, buildRenderer } from './renderer.ts'
import { run } from './run.ts'
import { connect, tokenOf } from './start/api.ts'
import { enrolFleet } from './start/demo.ts'
import { takeFolder, type DataFolder } from './start/folder.ts'
import { openBrowser } from './start/open.ts'
import { help, type Options, readOptions } from './start/options.ts'
import { checkPort } from './start/ports.ts'

/** How long the start waits for Electron to be fetched before it takes the browser host instead. */
const fetchMs = 5_000
const insistedFetchMs = 600_000
const administrator = 'amelie.laurent@contoso.example'

const ServiceReady = z.object({ ready: z.literal(true), service: z.url() })
const FleetReady = z.object({ ready: z.literal(true), rooms: z.int() })
const AgentReady = z.object({ ready: z.literal(true) })
const ConsoleReady = z.object({ ready: z.literal(true), console: z.string() })

interface Session {
  options: Options
  folder: DataFolder
  /** Every part that was started, in order. */
  parts: Part<unknown>[]
}

async function start<T>(session: Session, name: string, args: readonly string[], ready: z.ZodType<T>, program?: string) {
  const log = join(session.folder.path, 'logs', `${name.replaceAll(' ', '-')}.log`)
  const part = await startPart({ name, args, ready, log, ...(program === undefined ? {} : { program }) })
  session.parts.push(part)
  return part
}

/** An answer of one of the product's own commands. */
async function answerOf(args: readonly string[]): Promise<string> {
  const { code, output, answer } = await run(process.execPath, args)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}`)
  return answer.trim()
}

async function startService(session: Session): Promise<string> {
  const { options, folder } = session
  const demo = options.demo ? ['--demo'] : []
  const args = [programs.service, 'serve', '--data', folder.path, '--port', String(options.servicePort), ...demo]
  return (await start(session, 'service', args, ServiceReady)).ready.service
}

const FleetRooms = z.array(z.object({ name: z.string(), simulated: z.boolean(), room: z.string().optional() }))

/** The customers of the demo that have rooms: who administers them, and where their devices live. */
const customers = {
  contoso: { administrator, folder: '.' },
  northwind: { administrator: 'nadia.petrov@northwind.example', folder: 'northwind' },
} as const
/** The second customer has a few rooms, so that a partner has two to look after. */
const northwindRooms = 6

/** Starts and enrols the simulated rooms of one customer. Answers their names. */
async function startRooms(session: Session, service: string, places: keyof typeof customers, rooms: number): Promise<string[]> {
  const { options, folder } = session
  const customer = customers[places]
  const data = join(folder.path, customer.folder)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const api = connect(service, await tokenOf(customer.administrator, folder.path))
  const keyFile = join(data, 'enrolment.key')
  writeFileSync(keyFile, await api.enrolmentKey(), { mode: 0o600 })
  const device = ['--service', service, '--key-file', keyFile, '--data', data]
  const fleet = [programs.agent, 'fleet', '--places', places, '--rooms', String(rooms), '--seed', String(options.seed), ...device]
  const host = [programs.agent, 'run', '--device', 'host', ...device]
  await Promise.all([
    start(session, `rooms of ${places}`, fleet, FleetReady),
    ...(places === 'contoso' ? [start(session, 'agent of this machine', host, AgentReady)] : []),
  ])
  const listed = FleetRooms.parse(JSON.parse(await answerOf([programs.agent, 'rooms', '--json', '--data', data])))
  const simulated = listed.filter((room) => room.simulated)
  await enrolFleet(api, await api.rooms(), new Set(simulated.flatMap((room) => room.room ?? [])))
  return simulated.map(({ name }) => name)
}

/** The demo's devices: simulated rooms of both customers, and this machine. Answers a room's name, for the hint on the terminal. */
async function startDemo(session: Session, service: string): Promise<string | undefined> {
  const [[room]] = await Promise.all([
    startRooms(session, service, 'contoso', session.options.rooms),
    startRooms(session, service, 'northwind', northwindRooms),
  ])
  return room
}

/** Opens the Electron window where it can be had and is not unwanted, else the browser host with the reason why. */
async function startConsole(session: Session, service: string): Promise<{ host: 'electron' | 'browser'; console: string; why?: string }> {
  const { options, folder } = session
  const args = ['--service', service, '--data', folder.path]
  const insist = options.host === 'electron'
  const electron =
    options.host === 'browser' ? { missing: 'as asked for' } : await findElectron({ fetchMs: insist ? insistedFetchMs : fetchMs, insist })
  if ('path' in electron) {
    await buildElectron()
    const window = await start(
      session,
      'console',
      [join(root, 'out', 'electron', 'main', 'index.js'), ...args],
      ConsoleReady,
      electron.path,
    )
    return { host: 'electron', console: window.ready.console }
  }
  if (insist) throw new Error(`The Electron window cannot open: ${electron.missing}.`)
  const host = await start(session, 'console', [programs.console, ...args, '--port', String(options.port)], ConsoleReady)
  return { host: 'browser', console: host.ready.console, why: electron.missing }
}

async function stopAll(session: Session): Promise<void> {
  // The last started first, so that nothing loses what it depends on while it still works.
  for (const part of session.parts.toReversed()) await part.stop()
  session.folder.release()
}

interface Ending {
  say?: string
  code: number
}

/** Settles at Ctrl-C, at a signal, or (with --parent-pipe) when whoever started this has gone. */
function whenToldToEnd(parentPipe: boolean): Promise<Ending> {
  return new Promise((resolve) => {
    const end = () => {
      resolve({ code: 0 })
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
    if (parentPipe) process.stdin.resume().once('end', end)
  })
}

/** Settles when a part has ended by itself. */
function whenPartEnds(parts: readonly Part<unknown>[]): Promise<Ending> {
  return Promise.race(
    parts.map(async (part): Promise<Ending> => {
      const how = await part.ended
      // Closing the window ends the program, as it does everywhere.
      if (part.name === 'console' && how === 'exit code 0') return { say: 'The console was closed.', code: 0 }
      return { say: `The ${part.name} ended by itself (${how}), so everything else is ended too.`, code: 1 }
    }),
  )
}

async function bringUp(session: Session): Promise<void> {
  const { options, folder } = session
  const { demo, json, open } = options
  await checkPort(options.servicePort, '--service-port')
  if (options.host !== 'electron') await checkPort(options.port, '--port')
  await Promise.all([buildRenderer(), buildPrograms()])
  const service = await startService(session)
  const [room, console_] = await Promise.all([demo ? startDemo(session, service) : undefined, startConsole(session, service)])
  const { host, console: address, why } = console_
  if (host === 'browser') folder.note(service)
  if (json) console.log(JSON.stringify({ ready: true, host, console: address, service, data: folder.path }))
  else {
    console.log(`\nRoomkeeper is running.`)
    if (host === 'browser') console.log(`The console runs in the browser (no Electron window: ${why}): ${address}`)
    console.log(`Service: ${service}   Data: ${folder.path}`)
    if (room !== undefined) {
      console.log(`Sign in as ${administrator} (the demo has no passwords). Unplug a camera from another terminal:`)
      console.log(
        `  npm run agent -- fault --room ${JSON.stringify(room)} --signal peripherals.camera --value unhealthy${dataOption(options)}`,
      )
    }
    console.log('Ctrl-C ends everything.')
  }
  if (host === 'browser' && open) openBrowser(address, join(folder.path, 'open'))
}

/** The `--data` that other commands need to find this start; nothing where it is the default. */
const dataOption = (options: Options) => (options.data === join(root, '.data') ? '' : ` --data ${JSON.stringify(options.data)}`)

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(help)
    return 0
  }
  if ('wrong' in options) {
    say(`${options.wrong}\nSee npm start -- --help.`)
    return 2
  }
  const told = whenToldToEnd(options.parentPipe)
  const folder = takeFolder(options.data, options.demo ? 'demo' : 'own', options.reset)
  const session: Session = { options, folder, parts: [] }
  try {
    const early = await Promise.race([told, bringUp(session)])
    const ending = early ?? (await Promise.race([told, whenPartEnds(session.parts)]))
    if (ending.say !== undefined) say(ending.say)
    return ending.code
  } catch (error) {
    return failed(error)
  } finally {
    await stopAll(session)
  }
}

// A part that is still starting ends with the pipe that it shares with this process.
process.exit(await main().catch(failed))
