// The only code that runs on whatever Node the machine has: it installs what is missing and hands over to the Node
// that comes with the project. It has no dependency, and its syntax is old enough for any Node that knows modules.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { ownMajor, projectNode } from './node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldest = [20, 19]

/** What each npm script runs, in this order; the last one gets the arguments. */
const commands = {
  start: ['build/start.ts'],
  test: ['build/test.ts'],
  check: ['build/test.ts check'],
  'test:electron': ['build/test.ts electron'],
  bench: ['build/renderer.ts', 'build/programs.ts', 'bench/main.ts'],
  package: ['build/package.ts'],
  service: ['build/programs.ts', 'out/programs/service.js'],
  relay: ['build/programs.ts', 'out/programs/service.js relay'],
  agent: ['build/programs.ts', 'out/programs/agent.js'],
  console: ['build/renderer.ts', 'build/programs.ts', 'out/programs/console.js'],
  token: ['build/programs.ts', 'out/programs/service.js token'],
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function nodeIsTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}

/** Runs one script on the project's Node, passes signals on, and answers its exit code, or the signal that ended it. */
function run(node, line, args) {
  const [script, ...lead] = line.split(' ')
  const bin = join(root, 'node_modules', '.bin')
  const separator = process.platform === 'win32' ? ';' : ':'
  const child = spawn(node, [join(root, script), ...lead, ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${separator}${process.env.PATH || ''}` },
  })
  // A terminal sends Ctrl-C to the whole group, so the child has it already; anyone else sends it to this process only.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      resolve({ code, signal })
    })
  })
}

async function main() {
  if (nodeIsTooOld()) {
    say(`Roomkeeper needs Node ${oldest.join('.')} or newer to begin with; this is ${process.versions.node}.`)
    return 1
  }
  const [command, ...args] = process.argv.slice(2)
  const steps = command !== undefined && Object.hasOwn(commands, command) ? commands[command] : undefined
  if (steps === undefined) {
    say(
      `Use one of: ${Object.keys(commands)
        .map((name) => `npm run ${name}`)
        .join(', ')}`,
    )
    return 2
  }
  if (!(await ensureInstalled(root, say))) return 1
  const node = projectNode(root)
  if (node === undefined) {
    say(
      `The packages bring no Node for ${process.platform} ${process.arch}, and this one (${process.versions.node}) ` +
        `is older than ${ownMajor}.\n` +
        `Where npm was told to leave out optional packages: npm ci --include=optional. Elsewhere: install Node ${ownMajor} or newer.`,
    )
    return 1
  }
  for (const [index, line] of steps.entries()) {
    const { code, signal } = await run(node, line, index === steps.length - 1 ? args : [])
    // Ended as its child was, so that a shell or CI sees the same.
    if (signal) process.kill(process.pid, signal)
    if (code !== 0) return code === null ? 1 : code
  }
  return 0
}

process.exitCode = await main()
